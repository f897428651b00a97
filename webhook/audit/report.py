"""What an audit found: frozen values that each output is made from.

No value of a variable is in here; names only. Times are RFC 3339 in UTC, as the API server writes
them, or empty where they are not known.
"""

from dataclasses import dataclass
from enum import StrEnum

from webhook.flows.report import FlowsReport


class Verdict(StrEnum):
    """What the policy says of a workload's template, or of a pod that nobody owns."""

    REFUSED = "refused"  # in dry run: would be
    INJECTED = "injected"  # it is given something that it does not have in itself
    NOTHING = "nothing to do"
    OUTSIDE = "outside"  # looks like Noxus, and its namespace is not opted in: nobody judges it


class PodState(StrEnum):
    """How a pod that exists compares with what the policy says of it now."""

    CURRENT = "current"
    LACKS = "lacks"  # runs without something that it would be given now
    OUTDATED = "outdated"  # has it all, in another order, or holds what it is no longer given
    REFUSED = "refused"  # as it is, it would be refused
    FINISHED = "finished"  # has ended or is ending: nothing runs in it, so nothing is missing


class State(StrEnum):
    """What becomes of a Secret for one reader."""

    HAS = "has"  # named in the object, and allowed
    GAINS = "gains"  # injected
    REFUSED = "refused"  # named in the object, and refused


class Judged(StrEnum):
    """Whether `deployers` was ever enforced on a workload as it is now."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that is refused: the reason in a word, where, and the whole sentence."""

    reason: str
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class SourceName:
    """What identifies an `envFrom` source."""

    kind: str  # Secret | ConfigMap
    name: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Source:
    """One element of the final `envFrom`, in order: a later one wins over an earlier one."""

    kind: str
    name: str
    prefix: str
    optional: bool
    scope: str  # that gives it; empty for one of the object's own
    origin: str  # injected | there before | moved | the pod's own
    wins: bool  # over all others of this container


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a granted scope: `name` reads `key` of `secret`."""

    name: str
    secret: str
    key: str
    scope: str
    origin: str  # injected | there before | overridden by the pod's own | not given here


@dataclass(frozen=True, slots=True)
class Container:
    """What one container has of the managed sources now, and what it would have in the end."""

    list: str  # initContainers | containers | ephemeralContainers
    name: str
    excluded: bool  # the policy gives it nothing
    has: tuple[SourceName, ...]
    gets: tuple[Source, ...]  # the whole final envFrom, the object's own sources included
    variables: tuple[Variable, ...]
    own: tuple[str, ...] = ()  # names of the variables that it sets itself


@dataclass(frozen=True, slots=True)
class Access:
    """One cell of the exposure matrix: a way in which a workload reads a managed Secret."""

    secret: str
    state: State
    via: str  # envFrom | env | volume | imagePullSecrets
    containers: tuple[str, ...]  # that read it; empty for pull secrets and volumes nobody mounts
    keys: tuple[str, ...] | None  # None: all of it
    scope: str  # that grants it; empty where it is refused
    overridden_by: tuple[str, ...]  # sources behind it in envFrom, which win where keys overlap
    message: str  # why it is refused; else empty


@dataclass(frozen=True, slots=True)
class Lack:
    """What one container of a pod that exists runs without, in the policy's order."""

    container: str
    sources: tuple[str, ...]  # app-env; ConfigMap settings; plugin-secrets/KEY for a variable


@dataclass(frozen=True, slots=True)
class PodEntry:
    """One pod that exists, beneath the workload that it belongs to (or which it is itself)."""

    name: str
    phase: str
    created: str
    state: PodState
    lacks: tuple[Lack, ...]
    message: str  # a sentence, empty for a current one


@dataclass(frozen=True, slots=True)
class Workload:
    """A workload by its template, or a pod that none of the listed workloads owns."""

    kind: str
    name: str
    namespace: str
    mode: str  # of the namespace: enabled | dry-run; empty: not opted in
    policy: str  # that governs; empty: none does
    dry_run: bool  # nothing is applied, by the namespace's label or by the policy's mode
    role: str | None  # None: unknown
    recognised_by: str  # "label noxus.ai/role: worker", "rule 2"; empty: by nothing
    pool: str | None
    service_account: str
    replicas: int | None  # that are wanted; None for kinds without the field
    owner: str  # kind/name of a controller that is not listed itself; empty: none
    file: str  # with line, for manifests; empty for a cluster
    verdict: Verdict
    granted: tuple[str, ...]  # scopes, in injection order
    containers: tuple[Container, ...]
    access: tuple[Access, ...]
    refusals: tuple[Refusal, ...]
    warnings: tuple[str, ...]  # whole sentences
    undecided: tuple[str, ...]  # what depends on who deploys it: whole sentences
    judged: Judged  # by `deployers`, where one of its scopes names some; else YES
    judged_why: str  # a sentence; empty where no scope of it names deployers
    outside: str  # why it looks like Noxus, where the namespace is not opted in; else empty
    pods: tuple[PodEntry, ...]

    @property
    def title(self) -> str:
        """Name it as kubectl does: deployment/noxus-worker."""
        return f"{self.kind.lower()}/{self.name}"


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace that is opted in, or in which something looks like Noxus."""

    name: str
    mode: str  # enabled | dry-run; empty: not opted in
    policy: str  # empty: none covers it


@dataclass(frozen=True, slots=True)
class PolicyView:
    """A policy as far as a report shows it; scopes in injection order, then the pools."""

    name: str
    mode: str  # Enforce | DryRun
    namespaces: tuple[str, ...]  # globs
    scopes: tuple["ScopeView", ...]


@dataclass(frozen=True, slots=True)
class ScopeView:
    """A scope, or a pool's Secret as `pool/<name>`."""

    name: str
    pool: str | None
    roles: tuple[str, ...]
    on_request: bool
    enabled: bool
    sources: tuple[str, ...]  # Secrets and ConfigMaps, in order; plugin-secrets/KEY for a variable
    secrets: tuple[str, ...]  # the Secrets among them, each once


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums; workloads and bare pods count as entries."""

    namespaces: int  # that are opted in
    entries: int  # workloads and pods that nobody owns, judged
    pods: int  # that exist, in namespaces that are opted in
    refused: int  # entries
    injected: int
    nothing: int
    outside: int
    unjudged: int  # entries whose deployers were not, or perhaps not, checked
    pods_current: int
    pods_lacking: int
    pods_outdated: int
    pods_refused: int
    pods_finished: int
    skipped: int  # entries in other namespaces that have nothing to do with Noxus
    unreadable: int  # objects that are not as Kubernetes wants them


@dataclass(frozen=True, slots=True)
class Report:
    """The whole audit; namespaces by name, workloads by namespace, kind and name."""

    source: str  # cluster | files
    policies: tuple[PolicyView, ...]
    namespaces: tuple[Namespace, ...]
    workloads: tuple[Workload, ...]
    unreadable: tuple[str, ...]  # a sentence each
    totals: Totals
    flows: FlowsReport | None = None  # where it was asked what flows read

    @property
    def refused(self) -> bool:
        """Tell whether something would be refused: the exit code."""
        return self.totals.refused > 0 or self.totals.pods_refused > 0
