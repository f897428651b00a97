"""The annotations of a workload that are about reloading, and no value of any other."""

from typing import Final

import msgspec

from webhook.core.reload import KEYS
from webhook.core.request import Marks
from webhook.core.tables import Resource

# What Reloader restarts by rolling it out. It also knows Jobs and CronJobs, whose next pod reads
# the Secret anew by itself.
RESTARTED: Final[frozenset[Resource]] = frozenset(
    {("apps", "daemonsets"), ("apps", "deployments"), ("apps", "statefulsets")}
)


class _Meta(msgspec.Struct, frozen=True):
    annotations: dict[str, msgspec.Raw] | None = None


class _Template(msgspec.Struct, frozen=True):
    metadata: _Meta | None = None


class _Spec(msgspec.Struct, frozen=True):
    template: _Template | None = None


class _Workload(msgspec.Struct, frozen=True):
    metadata: _Meta | None = None
    spec: _Spec | None = None


_decode: Final = msgspec.json.Decoder(_Workload).decode
_decode_text: Final = msgspec.json.Decoder(str).decode


def marks(raw: msgspec.Raw) -> Marks | None:
    """Read a workload's annotations; None: it has no metadata to write any into.

    Raises msgspec.MsgspecError.
    """
    workload = _decode(raw)
    if workload.metadata is None:
        return None
    annotations = workload.metadata.annotations
    template = workload.spec and workload.spec.template and workload.spec.template.metadata
    return Marks(
        present=None
        if annotations is None
        else {key: _decode_text(value) for key, value in annotations.items() if key in KEYS},
        template=KEYS.intersection((template and template.annotations) or ()),
        # Of a value as JSON, two bytes are its quotes; what is escaped counts for more than it is.
        size=sum(len(key.encode()) + len(bytes(it)) - 2 for key, it in (annotations or {}).items()),
    )
