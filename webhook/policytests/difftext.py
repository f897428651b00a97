"""A difference as lines of text, each with a mark: side by side where there is room.

The marks are those of any diff: `-` was expected and is not there, `+` is there and was not
expected, a space is the same on both sides.
"""

import textwrap
from typing import Final, NamedTuple

from webhook.policytests.compare import Difference, Row, side_by_side

SAME, MISSING, SURPLUS, HEAD = " ", "-", "+", ""
_GAP: Final = 3  # columns between the two sides
_NOTHING: Final = "(nothing)"


class Marked(NamedTuple):
    """A line and its mark; a heading has none."""

    mark: str
    text: str

    def __str__(self) -> str:
        """Write it as a line of a diff."""
        return f"{self.mark} {self.text}".rstrip() if self.mark else self.text


def difference_lines(difference: Difference, width: int) -> list[Marked]:
    """Lay a difference out in so many columns, heading first."""
    brief = _brief(difference)
    if brief and len(brief) <= width:
        return [Marked(HEAD, brief)]
    head = [Marked(HEAD, difference.what)]
    rows = side_by_side(difference)
    left = max(len(text) for text in ("expected", *(row.expected or "" for row in rows)))
    right = max(len(text) for text in ("got", *(row.got or "" for row in rows)))
    if difference.parts or 2 + left + _GAP + right > width:
        return head + _stacked(difference, width)
    table = [Row("expected", "got"), *rows]
    return head + [_beside(row, left) for row in table]


def _brief(difference: Difference) -> str:
    """Say on one line what is a word on both sides; empty: it is not."""
    if difference.parts or len(difference.expected) != 1 or len(difference.got) != 1:
        return ""
    (wanted,), (there,) = difference.expected, difference.got
    return f"{difference.what}: expected {wanted or _NOTHING}, got {there or _NOTHING}"


def _beside(row: Row, left: int) -> Marked:
    if row.got is None:
        mark = MISSING
    elif row.expected is None:
        mark = SURPLUS
    else:
        mark = SAME
    text = f"{row.expected or '':<{left + _GAP}}{row.got or ''}".rstrip()
    return Marked(mark, text)


def _stacked(difference: Difference, width: int) -> list[Marked]:
    """Write one side below the other, for what is too long to stand beside."""
    word = "must hold" if difference.parts else "expected"
    pad = max(len(word), len("got")) + 2
    lines: list[Marked] = []
    for mark, label, texts in (
        (MISSING, word, difference.expected),
        (SURPLUS, "got", difference.got),
    ):
        for text in texts or (_NOTHING,):
            wrapped = textwrap.wrap(text, max(width - pad - 2, 20), break_on_hyphens=False)
            for i, line in enumerate(wrapped):
                lines.append(Marked(mark, f"{'' if i else label:<{pad}}{line}"))
    return lines
