"""Names that somebody chose to harm whoever looks at a report, in every field that holds a text."""

from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

NAMES = {
    "ends-the-script": "</script><script>document.title='owned'</script>",
    "ends-the-style": "</style><style>*{display:none}</style>",
    "breaks-out-of-an-attribute": '"><img src=x onerror="document.title=\'owned\'">',
    "breaks-out-of-a-quoted-attribute": "' onmouseover='document.title=1' x='",
    "is-escaped-already": "&lt;b&gt;&amp;amp;",
    "is-a-comment": "<!-- <textarea>",
    "is-a-template": "$csp ${body} {{7*7}} %(x)s",
    "is-a-link": "javascript:document.title='owned'",
    "turns-the-direction-around": "a\u202egnp.exe\u2066b",
    "reads-from-right-to-left": "مرحبا",
    "holds-controls": "a\x00b\x1b[31mc\x7f",
    "holds-half-a-surrogate-pair": "a\ud800b",
    "is-endless": "worker-" * 400,
    "is-one-endless-word": "w" * 3000,
    "is-a-key-of-every-object": "__proto__ constructor",
}


def with_every_text(value: Any, text: str) -> Any:  # noqa: ANN401 - any value of a report
    """Return a report or plan in which each text is this one; what is chosen from a list stays."""
    match value:
        case Enum():
            return value
        case str():
            return text
        case tuple():
            return tuple(with_every_text(member, text) for member in value)
        case _ if is_dataclass(value) and not isinstance(value, type):
            changed = {
                field.name: with_every_text(getattr(value, field.name), text)
                for field in fields(value)
            }
            return replace(value, **changed)
        case _:
            return value
