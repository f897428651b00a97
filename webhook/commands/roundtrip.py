"""A YAML document with a JSON Patch applied by a library that keeps comments and anchors.

It writes the whole document anew, so spacing changes. It is for what cannot be edited in place.
"""

import copy
import io
import re
from typing import Any, Final

import jsonpatch
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from webhook.commands.splice import Unspliceable

# Long enough that no line is folded which was not folded before.
_WIDTH: Final = 1_000_000
_LINE: Final = re.compile(r"^( *)(- )?[^\s#]", re.MULTILINE)


def patched(text: str, changes: list[dict[str, Any]]) -> str:
    """Apply operations to the one document of a text; raises `Unspliceable`."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = _WIDTH
    yaml.explicit_start = text.lstrip().startswith("---")
    mapping, offset = _indentation(text)
    yaml.indent(mapping=mapping, sequence=offset + 2, offset=offset)
    try:
        tree = yaml.load(text)
    except (YAMLError, ValueError):  # it does not read everything that our reader does
        raise Unspliceable from None
    for change in changes:
        _separate(tree, change["path"])
    jsonpatch.JsonPatch(changes).apply(tree, in_place=True)
    out = io.StringIO()
    yaml.dump(tree, out)
    return out.getvalue()


def _separate(tree: Any, pointer: str) -> None:  # noqa: ANN401 - any YAML tree
    """Give what a change is about a copy of its own, where an alias or merge shares it."""
    shared = _shared(tree)
    node = tree
    for part in pointer.split("/")[1:-1]:
        key = int(part) if isinstance(node, list) else part.replace("~1", "/").replace("~0", "~")
        try:
            child = node[key]
        except (KeyError, IndexError):
            return
        inherited = isinstance(node, dict) and key not in dict.keys(node)
        if inherited or id(child) in shared:
            child = copy.deepcopy(child)
            if getattr(child, "anchor", None) is not None:
                child.yaml_set_anchor(None)
            node[key] = child
        node = child


def _shared(tree: object) -> set[int]:
    """Return the collections that are reached in more than one way."""
    seen: set[int] = set()
    twice: set[int] = set()
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, dict | list):
            continue
        if id(node) in seen:
            twice.add(id(node))
            continue
        seen.add(id(node))
        waiting += node.values() if isinstance(node, dict) else node
    return twice


def _indentation(text: str) -> tuple[int, int]:
    """Return how far mappings are indented, and dashes below the key that holds the list."""
    mapping = offset = 0
    before = 0
    for spaces, dash in _LINE.findall(text):
        if dash and not offset and len(spaces) > before:
            offset = len(spaces) - before
        elif not dash and not mapping:
            mapping = len(spaces)
        if dash and mapping:
            break
        before = len(spaces)
    return mapping or 2, offset
