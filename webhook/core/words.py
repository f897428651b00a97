"""The words that the whole program shares: hooks, modes, label and annotation keys, roles."""

from enum import StrEnum
from typing import Final


class Hook(StrEnum):
    """Which of the two admission hooks the API server called."""

    MUTATE = "mutate"
    VALIDATE = "validate"


class NamespaceMode(StrEnum):
    """The value of the namespace's opt-in label, which the URL of the hook carries."""

    ENABLED = "enabled"
    DRY_RUN = "dry-run"


GROUP: Final = "secrets.noxus.ai"
INJECTION_LABEL: Final = f"{GROUP}/injection"  # on a namespace: enabled | dry-run
SCOPES_ANNOTATION: Final = f"{GROUP}/scopes"  # on a pod: scopes that it asks for
INJECTED_ANNOTATION: Final = f"{GROUP}/injected"  # on a pod: what it was granted; for people only
# On a workload: what in Reloader's annotations is ours, as secret/NAME and configmap/NAME.
RELOAD_ANNOTATION: Final = f"{GROUP}/reload"
# On a workload: what each source was when we last restarted it, or first saw it.
RELOADED_ANNOTATION: Final = f"{GROUP}/reloaded"
MIRROR_ANNOTATION: Final = "kubernetes.io/config.mirror"  # set by the kubelet on mirror pods
NODES_GROUP: Final = "system:nodes"  # the group of every kubelet

# Which the selectors of our webhook configurations leave out, beside our own namespace: from there
# the cluster starts.
NEVER_TAKING_PART: Final = ("kube-system", "kube-node-lease")

BUILT_IN_ROLES: Final = frozenset(
    {"frontend", "backend", "worker", "relay", "plugin-server", "sandbox", "beat"}
)
POOL_SCOPE_PREFIX: Final = "pool/"

# Labels that controllers add say nothing about what a pod is, and change from one to the next.
CONTROLLER_LABELS: Final = frozenset(
    {
        "apps.kubernetes.io/pod-index",
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-completion-index",
        "batch.kubernetes.io/job-name",
        "controller-revision-hash",
        "controller-uid",
        "job-name",
        "pod-template-generation",
        "pod-template-hash",
        "statefulset.kubernetes.io/pod-name",
    }
)
