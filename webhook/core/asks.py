"""What a pod asks for by its annotation, and whether it is a mirror pod."""

from collections.abc import Sequence

from webhook.core.pod import Pod
from webhook.core.words import NODES_GROUP


def requested_scopes(pod: Pod) -> tuple[str, ...]:
    """Return the scopes that the annotation names, each once, in its order."""
    text = pod.annotations.scopes
    if not text:
        return ()
    names = ("".join(part.split()) for part in text.split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def is_mirror_pod(pod: Pod, groups: Sequence[str]) -> bool:
    """Tell whether a kubelet mirrors a static pod; the annotation alone is a claim."""
    return pod.annotations.mirror is not None and NODES_GROUP in groups
