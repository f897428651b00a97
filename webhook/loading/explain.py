"""A validation error of pydantic -> a sentence that says what to write instead."""

from collections.abc import Mapping
from types import NoneType
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from webhook.core.faults import Path, did_you_mean
from webhook.core.policy import Policy

_EXPECTED: Final[Mapping[str, str]] = {
    "bool_type": "expected true or false",
    "dict_type": "expected a mapping",
    "int_type": "expected a whole number",
    "model_attributes_type": "expected a mapping",
    "model_type": "expected a mapping",
    "string_type": "expected text",
    "tuple_type": "expected a list",
}


def field_path(loc: tuple[str | int, ...]) -> Path:
    """Drop what pydantic adds to the place of an error: the mark of a key of a mapping."""
    return tuple(part for part in loc if part != "[key]")


def sentence(error: ErrorDetails, model: type[BaseModel] = Policy) -> str:
    """Say what is wrong and what would be right; `model` is what the document was read as."""
    kind = error["type"]
    match kind:
        case "extra_forbidden":
            return _unknown_field(error["loc"], model)
        case "missing":
            return "is required"
        case "value_error":
            return str(error["ctx"]["error"])
        case "literal_error" | "enum" | "greater_than_equal" | "less_than_equal":
            return f"must be {_allowed(error['ctx'])}, not {_shown(error['input'])}"
        case _ if kind in _EXPECTED:
            return f"{_EXPECTED[kind]}, not {_shown(error['input'])}"
        case _:
            return error["msg"]


def _allowed(context: Mapping[str, Any]) -> str:
    bounds = {"ge": "at least", "le": "at most"}
    words = (f"{word} {context[key]}" for key, word in bounds.items() if key in context)
    return str(context.get("expected") or next(words))


def _shown(value: object) -> str:
    match value:
        case None:
            return "null (write a value, or remove the field)"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case bool():
            return str(value).lower()
        case _:
            return repr(value)


def _unknown_field(loc: tuple[str | int, ...], model: type[BaseModel]) -> str:
    known = _known_fields(loc[:-1], model)
    hint = did_you_mean(str(loc[-1]), known)
    return f"unknown field{hint or ': known here are ' + ', '.join(known)}"


def _known_fields(loc: tuple[str | int, ...], model: type[BaseModel]) -> list[str]:
    """Walk down the models to the one in which the error is, and list its fields."""
    here: Any = model
    for part in loc:
        here = _bare(here)
        if get_origin(here) in {tuple, dict}:
            here = get_args(here)[-1] if isinstance(part, str) else get_args(here)[0]
        else:
            here = next(f.annotation for f in here.model_fields.values() if f.alias == part)
    return sorted(str(field.alias) for field in _bare(here).model_fields.values())


def _bare(annotation: Any) -> Any:  # noqa: ANN401 - any annotation
    """Return the model or collection that an annotation is, or is the optional of."""
    if get_origin(annotation) in {tuple, dict} or isinstance(annotation, type):
        return annotation
    return next(_bare(it) for it in get_args(annotation) if it is not NoneType)
