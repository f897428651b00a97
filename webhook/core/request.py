"""What is asked of the webhook, free of the wire's format."""

from dataclasses import dataclass

from webhook.core.pod import Pod
from webhook.core.words import Hook, NamespaceMode


@dataclass(frozen=True, slots=True)
class AdmissionRequest:
    """One request of the API server.

    `pod` is the object, and `old` the object as it was, for an update; both are None where the
    webhook has no say in this resource, subresource and operation.
    """

    hook: Hook
    mode: NamespaceMode
    namespace: str  # request.namespace, never the object's own
    operation: str
    pod: Pod | None
    old: Pod | None = None
    groups: tuple[str, ...] = ()  # of the authenticated user
    root: str = "spec"  # where the pod's spec stands in the object, for the fields in messages
