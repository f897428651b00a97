"""docs/policy.md, written from the models: `python -m tools.policy_reference > docs/policy.md`."""

import json
import types
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from webhook.core.policy import Policy

HEAD = """\
# The policy, field by field

A `SecretInjectionPolicy` is a YAML file, or one of several in a folder. Unknown fields are refused.
[examples/policy.yaml](../examples/policy.yaml) is one to start from, and `noxus-secrets check FILE`
reads it as the webhook does. This page is generated from the models: change those, then run
`python -m tools.policy_reference > docs/policy.md`.
"""


def reference() -> str:
    """Return the page: a table for each model, in the order in which they are met."""
    return "\n".join([HEAD, *(line for model in _models(Policy) for line in _table(*model))])


def _models(root: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    queue: list[tuple[str, type[BaseModel]]] = [("", root)]
    seen: set[type[BaseModel]] = set()
    while queue:
        path, model = queue.pop(0)
        if model in seen:
            continue
        seen.add(model)
        yield path, model
        for name, field in model.model_fields.items():
            for child, suffix in _children(field.annotation):
                queue.append((f"{path}.{field.alias or name}{suffix}".lstrip("."), child))


def _children(annotation: Any, suffix: str = "") -> Iterator[tuple[type[BaseModel], str]]:  # noqa: ANN401
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, suffix
    origin = get_origin(annotation)
    inner = {tuple: "[]", dict: ".<name>"}.get(origin, "") if origin else ""
    for argument in get_args(annotation):
        yield from _children(argument, suffix + inner)


def _table(path: str, model: type[BaseModel]) -> Iterator[str]:
    yield f"## {path or 'SecretInjectionPolicy'}"
    yield ""
    yield (model.__doc__ or "").split("\n\n", maxsplit=1)[0].replace("\n", " ")
    yield ""
    yield "| field | type | default | meaning |"
    yield "|---|---|---|---|"
    for name, field in model.model_fields.items():
        if name == "status":
            continue  # the API server's, not the author's
        yield f"| `{field.alias or name}` | {_type(field.annotation)} | {_default(field)} | {field.description or ''} |"  # noqa: E501 - one row
    yield ""


def _type(annotation: Any) -> str:  # noqa: ANN401, PLR0911 - one line for each kind of annotation
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(arguments[0])
    if origin in {Union, types.UnionType}:
        return _type(next(a for a in arguments if a is not type(None)))
    if origin is tuple:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return f"map to {_type(arguments[1])}"
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return " \\| ".join(f"`{value}`" for value in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "object"
    return {str: "text", bool: "true or false", int: "whole number"}.get(annotation, "anything")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, BaseModel) or value in (None, (), {}, ""):
        return ""
    if isinstance(value, tuple):
        return ", ".join(f"`{item}`" for item in value)
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


if __name__ == "__main__":
    print(reference(), end="")
