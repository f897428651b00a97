"""Policy -> lookup tables, once per policy: a decision costs the same with 1 pool or 10,000."""

from collections.abc import Iterator, Mapping
from itertools import accumulate

import msgspec

from webhook.core import faults
from webhook.core.deployers import entrusted
from webhook.core.names import NameMatcher
from webhook.core.policy import Conditions, Mode, Policy, Pool, Scope
from webhook.core.policy_identity import Rule
from webhook.core.policy_sources import EnvVar
from webhook.core.policy_upkeep import ReloadMode
from webhook.core.tables import (
    POOL_RANK,
    CompiledPolicy,
    CompiledRule,
    CompiledScope,
    Holder,
    Source,
    SourceKey,
    Variable,
)
from webhook.core.words import POOL_SCOPE_PREFIX


def compile_policy(policy: Policy, generation: int = 0) -> CompiledPolicy:
    """Build the tables of a policy in which `faults.refusals` found nothing.

    `generation` counts the loads of a file; a resource brings a generation of its own.
    """
    spec = policy.spec
    first_ranks = accumulate((len(scope.env_from) for scope in spec.scopes), initial=0)
    scopes = tuple(
        _scope(i, scope, rank)
        for i, (scope, rank) in enumerate(zip(spec.scopes, first_ranks, strict=False))
    )
    every_pool = {
        name: _pool(name, spec.worker.role, pool) for name, pool in spec.worker.pools.items()
    }
    enabled = {name: every_pool[name] for name, pool in spec.worker.pools.items() if pool.enabled}
    roles = faults.known_roles(spec)
    return CompiledPolicy(
        name=policy.metadata.name,
        label=f"{policy.metadata.name}/{policy.metadata.generation or generation}",
        dry_run=spec.mode is Mode.DRY_RUN,
        namespace_globs=("*",) if spec.namespaces is None else spec.namespaces,
        roles=roles,
        role_labels=spec.identity.role_labels,
        pool_labels=spec.identity.pool_labels,
        aliases=dict(spec.identity.aliases),
        rules=tuple(_rule(i, rule) for i, rule in enumerate(spec.identity.rules)),
        scopes={scope.name: scope for scope in scopes},
        automatic={
            role: tuple(s for s in scopes if role in s.roles and not s.on_request) for role in roles
        },
        worker_role=spec.worker.role,
        pools=enabled,
        managed=_holders((*scopes, *every_pool.values())),
        ranks=_ranks(scopes, every_pool),
        exclude=NameMatcher(spec.containers.exclude),
        inject_ephemeral=spec.containers.ephemeral == "Inject",
        guard=spec.guard,
        annotate=spec.reload.mode is ReloadMode.ANNOTATE,
        rollout=spec.reload if spec.reload.mode is ReloadMode.ROLLOUT else None,
        workloads={
            (it.group, it.resource): tuple(tuple(path.split(".")) for path in it.templates)
            for it in spec.workloads
        },
        needing_deployers=tuple(
            it for it in (*scopes, *every_pool.values()) if it.deployers is not None
        ),
    )


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def _source(rank: int, kind: str, name: str, prefix: str, *, optional: bool) -> Source:
    reference: dict[str, object] = {"name": name, "optional": True} if optional else {"name": name}
    member = "secretRef" if kind == "Secret" else "configMapRef"
    element: dict[str, object] = {"prefix": prefix} if prefix else {}
    return Source((kind, name, prefix), rank, optional, _raw({**element, member: reference}))


def _variable(variable: EnvVar) -> Variable:
    ref = variable.value_from.secret_key_ref
    value = {
        "name": variable.name,
        "valueFrom": {
            "secretKeyRef": {"name": ref.name, "key": ref.key}
            | ({"optional": True} if ref.optional else {})
        },
    }
    return Variable(variable.name, ref.name, ref.key, ref.optional, _raw(value))


def _matcher(patterns: tuple[str, ...] | None) -> NameMatcher | None:
    return None if patterns is None else NameMatcher(patterns)


def _scope_sources(scope: Scope, first_rank: int) -> Iterator[Source]:
    for rank, element in enumerate(scope.env_from, first_rank):
        kind, reference = element.read
        yield _source(rank, kind, reference.name, element.prefix, optional=reference.optional)


def _scope(index: int, scope: Scope, first_rank: int) -> CompiledScope:
    sources = tuple(_scope_sources(scope, first_rank))
    whole = frozenset(s.key[1] for s in sources if s.key[0] == "Secret")
    return CompiledScope(
        name=scope.name,
        pool=None,
        index=index,
        roles=frozenset(scope.roles),
        on_request=scope.on_request,
        namespaces=_matcher(scope.namespaces),
        service_accounts=_names(scope),
        containers=_matcher(scope.containers),
        sources=sources,
        variables=tuple(map(_variable, scope.env)),
        given=whole if scope.containers is None else frozenset(),
        deployers=entrusted(scope.deployers),
    )


def _names(conditions: Conditions) -> frozenset[str] | None:
    accounts = conditions.service_accounts
    return None if accounts is None else frozenset(accounts)


def _pool(name: str, role: str, pool: Pool) -> CompiledScope:
    secret = pool.env_secret_ref
    return CompiledScope(
        name=POOL_SCOPE_PREFIX + name,
        pool=name,
        index=-1,
        roles=frozenset({role}),
        on_request=False,
        namespaces=_matcher(pool.namespaces),
        service_accounts=_names(pool),
        containers=None,
        sources=(_source(POOL_RANK, "Secret", secret, "", optional=False),) if secret else (),
        variables=(),
        given=frozenset({secret} if secret else ()),
        enabled=pool.enabled,
        deployers=entrusted(pool.deployers),
    )


def _rule(index: int, rule: Rule) -> CompiledRule:
    return CompiledRule(
        index=index,
        labels=tuple(rule.selector.match_labels.items()),
        expressions=tuple(
            (e.key, e.operator, frozenset(e.values)) for e in rule.selector.match_expressions
        ),
        role=rule.role,
        pool=rule.pool,
        pool_from=rule.pool_from,
    )


def _holders(scopes: tuple[CompiledScope, ...]) -> dict[str, tuple[Holder, ...]]:
    managed: dict[str, list[Holder]] = {}
    for scope in scopes:
        whole = {source.key[1] for source in scope.sources if source.key[0] == "Secret"}
        keys: dict[str, set[str]] = {}
        for variable in scope.variables:
            keys.setdefault(variable.secret, set()).add(variable.secret_key)
        for name in whole:
            managed.setdefault(name, []).append(Holder(scope, None))
        for name, some in keys.items():
            managed.setdefault(name, []).append(Holder(scope, frozenset(some)))
    return {name: tuple(holders) for name, holders in managed.items()}


def _ranks(
    scopes: tuple[CompiledScope, ...], pools: Mapping[str, CompiledScope]
) -> dict[SourceKey, tuple[int, bool]]:
    """Return the last place of each source; all pools' Secrets share the place behind."""
    everything = [source for scope in (*scopes, *pools.values()) for source in scope.sources]
    return {source.key: (source.rank, source.optional) for source in everything}
