"""Whether what a Secret or ConfigMap holds has changed, told by its metadata alone.

The resourceVersion changes with every label, too. So what `managedFields` says of the writers who
own a part of the data is the version: their fields, and when they last changed any. A writer who
owns data and labels alike makes a new version by changing either; then there is a restart too many,
and none is missed.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from webhook.rotation.written import instant, owned, writers

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
        [it.get("manager"), it.get("operation"), it.get("time"), owned(it)]
        for it in writers(metadata)
    ]
    times = [at for owner in owners if (at := instant(owner[2])) is not None]
    # Whoever clears managedFields leaves nothing better than the version of the whole object.
    told = sorted(map(json.dumps, owners)) or metadata.get("resourceVersion")
    content = json.dumps([metadata.get("uid"), told])
    return Version(hashlib.sha256(content.encode()).hexdigest()[:_DIGITS], max(times, default=None))
