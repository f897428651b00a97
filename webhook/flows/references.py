"""A flow as JSON or YAML -> the names that it reads, each with its place.

Noxus documents one form, `{{secret.NAME}}`, in any field of a node's configuration. What begins
alike and is no reference is reported: a flow with a typing error fails only when it runs.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

_EXPRESSION: Final = re.compile(r"\{\{([^{}]*)\}\}")
_REFERENCE: Final = re.compile(r"\s*secret\.([^\s{}]+)\s*")
_ALIKE: Final = re.compile(r"\s*secrets?\b", re.IGNORECASE)
# As Kubernetes allows a variable to be called; spaces apart, which the expression ends with.
_NAME: Final = re.compile(r"[\x21-\x3c\x3e-\x7e]+")
# What is longer names no variable of anybody, and would fill a report.
_LONGEST: Final = 253

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that a flow reads, and the field that reads it."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class NearMiss:
    """An expression that was meant to be a reference, as far as one can tell."""

    path: Path
    message: str  # a sentence; it repeats nothing of the expression, which may hold anything


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that one document holds, in the order of its fields."""

    references: tuple[Reference, ...]
    near_misses: tuple[NearMiss, ...]


def find(value: Any) -> Found:  # noqa: ANN401 - any JSON value
    """Search all texts of a document, the keys of its objects among them."""
    references: list[Reference] = []
    near_misses: list[NearMiss] = []
    for path, text in _texts(value, ()):
        for content in _EXPRESSION.findall(text):
            match = _REFERENCE.fullmatch(content)
            if match and len(match[1]) <= _LONGEST and _NAME.fullmatch(match[1]):
                references.append(Reference(match[1], path))
            elif _ALIKE.match(content):
                near_misses.append(NearMiss(path, _wrong(content)))
    return Found(tuple(references), tuple(near_misses))


def _wrong(content: str) -> str:
    if re.match(r"\s*secret\s*\.\s*$", content):
        return "names no variable: write {{secret.NAME}}"
    if re.match(r"\s*secrets\b", content, re.IGNORECASE):
        return "says secrets, which reads nothing: write {{secret.NAME}}"
    if not re.match(r"\s*secret\b", content):
        return "is not in lower case: write {{secret.NAME}}"
    return "is no reference to a variable: write {{secret.NAME}}"


def _texts(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield all texts in order; without recursion, since a flow may nest as it likes."""
    waiting: list[tuple[Path, object]] = [(path, value)]
    while waiting:
        at, it = waiting.pop()
        if isinstance(it, str):
            yield at, it
        elif isinstance(it, dict):
            members = [((*at, str(key)), member) for key, member in it.items()]
            waiting += reversed(members)
            for key in it:
                if isinstance(key, str) and "{{" in key:
                    yield (*at, key), key
        elif isinstance(it, list):
            waiting += reversed([((*at, i), member) for i, member in enumerate(it)])
