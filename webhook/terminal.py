r"""What is printed cannot steer the terminal: control characters are shown, not sent.

Names, annotations and messages come from people who may not be trusted. An ESC in them could clear
the screen, or change what was printed above; a mark of direction turns text around. Tables and
messages show such a character, as kubectl's do: as `\u001b`, which is how JSON writes it, too, so
that JSON remains the same value. YAML documents go out as they are (`raw`): `inject` changes only
what it was asked to, and YAML itself forbids most control characters.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any, Final, TextIO, cast

# C0 but tab and newline; DEL and C1, some of which are ESC and a letter in one; marks of direction
# and line separators; halves of surrogate pairs, which are bytes of a file name that are no UTF-8.
_UNSAFE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def visible(text: str) -> str:
    r"""Write every character that could steer a terminal as `\uXXXX`."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class Visible:
    """A text stream in front of another one, which is `stream`; all but `write` is the other's."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write it as `visible` says; returns how many characters of it were written: all."""
        self.stream.write(visible(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        return getattr(self.stream, name)


def raw(stream: TextIO) -> TextIO:
    """Return what is behind a `Visible`: for colours, which are ours, and for YAML documents."""
    return stream.stream if isinstance(stream, Visible) else stream


@contextmanager
def guarded() -> Iterator[None]:
    """Put a `Visible` before standard output and standard error, for as long as a command runs."""
    out, err = Visible(sys.stdout), Visible(sys.stderr)
    with redirect_stdout(cast("TextIO", out)), redirect_stderr(cast("TextIO", err)):
        yield
