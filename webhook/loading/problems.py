"""What can be wrong with policy files, said with file, line, field and the way out."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault at a place; `line` counts from 1, and is 0 where it is unknown.

    `file` is empty for a resource of the cluster: whoever reads of it is looking at the object.
    """

    file: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        """Read like a compiler's message, so that editors can jump to it."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (place, self.field, self.message) if part)


class PolicyError(Exception):
    """Policies that cannot be used; `str()` lists every problem, one a line."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems
