"""Pieces of CEL: literals, and globs as the regular expressions that CEL knows (RE2)."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

# The parser of the API server takes 100,000 characters for an expression (cel-go's
# ExpressionSizeCodePointLimit). A table of names is cut into variables of nine tenths of that.
EXPRESSION_LIMIT: Final = 100_000
_TABLE: Final = 90_000

_NOTHING: Final = "x^"  # nothing begins behind an x
_VARIABLE: Final = re.compile(r"\bvariables\.(\w+)")


@dataclass(frozen=True, slots=True)
class Variable:
    """A named expression; it is evaluated once for a request, when it is first asked for."""

    name: str
    expression: str


def text(value: str) -> str:
    """Return a string literal."""
    escaped = "".join(
        "\\" + each if each in "\\'" else each if each.isprintable() else f"\\U{ord(each):08x}"
        for each in value
    )
    return f"'{escaped}'"


def texts(values: Iterable[str]) -> str:
    """Return a list of strings."""
    return f"[{', '.join(map(text, values))}]"


def mapping(values: Mapping[str, str]) -> str:
    """Return a map of strings to expressions, which must be of one type."""
    return "{" + ", ".join(f"{text(key)}: {value}" for key, value in values.items()) + "}"


def record(**values: str) -> str:
    """Return a map of strings to strings."""
    return mapping({key: text(value) for key, value in values.items()})


def mixed(**values: str) -> str:
    """Return a map of strings to expressions of any types, of which CEL wants to be told."""
    return mapping({key: f"dyn({value})" for key, value in values.items()})


def lines(values: Sequence[str]) -> str:
    """Return a list of expressions, each on a line of its own."""
    return "[\n  " + ",\n  ".join(values) + "\n]" if values else "[]"


def shards(name: str, entries: Mapping[str, str]) -> list[Variable]:
    """Return as many map literals as the entries take; there is always one."""
    found: list[dict[str, str]] = [{}]
    size = 0
    for key, value in entries.items():
        entry = len(text(key)) + len(value) + len(": , ")
        size += entry
        if size > _TABLE:
            found.append({})
            size = entry
        found[-1][key] = value
    return [Variable(f"{name}{i or ''}", mapping(part)) for i, part in enumerate(found)]


def matching(patterns: Iterable[str]) -> str:
    """Return a regular expression for names and globs; for none one that fits nothing."""
    return _any_of(map(_pattern, patterns))


def exactly(values: Iterable[str]) -> str:
    """Return a regular expression for values that may hold any character; for none, nothing."""
    return _any_of(map(re.escape, values))


def _any_of(parts: Iterable[str]) -> str:
    found = sorted(parts)
    return f"^({'|'.join(found)})$" if found else _NOTHING


def _pattern(glob: str) -> str:
    return re.escape(glob).replace(r"\*", ".*").replace(r"\?", ".").replace(r"\-", "-")


def is_one_of(subject: str, patterns: Iterable[str]) -> str:
    """Return whether a name is one of names and globs."""
    found = sorted(patterns)
    if any("*" in each or "?" in each for each in found):
        return f"{subject}.matches({text(matching(found))})"
    return f"{subject} in {texts(found)}"


def needed(variables: Sequence[Variable], expressions: Collection[str]) -> list[Variable]:
    """Return the variables that expressions need, directly or through others, in their order."""
    wanted = {name for each in expressions for name in _VARIABLE.findall(each)}
    found = []
    for variable in reversed(variables):  # one may only use those before it
        if variable.name in wanted:
            found.append(variable)
            wanted.update(_VARIABLE.findall(variable.expression))
    return found[::-1]
