"""What changes when policy A becomes policy B: frozen values that each output is made from."""

from dataclasses import dataclass
from enum import StrEnum

from webhook.audit.report import PolicyView, Refusal


class Dimension(StrEnum):
    """In which direction a Secret reaches further; the first that is new, in this order."""

    ROLE = "role"
    POOL = "pool"
    NAMESPACE = "namespace"
    KEY = "key"  # more of the Secret than before
    CONTAINER = "container"  # more containers of the same pods
    SERVICE_ACCOUNT = "service account"
    DEPLOYER = "deployer"  # more people may deploy who reads it
    UNASKED = "unasked"  # given to everybody who was only given it on request


@dataclass(frozen=True, slots=True)
class Order:
    """The final `envFrom` of one container before and after, names as in `Source`."""

    container: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContainerChange:
    """What one container gains and loses; names are app-env, ConfigMap x, plugin-secrets/KEY."""

    container: str
    gains: tuple[str, ...]
    loses: tuple[str, ...]
    before: tuple[str, ...]  # the final `envFrom`, as in `Order`: it tells what a gain overrides
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorkloadChange:
    """A workload that policy B treats in another way than policy A does."""

    kind: str
    name: str
    namespace: str
    file: str  # with line, for manifests; empty for a cluster
    replicas: int | None
    policy_before: str
    policy_after: str
    role_before: str | None
    role_after: str | None
    pool_before: str | None
    pool_after: str | None
    containers: tuple[ContainerChange, ...]  # with something gained or lost
    orders: tuple[Order, ...]  # the same sources in another order
    refused_before: tuple[Refusal, ...]
    refused_after: tuple[Refusal, ...]
    dry_run_before: bool
    dry_run_after: bool

    @property
    def title(self) -> str:
        """Name it as kubectl does: deployment/noxus-worker."""
        return f"{self.kind.lower()}/{self.name}"

    @property
    def newly_refused(self) -> bool:
        """Tell whether B refuses what A allows."""
        return bool(self.refused_after) and not self.refused_before

    @property
    def no_longer_refused(self) -> bool:
        """Tell whether B allows what A refuses."""
        return bool(self.refused_before) and not self.refused_after


@dataclass(frozen=True, slots=True)
class Widening:
    """A Secret that reaches a role, pool or namespace that it does not reach under A.

    Computed from the policies alone: no workload need be there to profit from it.
    """

    secret: str
    dimension: Dimension
    value: str  # the role, the pool, the namespaces' globs, ...; what the sentence ends with
    keys: tuple[str, ...] | None  # None: all of the Secret
    message: str  # a whole sentence


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole plan; changes by namespace, kind and name."""

    before: str  # how A was named: a path, or cluster
    after: str
    source: str  # of the objects: cluster | files
    policies_before: tuple[PolicyView, ...]
    policies_after: tuple[PolicyView, ...]
    entries: int  # workloads and bare pods that were compared
    changes: tuple[WorkloadChange, ...]
    widenings: tuple[Widening, ...]
    unreadable: tuple[str, ...] = ()  # a sentence each

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing changes."""
        return not self.changes and not self.widenings
