"""The objects as YAML that people can read, with the differences in front."""

import io
import textwrap
from collections.abc import Iterable, Sequence
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from webhook.core.tables import CompiledPolicy
from webhook.native.differences import Difference
from webhook.native.objects import Json

_WIDTH: Final = 96
_UNFOLDED: Final = 1_000_000  # no line of CEL is broken


def as_list(objects: Sequence[Json]) -> Json:
    """Return the objects as a List."""
    return {"apiVersion": "v1", "kind": "List", "items": list(objects)}


def as_yaml(
    objects: Sequence[Json], differences: Iterable[tuple[CompiledPolicy, Sequence[Difference]]]
) -> str:
    """Return the objects as documents, with a comment in front of all of them."""
    writer = YAML()
    writer.width = _UNFOLDED
    writer.indent(mapping=2, sequence=4, offset=2)
    parts = [_head(differences)]
    for each in objects:
        out = io.StringIO()
        writer.dump(_literal(each), out)
        parts.append(f"---\n{out.getvalue()}")
    return "".join(parts)


def _literal(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _literal(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_literal(part) for part in value]
    if isinstance(value, str) and "\n" in value:
        return LiteralScalarString(value)
    return value


def _head(differences: Iterable[tuple[CompiledPolicy, Sequence[Difference]]]) -> str:
    lines = [
        "Made by noxus-secrets export admission-policies. Apply with kubectl apply --server-side.",
        "Needs Kubernetes 1.36 (MutatingAdmissionPolicy); the validating half alone needs 1.34.",
    ]
    for policy, found in differences:
        lines.append(f"How this differs from what the webhook does with policy {policy.name}:")
        lines += [f"- {it.name} ({it.effect}): {it.native}." for it in found]
    wrapped = [
        line
        for paragraph in lines
        for line in textwrap.wrap(paragraph, _WIDTH, subsequent_indent="  " * (paragraph[0] == "-"))
    ]
    return "".join(f"# {line}\n" for line in wrapped)
