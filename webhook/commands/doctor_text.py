"""The checks of `doctor` for people: a mark and a word for each, what is wrong, how to mend it."""

from collections.abc import Sequence
from typing import TextIO

from rich.table import Table
from rich.text import Text

from webhook.doctor.findings import Check, Finding, Level
from webhook.report.console import SafeConsole
from webhook.terminal import raw

_MARKS = {
    Level.OK: ("✓", "green"),
    Level.NOT_CHECKED: ("?", "cyan"),
    Level.WARNING: ("!", "yellow"),
    Level.FAILED: ("✗", "bold red"),
}


def show(checks: Sequence[Check], stream: TextIO) -> None:
    """Print a table, and a last line that counts."""
    console = SafeConsole(stream)
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        for number, finding in enumerate(check.findings):
            title = Text(check.name, "bold") if number == 0 else Text("")
            table.add_row(_marked(finding.level), _text(title, finding))
    with console.capture() as captured:
        console.print(table)
    lines = [line.rstrip() for line in captured.get().splitlines()]
    raw(stream).write("\n".join([*lines, "", counted(checks), ""]))


def counted(checks: Sequence[Check]) -> str:
    """Say how many findings there are of each kind."""
    findings = [finding for check in checks for finding in check.findings]
    numbers = {level: sum(it.level == level for it in findings) for level in Level}
    return ", ".join(
        f"{numbers[level]} {level}{'s' if level == Level.WARNING and numbers[level] != 1 else ''}"
        for level in (Level.OK, Level.WARNING, Level.FAILED, Level.NOT_CHECKED)
    )


def _marked(level: Level) -> Text:
    mark, style = _MARKS[level]
    return Text(f"{mark} {level}", style)


def _text(title: Text, finding: Finding) -> Text:
    text = Text.assemble(title, ": " if title.plain else "", finding.message)
    if finding.mend:
        text.append(f"\nmend: {finding.mend}", "dim")
    return text
