"""Results for people: a line a case, and below each failure what differs."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple, TextIO

from rich.text import Text

from webhook.commands.output import count
from webhook.policytests.compare import Difference
from webhook.policytests.difftext import HEAD, MISSING, SURPLUS, difference_lines
from webhook.policytests.result import Result
from webhook.report.console import SafeConsole

_INDENT: Final = 18  # columns before the name of a case: 2, the word, the time
_STYLES: Final = {HEAD: "bold", MISSING: "red", SURPLUS: "green"}
_UNDECIDED: Final = "deployers were not asked, and would decide here: name the user"


class _Line(NamedTuple):
    text: str
    style: str = ""


def show(results: Sequence[Result], stream: TextIO) -> None:
    """Print all results and their sum, coloured where the terminal allows it."""
    console = SafeConsole(stream)
    for line in _lines(results, console.width):
        console.print(Text(line.text, line.style), soft_wrap=True)


def as_dict(results: Sequence[Result]) -> dict[str, Any]:
    """Return the form of `-o json`."""
    failed = sum(not it.passed for it in results)
    return {
        "kind": "PolicyTestReport",
        "passed": len(results) - failed,
        "failed": failed,
        "seconds": round(sum(it.seconds for it in results), 6),
        "cases": [_case(it) for it in results],
    }


def _lines(results: Sequence[Result], width: int) -> Iterator[_Line]:
    for file, grouped in groupby(results, key=lambda it: it.file):
        yield _Line(file, "bold")
        for result in grouped:
            yield from _result(result, width)
    failed = sum(not it.passed for it in results)
    spent = _milliseconds(sum(it.seconds for it in results))
    counts = f"{len(results) - failed} passed, {failed} failed"
    yield _Line("")
    yield _Line(f"{count(len(results), 'case')}: {counts} ({spent})", "red" if failed else "green")


def _result(result: Result, width: int) -> Iterator[_Line]:
    word, style = ("pass", "") if result.passed else ("FAIL", "bold red")
    head = f"  {word}  {_milliseconds(result.seconds):>8}  "
    names = textwrap.wrap(result.name, width - _INDENT, break_on_hyphens=False)
    for i, part in enumerate(names):
        yield _Line(f"{'' if i else head:<{_INDENT}}{part}", style)
    notes = [(_UNDECIDED, "yellow")] if result.undecided else []
    notes += [] if result.passed else [(f"{result.file}:{result.line}", "dim")]
    for note, note_style in notes:
        yield _Line(f"{'':<{_INDENT}}{note}", note_style)
    yield from _differences(result.differences, width)


def _differences(differences: Iterable[Difference], width: int) -> Iterator[_Line]:
    indent = _INDENT - 10  # the names may be long, and these are tables
    for difference in differences:
        for line in difference_lines(difference, width - indent - 2):
            pad = indent if line.mark == HEAD else indent + 2
            yield _Line(f"{'':<{pad}}{line}".rstrip(), _STYLES.get(line.mark, ""))


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def _case(result: Result) -> dict[str, Any]:
    return {
        "file": result.file,
        "line": result.line,
        "name": result.name,
        "passed": result.passed,
        "undecided": result.undecided,
        "seconds": round(result.seconds, 6),
        "differences": [
            {"what": it.what, "expected": list(it.expected), "got": list(it.got), "parts": it.parts}
            for it in result.differences
        ],
    }
