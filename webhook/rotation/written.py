"""Who wrote what a Secret or ConfigMap holds, by the `managedFields` of its metadata.

The API server notes of each writer which fields are theirs, and when they last changed any of them.
Nothing of the data itself is in there.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

DATA: Final = ("f:data", "f:stringData", "f:binaryData")

Json = Mapping[str, Any]


def writers(metadata: Json) -> Iterator[Json]:
    """Yield the entries of those who own a part of the data, in their order."""
    entries = metadata.get("managedFields")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and owned(entry):
            yield entry


def owned(entry: Json) -> dict[str, Any]:
    """Return the fields of the data that a writer owns, as `fieldsV1` has them."""
    fields = entry.get("fieldsV1")
    return {key: fields[key] for key in DATA if key in fields} if isinstance(fields, dict) else {}


def instant(text: object) -> datetime | None:
    """Read a time as Kubernetes writes it, RFC 3339; None for anything else."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
