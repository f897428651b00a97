"""A policy as a decision reads it: tables in which everything is looked up, and nothing searched.

`webhook.core.compile` makes them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from webhook.core.deployers import Entrusted
from webhook.core.names import NameMatcher
from webhook.core.policy import Guard
from webhook.core.policy_upkeep import Reload

SourceKey = tuple[str, str, str]  # kind, name, prefix: what identifies an envFrom source

Resource = tuple[str, str]  # API group and plural
TemplatePath = tuple[str, ...]  # names of fields; "*" for each element

# Behind every source of every scope: a pool's Secret is always the last managed source.
POOL_RANK: Final = 1 << 60


@dataclass(frozen=True, slots=True)
class Source:
    """An `envFrom` element of the policy, with the JSON value that a patch writes."""

    key: SourceKey
    rank: int  # its place among all sources of the policy
    optional: bool
    value: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Variable:
    """An `env` element of the policy, with the JSON value that a patch writes."""

    name: str
    secret: str
    secret_key: str
    optional: bool
    value: msgspec.Raw


@dataclass(frozen=True, slots=True, eq=False)
class CompiledScope:
    """A scope, or a pool's Secret as the scope `pool/<name>`, ready to be asked."""

    name: str
    pool: str | None  # the pool that it belongs to; None for a scope proper
    index: int  # place in spec.scopes; -1 for a pool
    roles: frozenset[str]
    on_request: bool
    namespaces: NameMatcher | None
    service_accounts: frozenset[str] | None
    containers: NameMatcher | None
    sources: tuple[Source, ...]
    variables: tuple[Variable, ...]
    given: frozenset[str]  # the Secrets that it gives as a whole to every container
    enabled: bool = True  # a pool that is switched off is granted to nobody
    deployers: Entrusted | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """A scope that holds a Secret: all of it (`keys` is None), or some keys only."""

    scope: CompiledScope
    keys: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule of spec.identity, its label selector taken apart."""

    index: int
    labels: tuple[tuple[str, str], ...]
    expressions: tuple[tuple[str, str, frozenset[str]], ...]
    role: str
    pool: str | None
    pool_from: str | None

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Apply the label selector as Kubernetes does."""
        return all(labels.get(key) == value for key, value in self.labels) and all(
            _requirement_holds(labels.get(key), operator, values)
            for key, operator, values in self.expressions
        )


def _requirement_holds(value: str | None, operator: str, values: frozenset[str]) -> bool:
    match operator:
        case "In":
            return value in values
        case "NotIn":  # as in Kubernetes, also true where the label is absent
            return value not in values
        case "Exists":
            return value is not None
        case _:  # DoesNotExist; the model knows no other
            return value is None


@dataclass(frozen=True, slots=True, eq=False)
class CompiledPolicy:
    """A policy as the decision reads it; look-ups only, nothing to search."""

    name: str
    label: str  # name and generation, as logs and audit annotations name it
    dry_run: bool
    namespace_globs: tuple[str, ...]
    roles: frozenset[str]
    role_labels: tuple[str, ...]
    pool_labels: tuple[str, ...]
    aliases: Mapping[str, str]
    rules: tuple[CompiledRule, ...]
    scopes: Mapping[str, CompiledScope]
    automatic: Mapping[str, tuple[CompiledScope, ...]]  # role -> scopes without onRequest
    worker_role: str
    pools: Mapping[str, CompiledScope]  # enabled pools, also those without a Secret
    managed: Mapping[str, tuple[Holder, ...]]  # Secret -> who holds it
    ranks: Mapping[SourceKey, tuple[int, bool]]  # managed source -> its last place, optional
    exclude: NameMatcher
    inject_ephemeral: bool
    guard: Guard
    annotate: bool  # tell Reloader what the pods of a workload are given
    rollout: Reload | None  # restart workloads by ourselves; None: no
    workloads: Mapping[Resource, tuple[TemplatePath, ...]]  # beyond those of Kubernetes
    needing_deployers: tuple[CompiledScope, ...]  # the scopes and pools that have deployers

    @property
    def has_deployers(self) -> bool:
        """Tell whether who deploys makes any difference."""
        return bool(self.needing_deployers)
