"""Whether what a Secret or ConfigMap holds has changed, told by its metadata alone.

The resourceVersion changes with every label, too. `managedFields` says of each writer which fields
are theirs and when they last changed any: of those who own a part of the data, this is the version.
A writer who owns data and labels alike makes a new version by changing either; then there is a
restart too many, and none is missed.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

_DATA: Final = ("f:data", "f:stringData", "f:binaryData")
# Hexadecimal digits: a chance of one in 10^14 that a change is overlooked.
_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class Version:
    """What an object holds, without saying what."""

    text: str
    at: datetime | None  # when that changed; None: nobody has noted it


def version_of(metadata: Mapping[str, Any]) -> Version:
    """Return the version of an object's data."""
    owners = [
        [it.get("manager"), it.get("operation"), it.get("time"), data]
        for it in metadata.get("managedFields") or ()
        if (data := _data(it.get("fieldsV1") or {}))
    ]
    times = [at for owner in owners if (at := instant(owner[2])) is not None]
    # Whoever clears managedFields leaves nothing better than the version of the whole object.
    told = sorted(map(json.dumps, owners)) or metadata.get("resourceVersion")
    content = json.dumps([metadata.get("uid"), told])
    return Version(hashlib.sha256(content.encode()).hexdigest()[:_DIGITS], max(times, default=None))


def instant(text: object) -> datetime | None:
    """Read a time as the API writes it."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _data(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {key: fields[key] for key in _DATA if key in fields}
