"""`python -m tools.instructions` tells whether the decision about a standard pod became dearer.

It counts instructions and compares them with tools/instructions.json: more than a tenth above the
record is an error. `--record` renews the record, `--snippet` counts anything else.
"""

import argparse
import json
import platform
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from tools.callgrind import CannotCountError, count

RECORD: Final = Path(__file__).with_suffix(".json")
# Two runs differ by 0.1 %, two orders of the same fields by 1 or 2 %.
TOLERATED: Final = 0.10
NUMBER: Final = 200  # decisions in one run: the count of one moves by 0.1 %, in ten seconds
_TOP: Final = 12  # functions that are kept and shown


@dataclass(frozen=True)
class Cost:
    """What running something once takes."""

    instructions: int
    c: dict[str, int]  # instructions in each C function, the dearest first
    python: dict[str, int]  # lines run in each Python function, likewise

    def dearer(self, other: "Cost") -> bool:
        """Say whether this is more than what is tolerated above `other`."""
        return self.instructions > other.instructions * (1 + TOLERATED)


def main(arguments: list[str]) -> int:
    """Count and compare; exit code 1 where a decision has become too dear."""
    parser = argparse.ArgumentParser(prog="python -m tools.instructions", description=__doc__)
    parser.add_argument("--record", action="store_true", help="make these counts the record")
    parser.add_argument("--snippet", metavar="STATEMENT", help="count this statement instead")
    parser.add_argument("--setup", metavar="STATEMENT", default="pass", help="run first, once")
    parser.add_argument("--number", type=int, default=NUMBER, help="repetitions (%(default)s)")
    given = parser.parse_args(arguments)
    code = () if given.snippet is None else (given.snippet, given.setup)
    try:
        costs = measure(*code, number=given.number)
    except CannotCountError as why:
        sys.stderr.write(f"instructions: not counted: {why}\n")
        return 2
    if code:
        print(*shown(costs["snippet"]), sep="\n")
        return 0
    if given.record:
        renew(costs)
        return 0
    dear, told = compare(costs, recorded())
    print(*told, sep="\n")
    return 1 if dear else 0


def measure(*code: str, number: int = NUMBER) -> dict[str, Cost]:
    """Return the cost of each decision about a standard pod, or that of a snippet and its setup.

    Raises `CannotCountError`.
    """
    printed, counted = count("tools.instructions_work", [str(number), *code])
    empty, *rest = counted
    costs = {}
    for (name, lines), it in zip(json.loads(printed).items(), rest, strict=True):
        functions = Counter({key: n // number for key, n in it.functions.items()})
        instructions = (it.instructions - empty.instructions) // number
        costs[name] = Cost(instructions, _top(functions), _top(Counter(lines)))
    return costs


def compare(costs: dict[str, Cost], record: dict[str, Cost] | None) -> tuple[bool, list[str]]:
    """Say whether anything became too dear, and the lines that tell of it."""
    if record is None:
        return False, [f"No counts are recorded for {build()}: nothing to compare with."]
    dear, told = False, []
    for name, cost in costs.items():
        before = record.get(name)
        if before is None:
            dear = True
            told.append(f"{name}: {cost.instructions:,} instructions, and none are recorded.")
            continue
        change = cost.instructions / before.instructions - 1
        told.append(f"{name}: {cost.instructions:,} instructions, {change:+.1%} over the record.")
        if cost.dearer(before):
            dear = True
            told += [*_difference(before.c, cost.c, "instructions"), ""]
            told += [*_difference(before.python, cost.python, "lines of Python"), ""]
        elif before.dearer(cost):
            told.append("  So much better should be recorded, so that it stays.")
    if dear:
        told.append(
            f"More than {TOLERATED:.0%} above the record. Make it cheaper, or say in the commit "
            "why it is worth that and renew the record: python -m tools.instructions --record"
        )
    return dear, told


def build() -> str:
    """Name the Python; another compiler makes other instructions of it."""
    return (
        f"CPython {platform.python_version()}, {platform.machine()}, {platform.python_compiler()}"
    )


def recorded() -> dict[str, Cost] | None:
    """Return what is recorded for this Python, if anything is."""
    record = _stored().get(build())
    return record and {name: Cost(**cost) for name, cost in record.items()}


def renew(costs: dict[str, Cost]) -> None:
    """Write the record of this Python; those of others, and older, stay."""
    stored = {**_stored(), build(): {name: asdict(cost) for name, cost in costs.items()}}
    RECORD.write_text(json.dumps(stored, indent=1) + "\n")
    print(*(f"{name}: {it.instructions:,} instructions" for name, it in costs.items()), sep="\n")


def shown(cost: Cost) -> list[str]:
    """Return what a person wants to see of one cost."""
    c = [f"  {n:>9,}  {name}" for name, n in cost.c.items()]
    python = [f"  {n:>9,}  {name}" for name, n in cost.python.items()]
    total = f"{cost.instructions:,} instructions"
    return [total, "", "by C function:", *c, "", "lines of Python run:", *python]


def _difference(before: dict[str, int], after: dict[str, int], unit: str) -> list[str]:
    """Return the functions that changed, the most first; absent means not among the dearest."""
    names = {**before, **after}
    change = {name: after.get(name, 0) - before.get(name, 0) for name in names}
    changed = sorted((it for it in names if change[it]), key=lambda it: -abs(change[it]))
    rows = [f"  {before.get(it, 0):>9,} -> {after.get(it, 0):>9,}  {it}" for it in changed[:_TOP]]
    return [f"  {unit}, before -> now (0: not among the {_TOP} dearest):", *rows]


def _top(functions: Counter[str]) -> dict[str, int]:
    return dict(functions.most_common(_TOP))


def _stored() -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    return stored


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
