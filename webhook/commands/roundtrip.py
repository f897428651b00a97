"""A YAML document with a JSON Patch applied, its comments and formatting kept."""

import io
import re
from typing import Any, Final

import jsonpatch
from ruamel.yaml import YAML

# Long enough that no line is folded which was not folded before.
_WIDTH: Final = 1_000_000
_LINE: Final = re.compile(r"^( *)(- )?[^\s#]", re.MULTILINE)


def patched(text: str, changes: list[dict[str, Any]]) -> str:
    """Apply operations to the one document of a text."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = _WIDTH
    yaml.explicit_start = text.lstrip().startswith("---")
    mapping, offset = _indentation(text)
    yaml.indent(mapping=mapping, sequence=offset + 2, offset=offset)
    tree = yaml.load(text)
    jsonpatch.JsonPatch(changes).apply(tree, in_place=True)
    out = io.StringIO()
    yaml.dump(tree, out)
    return out.getvalue()


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
