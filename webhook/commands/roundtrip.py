"""A YAML document with a JSON Patch applied, its comments and formatting kept."""

import io
from typing import Any, Final

import jsonpatch
from ruamel.yaml import YAML
from ruamel.yaml.util import load_yaml_guess_indent

# Long enough that no line is folded which was not folded before.
_WIDTH: Final = 1_000_000


def patched(text: str, changes: list[dict[str, Any]]) -> str:
    """Apply operations to the one document of a text."""
    _, indent, offset = load_yaml_guess_indent(text)
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = _WIDTH
    yaml.explicit_start = text.lstrip().startswith("---")
    if indent is not None:
        yaml.indent(mapping=2, sequence=indent, offset=offset or 0)
    tree = yaml.load(text)
    jsonpatch.JsonPatch(changes).apply(tree, in_place=True)
    out = io.StringIO()
    yaml.dump(tree, out)
    return out.getvalue()
