"""What can be wrong with policy files, said with file, line, field and the way out."""

import re
from dataclasses import dataclass
from typing import Final


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


TWICE: Final = "is written twice: remove one"  # the one message about YAML that quotes a key

# A Secret or the like, also where it is JSON on a single line. What is taken for one by a word in a
# comment is not told its field and its key, and no more.
_NAMES_VALUES: Final = re.compile(
    r"""(?:^|[\s{,-])["']?
        (?: kind["']?\s*:\s*["']?(?:Secret|ConfigMap|\w*List)\b
          | (?:data|stringData)["']?\s*: )""",
    re.VERBOSE | re.IGNORECASE,
)


def names_values(text: str) -> bool:
    """Tell whether a text that cannot be parsed has a Secret or the like in it."""
    return _NAMES_VALUES.search(text) is not None


def without_keys(error: PolicyError) -> PolicyError:
    """Return the error of such a text with its lines, and no name of a key: it may be a value."""
    return PolicyError(
        [Problem(it.file, it.line, "", _keyless(it.message)) for it in error.problems]
    )


def _keyless(message: str) -> str:
    return f"a key {TWICE}" if message.endswith(TWICE) else message
