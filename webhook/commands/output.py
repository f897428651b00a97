"""What commands have in common when they print."""

import json
from collections.abc import Callable
from textwrap import indent
from typing import Any


def as_json(value: object) -> str:
    """Write a value as kubectl writes `-o json`."""
    return json.dumps(value, indent=4, ensure_ascii=False)


def count(number: int, what: str) -> str:
    """Write a number with its noun: 1 policy, 2 policies."""
    if number == 1:
        return f"1 {what}"
    plural = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{number} {plural}"


class JsonList:
    """Writes a list of objects one at a time, so that a long one is never in memory.

    `single` writes one object alone as itself, as kubectl does.
    """

    def __init__(
        self, head: dict[str, str], write: Callable[[str], object], *, single: bool = False
    ) -> None:
        self._head = head
        self._write = write
        self._single = single
        self._first: Any = None
        self._count = 0

    def add(self, value: object) -> None:
        """Write an object."""
        self._count += 1
        if self._count == 1 and self._single:
            self._first = value
            return
        if self._count == 1:
            self._begin()
        elif self._count == 2 and self._single:  # noqa: PLR2004 - now it is a list
            self._begin()
            self._item(self._first, first=True)
            self._first = None
        self._item(value, first=self._count == 1)

    def close(self) -> None:
        """Write the end."""
        if self._count == 1 and self._single:
            self._write(as_json(self._first) + "\n")
        elif self._count:
            self._write("\n    ]\n}\n")
        else:
            self._write(as_json({**self._head, "items": []}) + "\n")

    def _begin(self) -> None:
        head = as_json(self._head).removesuffix("\n}")
        self._write(head + ',\n    "items": [')

    def _item(self, value: object, *, first: bool) -> None:
        self._write(f"{'' if first else ','}\n{indent(as_json(value), ' ' * 8)}")
