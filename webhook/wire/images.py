"""Whether an update of a pod changes an image: then another program reads what the pod holds."""

from typing import Final

import msgspec


class _Container(msgspec.Struct, frozen=True):
    name: str | None = None
    image: str | None = None


class _Spec(msgspec.Struct, frozen=True):
    """The two lists in which the API lets an image be changed."""

    containers: tuple[_Container, ...] | None = None
    initContainers: tuple[_Container, ...] | None = None  # noqa: N815 - as the API has it


class _Pod(msgspec.Struct, frozen=True):
    spec: _Spec | None = None


_decode: Final = msgspec.json.Decoder(_Pod | None).decode


def images_differ(new: msgspec.Raw, old: msgspec.Raw) -> bool:
    """Compare the images of two versions of a pod; raises msgspec.MsgspecError."""
    return bool(_decode(new) != _decode(old))
