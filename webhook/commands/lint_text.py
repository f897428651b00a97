"""Findings of `lint` as people and machines read them."""

import textwrap
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from webhook.commands.output import count
from webhook.secretref.finding import Finding, Holder, Level

_WIDTH: Final = 80  # of the narrowest terminal that is usual
_INDENT: Final = " " * 4


def as_table(found: Sequence[Finding], holders: Sequence[Holder], *, has_policy: bool) -> str:
    """Write a line and a sentence for each finding, then how many there are."""
    rows = [("LEVEL", "WHERE", "OBJECT", "KEY")] if found else []
    rows += [(str(it.level), _place(it), it.object or "-", it.key or "-") for it in found]
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(3)]
    lines: list[str] = []
    for i, row in enumerate(rows):
        cells = [cell.ljust(width) for cell, width in zip(row, (*widths, 0), strict=True)]
        lines.append("  ".join(cells).rstrip())
        if i:
            lines += textwrap.wrap(
                found[i - 1].message,
                _WIDTH,
                initial_indent=_INDENT,
                subsequent_indent=_INDENT,
                break_long_words=False,
                break_on_hyphens=False,
            )
    if not has_policy and any(holder.kind != "env" for holder in holders):
        lines.append("without --policy, no Secret but app-env is known to be injected")
    levels = Counter(it.level for it in found)
    amounts = ", ".join(count(levels[level], str(level)) for level in Level)
    lines.append(f"{_read(holders)}: {amounts}")
    return "".join(f"{line}\n" for line in lines)


def report(found: Sequence[Finding], holders: Sequence[Holder]) -> dict[str, Any]:
    """Return the same for machines."""
    levels = Counter(it.level for it in found)
    return {
        "kind": "LintReport",
        "summary": {f"{level}s": levels[level] for level in Level},
        "read": [
            {
                "kind": "File" if holder.kind == "env" else holder.kind,
                "name": holder.name,
                "namespace": holder.namespace or None,
                "file": holder.file,
                "line": holder.line,
            }
            for holder in holders
        ],
        "findings": [
            {
                "level": it.level,
                "rule": it.rule,
                "file": it.file,
                "line": it.line,
                "object": it.object or None,
                "key": it.key or None,
                "message": it.message,
            }
            for it in found
        ],
    }


def _place(finding: Finding) -> str:
    return f"{finding.file}:{finding.line}" if finding.line else finding.file


def _read(holders: Sequence[Holder]) -> str:
    files = sum(holder.kind == "env" for holder in holders)
    objects = len(holders) - files
    parts = [count(objects, "object")] if objects or not files else []
    parts += [f"{count(files, 'file')} of variables"] if files else []
    return ", ".join(parts)
