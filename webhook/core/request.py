"""What is asked of the webhook, free of the wire's format."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from webhook.core.deployers import Deployer
from webhook.core.pod import Pod
from webhook.core.value import Value
from webhook.core.words import Hook, NamespaceMode


class What(Enum):
    """What a request is about."""

    POD = auto()  # a new pod
    DEBUG = auto()  # debug containers, added to a pod that is there
    IMAGES = auto()  # other images in a pod that is there
    WORKLOAD = auto()  # a workload, new or with another template
    REVISION = auto()  # what a controller keeps of a template


class Template(Value, frozen=True):
    """A pod template of a workload, and as it was before an update."""

    root: str  # where the template's spec stands in the object, for the fields in messages
    pod: Pod
    old: Pod | None = None  # None: it is new
    changed: bool = True  # in anything but the mark of `kubectl rollout restart`


@dataclass(frozen=True, slots=True)
class Marks:
    """What the annotations of a workload say about reloading."""

    present: Mapping[str, str] | None  # those about it; None: the workload has no annotations
    template: frozenset[str] = frozenset()  # the keys of those about it in its pod template
    size: int = 0  # bytes of all keys and values of the workload's, as the API counts them


class AdmissionRequest(Value, frozen=True):
    """One request of the API server.

    `pod` is the object, and `old` the object as it was, for an update; both are None where the
    webhook has no say in this resource, subresource and operation. A workload has templates.
    """

    hook: Hook
    mode: NamespaceMode
    namespace: str  # request.namespace, never the object's own
    operation: str
    pod: Pod | None
    old: Pod | None = None
    groups: tuple[str, ...] = ()  # of the authenticated user
    root: str = "spec"  # where the pod's spec stands in the object, for the fields in messages
    what: What = What.POD
    templates: tuple[Template, ...] = ()
    marks: Marks | None = None  # None: it is no workload that Reloader restarts
    deployer: Deployer | None = None  # who is held to what needs one; None: nobody
