"""What is wrong with a value whatever it means: line ends, quotes, marks, placeholders."""

import re
from collections.abc import Iterator
from typing import Final

from webhook.secretref import formats
from webhook.secretref.finding import Flaw, Level, Rule
from webhook.secretref.model import Format, Key, Need

BOM: Final = "\ufeff"
_QUOTES: Final = ("'", '"', "`")

# What examples and templates have in place of a secret, in lower case and without separators.
_PLACEHOLDERS: Final = frozenset(
    {
        "changeit", "changeme", "dummy", "example", "fixme", "foo", "foobar", "insertkeyhere",
        "mysecret", "none", "null", "password", "placeholder", "redacted", "replaceme", "secret",
        "sample", "tbd", "test", "todo", "undefined", "yourkey", "yourpassword", "yoursecret",
        "yourtoken", "yourapikey",
    }
)  # fmt: skip
_TEMPLATE: Final = re.compile(
    r"<[^<>]*>|\$\{[^{}]*\}|\$\([^()]*\)|\{\{.*\}\}|%[A-Z_]+%|[x*.]{3,}", re.IGNORECASE
)


def flaws(key: Key | None, value: str | bytes) -> Iterator[Flaw]:
    """Yield what is wrong with a value; `key` is None for the customer's own."""
    if b"\0" in (value if isinstance(value, bytes) else value.encode(errors="surrogatepass")):
        yield Flaw(
            Level.ERROR,
            Rule.NOT_TEXT,
            "it has a NUL byte, which no variable can hold, so that the container does not start: "
            "mount it as a file instead",
        )
    elif isinstance(value, bytes):
        yield Flaw(
            Level.WARNING,
            Rule.NOT_TEXT,
            "it is no UTF-8 text: mount it as a file, or encode the text as UTF-8",
        )
    elif not value:
        yield _empty(key)
    else:
        yield from _text(key, value)


def _empty(key: Key | None) -> Flaw:
    if key is not None and key.format.value is Format.LIST:
        return Flaw(Level.NOTE, Rule.EMPTY, "it is empty, which means all")
    if key is not None and key.need.value is Need.REQUIRED:
        message = "it is empty, and every installation needs it: fill it in"
    else:
        message = "it is empty: fill it in, or remove the key"
    return Flaw(Level.WARNING, Rule.EMPTY, message)


def _text(key: Key | None, value: str) -> Iterator[Flaw]:
    # A certificate or a JSON document of the customer's own has lines, and ends with one.
    of_lines = key is None and "\n" in value.strip()
    level = Level.WARNING if key is None else Level.ERROR
    if value.startswith(BOM):
        yield Flaw(level, Rule.BOM, "it begins with a byte order mark: save it as UTF-8 without")
        value = value.removeprefix(BOM)
    if "\r" in value:
        yield Flaw(
            level, Rule.LINE_ENDINGS, "it has a carriage return: save it with Unix line endings"
        )
    if not of_lines:
        yield from _around(level, value)
    bare = value.strip()
    if _is_placeholder(bare):
        yield Flaw(Level.WARNING, Rule.PLACEHOLDER, "it looks like a placeholder: fill it in")
    elif key is not None and bare:
        yield from formats.flaws(key, _unquoted(bare))


def _around(level: Level, value: str) -> Iterator[Flaw]:
    body = value.replace("\r", "")
    if body.endswith("\n"):
        yield Flaw(
            level,
            Rule.WHITESPACE,
            "it ends with a line break, which is a part of it: leave it out, with printf or "
            "echo -n before base64, or with |- in YAML",
        )
    elif body != body.strip():
        yield Flaw(level, Rule.WHITESPACE, "it has white space around it: remove it")
    bare = body.strip()
    if _unquoted(bare) != bare:
        yield Flaw(
            level, Rule.QUOTES, "it has quotes around it, which are a part of it: remove them"
        )


def _unquoted(text: str) -> str:
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in _QUOTES
    return text[1:-1] if is_quoted else text


def _is_placeholder(value: str) -> bool:
    bare = re.sub(r"[-_ .!]", "", _unquoted(value)).lower()
    example = Format.POSTGRESQL.value
    return bare in _PLACEHOLDERS or value == example or _TEMPLATE.fullmatch(value) is not None
