"""Pydantic models -> the structural OpenAPI schema of a CustomResourceDefinition.

An object below `spec` keeps the fields that it does not know: the API server would drop them in
silence otherwise, where the loader refuses a misspelt field and names the one that was meant.
"""

import types
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le, MaxLen
from pydantic import AfterValidator, BaseModel
from pydantic.fields import FieldInfo

from tools.crd_rules import ATOMIC, BOUNDS, DEFAULTS, NAMES, RULES

Json = dict[str, Any]

KEEP: Final = {"x-kubernetes-preserve-unknown-fields": True}
_SCALARS: Final = {str: "string", bool: "boolean", int: "integer"}


def object_schema(model: type[BaseModel], *, closed: bool = False) -> Json:
    """Return the schema of an object; `closed`: the API server drops what it does not know."""
    fields = {str(field.alias or name): field for name, field in model.model_fields.items()}
    required = [name for name, field in fields.items() if field.is_required()]
    return (
        {
            "type": "object",
            "description": _summary(model),
            "properties": {
                name: _field(model, name, field, closed=closed) for name, field in fields.items()
            },
        }
        | ({"required": required} if required else {})
        | ({} if closed else KEEP)
        | ({"x-kubernetes-map-type": "atomic"} if model in ATOMIC else {})
        | _rules(RULES.get(model, ()))
    )


def _field(model: type[BaseModel], name: str, field: FieldInfo, *, closed: bool) -> Json:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    schema = _value(field.annotation, field.metadata, closed=closed)
    # The field says more of its place than the model that it holds.
    schema = {"description": field.description or schema.get("description", "")} | {
        key: value for key, value in schema.items() if key != "description"
    }
    for cls in model.__mro__:
        schema |= BOUNDS.get((cls, name), {}) | _rules(RULES.get((cls, name), ()))
    if (model, name) in DEFAULTS:
        schema["default"] = _default(field)
    return schema | extra


def _rules(rules: Iterable[Any]) -> Json:
    found = [rule.schema() for rule in rules]
    return {"x-kubernetes-validations": found} if found else {}


def _default(field: FieldInfo) -> Json | str:
    value = field.get_default(call_default_factory=True, validated_data={})
    # The fields of an object have defaults of their own, which the API server fills in by itself.
    return {} if isinstance(value, BaseModel) else str(value)


def _value(annotation: Any, metadata: Iterable[Any] = (), *, closed: bool) -> Json:  # noqa: ANN401
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _value(arguments[0], arguments[1:], closed=closed)
    if origin in {Union, types.UnionType}:  # the API server drops a null: it is as if absent
        inner = next(argument for argument in arguments if argument is not types.NoneType)
        return _value(inner, metadata, closed=closed)
    if origin is tuple:
        items = _value(arguments[0], closed=closed)
        # Whoever applies a list owns all of it: the order of its elements has a meaning.
        return {"type": "array", "x-kubernetes-list-type": "atomic", "items": items}
    if origin is dict:
        return {"type": "object", "additionalProperties": _value(arguments[1], closed=closed)}
    if origin is Literal:
        return {"type": "string", "enum": list(arguments)}
    return _plain(annotation, metadata, closed=closed)


def _plain(annotation: Any, metadata: Iterable[Any], *, closed: bool) -> Json:  # noqa: ANN401
    if annotation is Any:
        return dict(KEEP)
    if issubclass(annotation, StrEnum):
        return {"type": "string", "enum": [str(value) for value in annotation]}
    if issubclass(annotation, BaseModel):
        return object_schema(annotation, closed=closed)
    schema: Json = {"type": _SCALARS[annotation]}
    for constraint in metadata:
        if isinstance(constraint, AfterValidator):
            schema |= NAMES[constraint.func]  # type: ignore[index]  # ours all take a text
        elif isinstance(constraint, MaxLen):
            schema["maxLength"] = constraint.max_length
        elif isinstance(constraint, Ge):
            schema["minimum"] = constraint.ge
        elif isinstance(constraint, Le):
            schema["maximum"] = constraint.le
    return schema


def _summary(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").split("\n\n", maxsplit=1)[0].replace("\n", " ")
