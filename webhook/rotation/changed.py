"""When what a Secret holds was changed last, told by its metadata; nothing of the data is read.

The API server notes of each writer which fields are theirs and when they last changed any of them.
So of those who own a part of the data, the latest time is when it changed **at the latest**: who
owns labels as well may have changed only these. People can say it exactly, by an annotation: one
that is later than any write proves nothing, and is passed over.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from webhook.core.words import GROUP

ROTATED_AT: Final = f"{GROUP}/rotated-at"
_DATA: Final = frozenset({"f:data", "f:stringData", "f:binaryData"})


class Basis(StrEnum):
    """What a time rests on."""

    DATA = "data"  # a writer who owns a part of the data wrote then
    STATED = "annotation"  # people say so, and nothing speaks against it
    CREATED = "creation"  # nothing better is noted
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Changed:
    """A time, and what it rests on; None: nothing is noted."""

    at: datetime | None
    basis: Basis


def changed(metadata: Mapping[str, Any]) -> Changed:
    """Return when the data was changed, at the latest."""
    written = _latest(
        entry.get("time")
        for entry in _list(metadata.get("managedFields"))
        if _DATA & _mapping(entry.get("fieldsV1")).keys()
    )
    created = instant(metadata.get("creationTimestamp"))
    stated = instant(_mapping(metadata.get("annotations")).get(ROTATED_AT))
    if stated is not None and (written is None or stated <= written):
        return Changed(stated, Basis.STATED)
    if written is not None:
        return Changed(written, Basis.DATA)
    return Changed(created, Basis.CREATED if created else Basis.UNKNOWN)


def instant(text: object) -> datetime | None:
    """Read a time as Kubernetes writes it, RFC 3339; None for anything else."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _latest(times: Iterable[object]) -> datetime | None:
    return max((at for text in times if (at := instant(text)) is not None), default=None)


def _list(value: object) -> list[dict[str, Any]]:
    return [it for it in value if isinstance(it, dict)] if isinstance(value, list) else []


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
