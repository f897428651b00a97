"""What the tables of reports have in common: wrapped lines with a label, and no spaces behind."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TextIO

from rich.console import RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from webhook.report.console import SafeConsole
from webhook.terminal import raw

STYLES = {
    "refused": "bold red",
    "injected": "green",
    "outside": "magenta",
    "lacks": "yellow",
    "outdated": "yellow",
    "warning": "yellow",
    "widened": "bold red",
}
_LABEL = 9  # the longest: "undecided"
_WIDEST = 40  # of a cell before what is behind it moves to the right
_NAMES = 3  # of those that the same is told of; the others are counted


@dataclass(frozen=True, slots=True)
class Detail:
    """A line beneath a workload; the label's word has the colour."""

    label: str
    text: str


class Lines:
    """Prints a report a piece at a time, so that a long one is never in memory."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = raw(stream)  # what is printed has been through the console
        self._console = SafeConsole(stream)
        self._begun = False

    def heading(self, bold: str, rest: str) -> None:
        """Begin a group."""
        text = Text.assemble((bold, "bold"), rest)
        if self._begun:
            self._stream.write("\n")
        self._print(Rule(text, align="left", characters="─", style="dim"))

    def entry(self, cells: Iterable[str], word: str, details: Iterable[Detail]) -> None:
        """Print a workload: cells, then the word that matters, then what there is to tell."""
        self._print(Text("  ".join([*filter(None, cells), ""])).append(word, _style(word, "bold")))
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True, width=_LABEL)
        grid.add_column(overflow="fold")
        for detail in details:
            grid.add_row(Text(detail.label, _style(detail.label, "dim")), Text(detail.text))
        if grid.row_count:
            self._print(Padding(grid, (0, 0, 0, 2)))

    def text(self, text: str = "", style: str = "") -> None:
        """Print a paragraph."""
        self._print(Text(text, style))

    def _print(self, what: RenderableType) -> None:
        with self._console.capture() as captured:
            self._console.print(what)
        # Tables are filled up with spaces, which nobody wants in a file.
        lines = (line.rstrip() for line in captured.get().splitlines())
        self._stream.write("\n".join([*lines, ""]))
        self._begun = True


def aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Fill cells up to the widest of their column; a very long one pushes others to the right."""
    widths = [min(max(map(len, column)), _WIDEST) for column in zip(*rows, strict=True)]
    for row in rows:
        yield tuple(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))


def count(number: int, what: str) -> str:
    """Write a number with its noun: 1 pod, 2 pods."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def _style(word: str, otherwise: str) -> str:
    return STYLES.get(word, otherwise)


def some(names: list[str], what: str) -> str:
    """Name a few of many: "pod a", "pods a, b, c and 9 more"."""
    if len(names) == 1:
        return f"{what} {names[0]}"
    more = len(names) - _NAMES
    return f"{what}s {', '.join(names[:_NAMES])}{f' and {more} more' if more > 0 else ''}"
