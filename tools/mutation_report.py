"""What mutmut found, compared with what is explained."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Final

# The exit codes that mutmut keeps: a test failed, or the tests never ended (a time limit, or that
# of the CPU), which somebody would notice as well.
KILLED: Final = (1, 3)
TIMED_OUT: Final = (36, 24, -24, 152, 255)
NO_TESTS: Final = (5, 33)
GOAL: Final = 95  # percent killed: what the issue asks for


@dataclass(frozen=True)
class Mutant:
    """One bug: the function it is in, what it changes, and what became of it."""

    name: str  # as mutmut numbers it; the numbers change with the function
    function: str
    change: str  # the lines taken out and put in; empty for one that was killed
    code: int | None

    @property
    def survived(self) -> bool:
        """Tell whether no test noticed it."""
        return self.code not in (*KILLED, *TIMED_OUT)

    @property
    def key(self) -> str:
        """What tells it from others for as long as the changed lines stay as they are."""
        return f"{self.function}\n{self.change}"


def read_results(work: Path) -> list[Mutant]:
    """Read what mutmut left in its folder."""
    folder = work / "mutants" / "webhook" / "core"
    found = []
    for file in sorted(folder.glob("*.py.meta")):
        codes = json.loads(file.read_text())["exit_code_by_key"]
        generated = file.with_suffix("").read_text().splitlines()
        spans = json.loads(file.with_suffix(".spans").read_text())["spans"]
        found += [_mutant(name, code, generated, spans) for name, code in codes.items()]
    return found


def _mutant(
    name: str, code: int | None, generated: list[str], spans: dict[str, list[int]]
) -> Mutant:
    module, _, last = name.rpartition(".")
    mangled = last.split("__mutmut_")[0]
    function = f"{module}.{mangled.removeprefix('x_').replace('xǁ', '').replace('ǁ', '.')}"
    mutant = Mutant(name, function, "", code)
    if not mutant.survived:
        return mutant
    before, after = (_body(generated, spans, it) for it in (f"{mangled}__mutmut_orig", last))
    return Mutant(name, function, _difference(before, after), code)


def _body(generated: list[str], spans: dict[str, list[int]], name: str) -> list[str]:
    first, last = next(span for key, span in spans.items() if key.endswith(name))
    return [re.sub(r"(\w+?)__mutmut_\w+\(", "(", it) for it in generated[first - 1 : last]]


def _difference(before: list[str], after: list[str]) -> str:
    lines = list(unified_diff(before, after, n=0, lineterm=""))[2:]
    return "\n".join(f"{it[0]} {it[1:].strip()}" for it in lines if not it.startswith("@@"))


def read_explanations(text: str) -> dict[str, str]:
    """Read survivors.txt: paragraphs of a function, what is changed in it, and why it is no gap."""
    found = {}
    for paragraph in text.split("\n\n"):
        lines = [it.strip() for it in paragraph.strip().splitlines() if not it.startswith("#")]
        if lines:
            changes = [it for it in lines if it[:2] in ("- ", "+ ", "-", "+")]
            why = " ".join(it for it in lines[1:] if it not in changes)
            found[f"{lines[0]}\n" + "\n".join(changes)] = why
    return found


@dataclass(frozen=True)
class Report:
    """All mutants, and the explanations of those that may survive, by their keys."""

    mutants: list[Mutant]
    explanations: dict[str, str]

    @property
    def unexplained(self) -> list[Mutant]:
        """Return what survives and is not in survivors.txt."""
        survivors = [it for it in self.mutants if it.survived]
        return [it for it in survivors if not self.explanations.get(it.key)]

    @property
    def outdated(self) -> list[str]:
        """Explanations of what no longer survives, or is no longer there."""
        keys = {it.key for it in self.mutants if it.survived}
        return [key for key in self.explanations if key not in keys]

    @property
    def percent(self) -> float:
        """Return how many of a hundred are killed."""
        killed = sum(not it.survived for it in self.mutants)
        return 100 * killed / len(self.mutants) if self.mutants else 0

    @property
    def is_good(self) -> bool:
        """Tell whether there is nothing to do."""
        return self.percent >= GOAL and not self.unexplained and not self.outdated

    @property
    def lines(self) -> Iterator[str]:
        """A line for each module, then what has to be done."""
        modules = Counter(it.name.split(".")[2] for it in self.mutants)
        survivors = Counter(it.name.split(".")[2] for it in self.mutants if it.survived)
        for module, count in sorted(modules.items()):
            yield _line(module, count, survivors[module])
        yield _line("all", len(self.mutants), survivors.total())
        for mutant in self.unexplained:
            yield f"\n{mutant.key}\n(not explained; {mutant.name})"
        for key in self.outdated:
            yield f"\n{key}\n(explained, and does not survive: take it out of survivors.txt)"
        if self.percent < GOAL:
            yield f"\nless than {GOAL} % are killed"


def _line(name: str, count: int, left: int) -> str:
    killed = 100 * (count - left) / max(count, 1)
    return f"{name:18} {count:5} mutants {left:4} survive {killed:6.1f} % killed"
