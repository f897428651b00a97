"""Manifests as YAML with their comments, or as the List that `kubectl -o json` prints."""

import io
import textwrap
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from webhook.externalsecrets.objects import Manifest
from webhook.externalsecrets.stores import Json, Path

_WIDTH: Final = 96  # of comments
_UNFOLDED: Final = 1_000_000  # of values: none is folded
_INDENT: Final = 2


def as_list(found: list[Manifest]) -> Json:
    """Return the objects as a List."""
    return {"apiVersion": "v1", "kind": "List", "items": [each.value for each in found]}


def as_yaml(found: list[Manifest], head: str) -> str:
    """Return the objects as documents, with a comment in front of all of them."""
    writer = YAML()
    writer.width = _UNFOLDED
    writer.indent(mapping=_INDENT, sequence=2 * _INDENT, offset=_INDENT)
    parts = [_comment(head, 0)]
    for each in found:
        out = io.StringIO()
        writer.dump(_commented(each.value, each, (), 0), out)
        parts.append(f"---\n{_comment(each.head, 0)}{out.getvalue()}")
    return "".join(parts)


def _commented(value: Any, manifest: Manifest, path: Path, indent: int) -> Any:  # noqa: ANN401 - a tree
    if isinstance(value, dict):
        tree = CommentedMap()
        for key, below in value.items():
            here = (*path, key)
            deeper = indent + _INDENT * (2 if isinstance(below, list) else 1)
            tree[key] = _commented(below, manifest, here, deeper)
            if here in manifest.comments:
                lines = "\n".join(_wrapped(manifest.comments[here], indent))
                tree.yaml_set_comment_before_after_key(key, before=lines, indent=indent)
        return tree
    if isinstance(value, list):
        return CommentedSeq(_commented(each, manifest, path, indent) for each in value)
    return value


def _comment(text: str, indent: int) -> str:
    return "".join(f"{' ' * indent}# {line}\n" for line in _wrapped(text, indent))


def _wrapped(text: str, indent: int) -> list[str]:
    return [
        line
        for paragraph in text.splitlines()
        for line in textwrap.wrap(paragraph, _WIDTH - indent - 2, break_on_hyphens=False)
    ]
