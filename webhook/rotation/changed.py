"""When what a Secret holds was changed last, told by its metadata; nothing of the data is read.

Of the writers who own a part of the data (`webhook.rotation.written`), the latest time is when it
changed **at the latest**: who owns labels as well may have changed only these. People can say it
exactly, by an annotation: one that is later than any write proves nothing, and is passed over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from webhook.core.words import GROUP
from webhook.rotation.written import instant, writers

ROTATED_AT: Final = f"{GROUP}/rotated-at"


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


def changed(metadata: Mapping[str, Any], now: datetime) -> Changed:
    """Return when the data was changed, at the latest; nobody can say it of the future."""
    times = (instant(entry.get("time")) for entry in writers(metadata))
    written = max((at for at in times if at is not None), default=None)
    created = instant(metadata.get("creationTimestamp"))
    stated = instant(_mapping(metadata.get("annotations")).get(ROTATED_AT))
    if stated is not None and stated <= (written or now):
        return Changed(stated, Basis.STATED)
    if written is not None:
        return Changed(written, Basis.DATA)
    return Changed(created, Basis.CREATED if created else Basis.UNKNOWN)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
