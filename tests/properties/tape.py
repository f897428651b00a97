"""A tape of bytes that answers questions: the cheap way to draw something large and structured.

Hypothesis draws one byte string, and everything is built from it: thousands of examples take
seconds, and shrinking still works, because a zero always means the plainest answer.
"""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Tape:
    """Reads bytes one after the other; at its end it answers zero for ever."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0

    def number(self, below: int) -> int:
        """A number from 0, the plainest, up to but not including `below` (at most 256)."""
        value = self._data[self.position] if self.position < len(self._data) else 0
        self.position += 1
        return value % below

    def chance(self, percent: int) -> bool:
        """True in so many percent of the cases; plainly False."""
        return self.number(100) >= 100 - percent

    def pick(self, options: Sequence[T]) -> T:
        """One of the options; plainly the first."""
        return options[self.number(len(options))]

    def some(self, options: Sequence[T], *, least: int = 0, most: int) -> list[T]:
        """Several different options in any order; plainly as few as may be."""
        left = list(options)
        count = least + self.number(most - least + 1)
        return [left.pop(self.number(len(left))) for _ in range(min(count, len(left)))]

    def several(self, options: Sequence[T], *, least: int = 0, most: int) -> list[T]:
        """Several options, also the same one more than once."""
        return [self.pick(options) for _ in range(least + self.number(most - least + 1))]
