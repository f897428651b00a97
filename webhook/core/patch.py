"""JSON Patch operations (RFC 6902) and the annotation that tells people what was granted."""

from typing import Final

import msgspec

from webhook.core.pod import Pod
from webhook.core.words import INJECTED_ANNOTATION


class Operation(msgspec.Struct, frozen=True, omit_defaults=True, rename={"from_": "from"}):
    """One operation; `value` is JSON already encoded."""

    op: str
    path: str
    from_: str | None = None
    value: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


def add(path: str, value: msgspec.Raw) -> Operation:
    """Add a member (replacing one of that name) or insert a list element before the index."""
    return Operation("add", path, value=value)


def remove(path: str) -> Operation:
    """Remove what is there."""
    return Operation("remove", path)


def move(source: str, path: str) -> Operation:
    """Take an element out and insert it elsewhere; the index counts after the removal."""
    return Operation("move", path, from_=source)


def raw_list(values: list[msgspec.Raw]) -> msgspec.Raw:
    """Join encoded elements into one encoded list."""
    return msgspec.Raw(msgspec.json.encode(values))


TRUE: Final = msgspec.Raw(b"true")

# RFC 6901: "~" is written ~0 and "/" ~1 inside a path; the key holds no "~".
_ANNOTATION_PATH: Final = "/metadata/annotations/" + INJECTED_ANNOTATION.replace("/", "~1")


def annotation_operations(pod: Pod, granted: tuple[str, ...]) -> tuple[Operation, ...]:
    """Set, correct or remove the annotation, so that it names the granted scopes."""
    wanted = ",".join(granted)
    present = pod.annotations.injected
    if (present or "") == wanted and (present is None) == (not wanted):
        return ()
    if not wanted:
        return (remove(_ANNOTATION_PATH),)
    if pod.metadata is None:
        value = {"annotations": {INJECTED_ANNOTATION: wanted}}
        return (add("/metadata", msgspec.Raw(msgspec.json.encode(value))),)
    if pod.metadata.annotations is None:
        entry = {INJECTED_ANNOTATION: wanted}
        return (add("/metadata/annotations", msgspec.Raw(msgspec.json.encode(entry))),)
    return (add(_ANNOTATION_PATH, msgspec.Raw(msgspec.json.encode(wanted))),)
