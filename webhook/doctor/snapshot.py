"""What was read of a cluster, each part of it there, not there, or not read.

Objects are the JSON of the API server. Of our Secret only its certificates are here, never a key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard, TypeVar

from webhook.doctor.findings import Finding, Level

Json = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NotRead:
    """Why a part is not here: for want of a right, as `kubectl auth can-i` takes it, or else."""

    right: str = ""
    why: str = ""

    def finding(self, what: str) -> Finding:
        """Say what could not be checked."""
        why = f"you may not {self.right}" if self.right else self.why
        return Finding(Level.NOT_CHECKED, f"{what}: {why}", right=self.right)


One = Json | NotRead | None  # None: the API server says that there is none
Many = list[Json] | NotRead


@dataclass(frozen=True, slots=True)
class Calls:
    """What the API server counted of calls of one entry, since it started."""

    answered: float
    failed_open: float


@dataclass(frozen=True, slots=True)
class Probe:
    """What became of a pod that was tried out in a namespace, and never created."""

    namespace: str
    mode: str  # the namespace's label
    status: int
    reason: str
    message: str
    corrected: bool  # the forged annotation did not come back
    calls: Mapping[str, Calls] | NotRead  # counted afterwards


@dataclass(frozen=True, slots=True)
class Let:
    """What the webhook may not do in a namespace whose policy has workloads restarted there."""

    namespace: str
    policy: str
    lacking: tuple[tuple[str, str], ...]  # verb and resource
    unseen: tuple[str, ...] | NotRead  # kind/name: given to workloads there, and not to be read


@dataclass(frozen=True, slots=True)
class Restarts:
    """Where policies say `reload.mode: Rollout`, and what the webhook may do for it."""

    policies: tuple[str, ...]
    listed: bool  # it may list namespaces
    namespaces: tuple[Let, ...]


@dataclass(frozen=True, slots=True)
class Installed:
    """Our objects."""

    mutating: One
    validating: One
    guard: One
    guard_binding: One
    deployment: One
    budget: One
    certificates: One  # of our Secret: `tls.crt` and `ca.crt`, PEM as bytes, where they are there
    leases: Many


@dataclass(frozen=True, slots=True)
class Access:
    """RBAC: all of the cluster, and of our namespace what is in it."""

    cluster_roles: Many
    cluster_role_bindings: Many
    roles: Many
    role_bindings: Many


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that is examined."""

    namespace: str  # ours
    installed: Installed
    access: Access
    policies: Many | None  # None: no such resource is defined
    namespaces: Many  # those that have the label, whatever its value
    calls: Mapping[str, Calls] | NotRead  # by the entry's name, before the probe
    probe: Probe | NotRead
    unserved: tuple[str, ...] = field(default=())  # opted-in namespaces that no policy covers
    restarts: Restarts | NotRead | None = None  # None: no policy asks for any


def was_read(part: T | NotRead) -> TypeGuard[T]:
    """Tell whether there is something to look at."""
    return not isinstance(part, NotRead)


def named(value: Json) -> str:
    """Return the name of an object."""
    return str((value.get("metadata") or {}).get("name", ""))
