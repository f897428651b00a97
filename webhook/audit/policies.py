"""Policies as reports show them."""

from webhook.audit.report import PolicyView, ScopeView
from webhook.core.policyset import PolicySet
from webhook.core.tables import CompiledPolicy, CompiledScope


def policy_views(policies: PolicySet) -> tuple[PolicyView, ...]:
    """Return all policies, in the order in which they govern."""
    return tuple(map(_policy, policies.policies))


def _policy(policy: CompiledPolicy) -> PolicyView:
    scopes = (*policy.scopes.values(), *every_pool(policy))
    return PolicyView(
        name=policy.name,
        mode="DryRun" if policy.dry_run else "Enforce",
        namespaces=policy.namespace_globs,
        scopes=tuple(map(_scope, scopes)),
    )


def every_pool(policy: CompiledPolicy) -> tuple[CompiledScope, ...]:
    """Return all pools by name: those that are switched off are known by their Secrets alone."""
    held = (holder.scope for holders in policy.managed.values() for holder in holders)
    off = {scope.pool: scope for scope in held if scope.pool is not None and not scope.enabled}
    pools = {**off, **policy.pools}
    return tuple(pools[name] for name in sorted(pools, key=str))


def _scope(scope: CompiledScope) -> ScopeView:
    secrets = [key[1] for key in (source.key for source in scope.sources) if key[0] == "Secret"]
    secrets += [variable.secret for variable in scope.variables]
    sources = [
        name if kind == "Secret" else f"{kind} {name}"
        for kind, name, _ in (source.key for source in scope.sources)
    ]
    sources += [f"{variable.secret}/{variable.secret_key}" for variable in scope.variables]
    return ScopeView(
        name=scope.name,
        pool=scope.pool,
        roles=tuple(sorted(scope.roles)),
        on_request=scope.on_request,
        enabled=scope.enabled,
        sources=tuple(sources),
        secrets=tuple(dict.fromkeys(secrets)),
    )
