"""Words with {placeholders}: the path of a scope in the store, a role for each namespace."""

import string
from collections.abc import Collection
from typing import Final

SCOPE: Final = "scope"
SECRET: Final = "secret"  # noqa: S105 - the name of a placeholder
POLICY: Final = "policy"
NAMESPACE: Final = "namespace"
# What the path of an entry may hold.
ENTRY: Final = frozenset({SCOPE, SECRET, POLICY, NAMESPACE})


class BadTemplateError(ValueError):
    """A template that cannot be filled in; the message says what it may hold."""


def fields(text: str, allowed: Collection[str]) -> set[str]:
    """Return the placeholders of a template; raises `BadTemplateError` for any other brace."""
    may = "{" + "}, {".join(sorted(allowed)) + "}"
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError:
        raise BadTemplateError(f"{text!r} has a brace alone: write {may}") from None
    found: set[str] = set()
    for _literal, name, form, conversion in parts:
        if name is None:
            continue
        if name not in allowed or form or conversion:
            raise BadTemplateError(f"{text!r} has {{{name}}}: it may hold {may}")
        found.add(name)
    return found


def of_entry(text: str, allowed: Collection[str]) -> None:
    """Check the path of an entry in a store, which must tell Secrets apart; `BadTemplateError`."""
    if not fields(text, allowed) & {SCOPE, SECRET}:
        raise BadTemplateError(f"{text!r} is the same for every Secret: put {{scope}} into it")


def fill(text: str, **values: str) -> str:
    """Fill in a template whose placeholders were checked."""
    return text.format_map(values)
