"""What a part of the benchmark hands to the report.

A part is a module with `measure(context: Context) -> Section`. `context` starts one by itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from benchmarks.spread import Spread

Row = dict[str, Any]


@dataclass(frozen=True)
class Goal:
    """One promise, and what was measured of it in this run."""

    promise: str  # a sentence without its figure: "CPU per mutate, to controller-runtime"
    limit: float
    measured: Spread | None  # None: it could not be measured, which is not reached
    unit: str = "x"
    digits: int = 2
    at_least: bool = False  # the limit is the least, not the most
    tried: str = ""  # what was tried, where it is not reached

    @property
    def reached(self) -> bool:
        """Judge by the median; the spread stands beside it."""
        if self.measured is None:
            return False
        if self.at_least:
            return self.measured.middle >= self.limit
        return self.measured.middle <= self.limit


@dataclass(frozen=True)
class Section:
    """One part of the report."""

    title: str  # of a heading of the second level, which the report writes
    markdown: str  # what stands below it; headings in it begin at the third level
    rows: Sequence[Row]  # every single measurement, for report.json: numbers, strings, booleans
    goals: Sequence[Goal] = ()
    images: Mapping[str, str] = field(default_factory=dict)  # file name -> SVG; `![...](img/NAME)`
    failed: bool = False

    @classmethod
    def failure(cls, part: str, error: BaseException) -> Self:
        """Say that a part could not be measured: its goals are then missing from the report."""
        text = f"**It could not be measured**: {type(error).__name__}: {error}"
        return cls(part, text, rows=(), failed=True)


def table(rows: Iterable[Sequence[str]]) -> str:
    """Write a Markdown table: the first row is its head, the first column is text."""
    head, *body = rows
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *body))


def cell(measured: Spread | None, digits: int = 0) -> str:
    """Write one figure of a table, or a dash."""
    return "-" if measured is None else measured.text(digits)


def goals_table(goals: Sequence[Goal]) -> str:
    """Write the goals, each with what was measured of it."""
    return table([["goal", "limit", "measured", "reached", "tried"], *map(_goal, goals)])


def _goal(goal: Goal) -> list[str]:
    sign = "at least" if goal.at_least else "at most"
    measured = "not measured" if goal.measured is None else cell(goal.measured, goal.digits)
    return [
        goal.promise,
        f"{sign} {goal.limit:g} {goal.unit}",
        measured,
        "yes" if goal.reached else "**no**",
        "" if goal.reached else goal.tried,
    ]
