"""Values that are found again wherever they come out: whole, in part, encoded or escaped."""

import base64
import binascii
import contextlib
import html
import json
import random
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

# Eight characters in a row of this alphabet are in no message by chance: it has neither vowels nor
# most consonants, and of its letters hardly two follow one another in any word.
_ALPHABET: Final = "QXZJKVW7"
_LENGTH: Final = 24
PART: Final = 8  # characters of a value that are a leak
# Base64 of three bytes is four characters, so that where a value begins decides how it is encoded.
_ALIGNMENTS: Final = ("", "a", "ab")
_RUN: Final = re.compile(f"[{_ALPHABET}]{{{PART},}}")
_TOKEN: Final = re.compile(rf"[A-Za-z0-9+/_-]{{{PART},}}={{0,2}}")
_ESCAPE: Final = re.compile(r"\\u([0-9a-fA-F]{4})")


class Canaries:
    """Makes values, each of them once, and finds them in what was written."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - for tests
        self._parts: set[str] = set()
        self._encoded: set[str] = set()
        self._clean: set[str] = set()  # lines that were searched

    def __call__(self) -> str:
        """Return a new value, which could also pass for the name of a key."""
        value = "Q" + "".join(self._random.choice(_ALPHABET) for _ in range(_LENGTH - 1))
        self._parts |= cuts(value)
        self._encoded |= {part for text in _encoded(value) for part in cuts(text)}
        self._clean.clear()
        return value

    def leaks(self, text: str) -> set[str]:
        """Return the parts of values that are in a text, in whatever form."""
        found: set[str] = set()
        for line in text.splitlines():
            if line in self._clean:  # pages and help repeat themselves
                continue
            if here := self._in(line):
                found |= here
            else:
                self._clean.add(line)
        return found

    def _in(self, line: str) -> set[str]:
        found = set()
        for view in _views(line):
            found |= self._plain(view)
            for token in _TOKEN.findall(view):
                found |= self._encoded & cuts(token)
                found |= {part for it in _decoded(token) for part in self._plain(it)}
        return found

    def _plain(self, text: str) -> set[str]:
        return {part for run in _RUN.findall(text) for part in cuts(run)} & self._parts


def cuts(text: str) -> set[str]:
    """Return all parts of a text that are as long as a leak."""
    return {text[i : i + PART] for i in range(len(text) - PART + 1)}


def encoded(value: str) -> str:
    """Return base64, as in `data` of a Secret."""
    return base64.b64encode(value.encode()).decode()


def _encoded(value: str) -> list[str]:
    """Return what base64 of something that holds the value holds, without what is around it."""
    found = []
    for before in _ALIGNMENTS:
        text = encoded(before + value)
        # The first four characters hold what is before it, and the last four what is behind it.
        found.append(text[4:-4])
    return found


def _views(line: str) -> set[str]:
    """Return a line as it is, and as whoever it is meant for reads it."""
    unescaped = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), line)
    return {line, html.unescape(line), unquote(line), unescaped}


def _decoded(token: str) -> Iterator[str]:
    """Yield what a word says, if it is base64."""
    bare = token.rstrip("=")
    with contextlib.suppress(binascii.Error, ValueError):
        yield base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4)).decode("latin-1")


def forms(canaries: Canaries) -> list[str]:
    """Return values of every form in which variables have them."""
    c = canaries
    return [
        c(),
        encoded(c()),
        f"first {c()}\nsecond {c()}\n",
        f"-----BEGIN {c()}-----\n{c()}\n{c()}==\n-----END {c()}-----",
        f"'{c()}' \"{c()}\" `{c()}`",
        f"pass\u0301word {c()} \u5bc6\u7801 {c()} \U0001f511",
        f"{c()}_{c()}",
        f"postgres://{c()}:{c()}@{c()}:5432/{c()}?sslmode={c()}",
        f"<b>{c()}</b> & {c()}",
        f"!{c()}",
        f"{{{{secret.A}}}} {c()} $({c()}) ${{{c()}}}",
        f"{c()}=",
        json.dumps({"token": c(), c(): [c()]}),
        f"\x1b[31m{c()}\x1b[0m\t{c()}\r",
        f"%{c()} #{c()} @{c()}",
    ]
