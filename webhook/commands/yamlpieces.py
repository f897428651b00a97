"""Small values as YAML: what is inserted into documents that other people wrote."""

import json
import re
from typing import Any, Final

# What is text without quotes in every version of YAML, also inside of flow collections.
_PLAIN: Final = re.compile(r"[A-Za-z_](?:[A-Za-z0-9_./-]*[A-Za-z0-9_])?")
_OTHERWISE: Final = frozenset({"y", "n", "yes", "no", "true", "false", "on", "off", "null"})


def flow(value: object) -> str:
    """Write a value on one line."""
    match value:
        case dict():
            return "{" + ", ".join(f"{flow(k)}: {flow(v)}" for k, v in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(flow, value)) + "]"
        case str() if _is_plain(value):
            return value
        case _:
            return json.dumps(value)


def block(value: dict[str, Any], indent: int, offset: int = 2) -> list[str]:
    """Write a mapping as lines that begin in a column; dashes stand `offset` behind their key."""
    space = " " * indent
    lines: list[str] = []
    for key, member in value.items():
        if isinstance(member, dict):
            lines += [f"{space}{flow(key)}:", *block(member, indent + 2)]
        elif isinstance(member, list):
            lines.append(f"{space}{flow(key)}:")
            for item in member:
                lines += block_item(item, indent + offset, compact=False)
        else:
            lines.append(f"{space}{flow(key)}: {_text(member)}")
    return lines


def block_item(value: dict[str, Any], indent: int, *, compact: bool) -> list[str]:
    """Write an element of a list; `compact` is `- secretRef: {name: a}`."""
    if compact:
        members = ", ".join(f"{flow(k)}: {flow(v)}" for k, v in value.items())
        whole = members if len(value) == 1 else "{" + members + "}"
        return [f"{' ' * indent}- {whole}"]
    lines = block(value, indent + 2)
    return [f"{' ' * indent}- {lines[0].lstrip()}", *lines[1:]]


def _text(value: object) -> str:
    """Write a scalar outside of flow collections, where a comma needs no quotes."""
    plain = isinstance(value, str) and all(map(_is_plain, value.split(",")))
    return str(value) if plain else flow(value)


def _is_plain(text: str) -> bool:
    return bool(_PLAIN.fullmatch(text)) and text.lower() not in _OTHERWISE
