"""What a pod is entitled to, in CEL: scopes by their index, its pool, and the Secrets they hold."""

from collections.abc import Iterator
from typing import Final

from webhook.core.deployers import Entrusted
from webhook.core.tables import CompiledPolicy, CompiledScope
from webhook.native.cel import (
    Variable,
    exactly,
    is_one_of,
    lines,
    matching,
    record,
    shards,
    text,
    texts,
)

_HOME: Final = "variables.home.value()"


def grants(policy: CompiledPolicy) -> Iterator[Variable]:
    """Yield `entitled` and `granted`, by the index of a scope, and what holds of the pool."""
    scopes = tuple(policy.scopes.values())
    names = ", ".join(scope.name for scope in scopes)
    fits = lines([_fits(scope) for scope in scopes])
    yield Variable("fits", f"// who fits the conditions of each scope: {names}\n{fits}")
    if policy.has_deployers:
        trusted = lines([_trusted(scope.deployers) for scope in scopes])
        yield Variable("trusted", f"// whose deployers are asked\n{trusted}")
        yield Variable(
            "entitled", "variables.fits.transformList(i, it, it && variables.trusted[i])"
        )
    else:
        yield Variable("entitled", "variables.fits")
    given = [
        f"variables.entitled[{i}]"
        + (f" && {text(scope.name)} in variables.asked" if scope.on_request else "")
        for i, scope in enumerate(scopes)
    ]
    yield Variable("granted", lines(given))
    yield from _pool(policy)
    yield Variable(
        "held",
        "// which scopes that fit hold which Secrets, or some keys, for all or some containers\n"
        f"{_holders(policy)}\n  .filter(it, variables.entitled[int(it.scope)])",
    )
    yield Variable(
        "given",
        "// what is held as a whole and for every container may be named anywhere\n"
        "variables.held.filter(it, it.keys == '' && it.containers == '').map(it, it.secret) +\n"
        "  (variables.poolSecret == '' ? [] : [variables.poolSecret])",
    )


def pool_tables(policy: CompiledPolicy) -> list[Variable]:
    """Return the pools that pods may be in, with their conditions."""
    pools = sorted(policy.pools.items())
    return shards("pools", {name: record(**_conditions(scope)) for name, scope in pools})


def pool_secret_tables(policy: CompiledPolicy) -> list[Variable]:
    """Return the Secrets of pools, each with the words for what it belongs to."""
    return shards(
        "poolSecrets",
        {
            secret: text(_owners([holder.scope for holder in holders]))
            for secret, holders in sorted(policy.managed.items())
            if holders[0].scope.pool is not None
        },
    )


def scope_secrets(policy: CompiledPolicy) -> dict[str, str]:
    """Return the Secrets of scopes, each with the words for what it belongs to."""
    return {
        secret: _owners([holder.scope for holder in holders])
        for secret, holders in sorted(policy.managed.items())
        if holders[0].scope.pool is None
    }


def containers(scope: CompiledScope) -> str:
    """Return the regular expression for the containers of a scope; empty for all."""
    return "" if scope.containers is None else matching(scope.containers.patterns)


def _owners(scopes: list[CompiledScope]) -> str:
    """Name what holds a Secret, and for which roles; other conditions are nobody's to read."""
    found = [
        f"worker pool '{scope.pool}'"
        if scope.pool is not None
        else f"scope '{scope.name}' (only {', '.join(sorted(scope.roles))})"
        for scope in scopes
    ]
    return " or ".join(dict.fromkeys(found))


def _pool(policy: CompiledPolicy) -> Iterator[Variable]:
    tables = pool_tables(policy)
    yield from tables
    first, *rest = (f"variables.{each.name}[?variables.pool]" for each in tables)
    yield Variable("home", first + "".join(f".or({each})" for each in rest))
    pools = policy.pools.values()
    fits = [f"variables.role == {text(policy.worker_role)}", "variables.home.hasValue()"]
    if any(pool.namespaces is not None for pool in pools):
        fits.append(_if_limited("namespaces", "request.namespace"))
    if any(pool.service_accounts is not None for pool in pools):
        fits.append(_if_limited("accounts", "variables.account"))
    yield Variable("poolFits", " &&\n  ".join(fits))
    may = ["variables.home.hasValue()"]
    if any(pool.deployers is not None for pool in pools):
        user = f"variables.user.matches({_HOME}.users)"
        group = f"variables.groups.exists(it, it.matches({_HOME}.groups))"
        unlimited = f"!('users' in {_HOME}) || variables.controller"
        may.append(f"({unlimited} ||\n  {user} ||\n  {group})")
    yield Variable("poolTrusted", " && ".join(may))
    yield Variable(
        "poolSecret",
        "// empty: it gives none\n"
        f"variables.poolFits && variables.poolTrusted ? {_HOME}.secret : ''",
    )


def _if_limited(condition: str, subject: str) -> str:
    return f"(!('{condition}' in {_HOME}) || {subject}.matches({_HOME}.{condition}))"


def _conditions(pool: CompiledScope) -> dict[str, str]:
    found = {"secret": pool.sources[0].key[1] if pool.sources else ""}
    if pool.namespaces is not None:
        found["namespaces"] = matching(pool.namespaces.patterns)
    if pool.service_accounts is not None:
        found["accounts"] = exactly(pool.service_accounts)
    if pool.deployers is not None:
        found["users"] = exactly(pool.deployers.users)
        found["groups"] = exactly(pool.deployers.groups)
    return found


def _fits(scope: CompiledScope) -> str:
    parts = [f"variables.role in {texts(sorted(scope.roles))}"]
    if scope.namespaces is not None:
        parts.append(is_one_of("request.namespace", scope.namespaces.patterns))
    if scope.service_accounts is not None:
        parts.append(f"variables.account in {texts(sorted(scope.service_accounts))}")
    return " && ".join(parts)


def _trusted(deployers: Entrusted | None) -> str:
    if deployers is None:
        return "true"
    users, groups = (texts(sorted(it)) for it in (deployers.users, deployers.groups))
    return (
        f"variables.controller || variables.user in {users} ||\n"
        f"    variables.groups.exists(it, it in {groups})"
    )


def _holders(policy: CompiledPolicy) -> str:
    return lines(
        [
            record(
                scope=str(holder.scope.index),
                secret=secret,
                keys="" if holder.keys is None else exactly(holder.keys),
                containers=containers(holder.scope),
            )
            for secret, holders in sorted(policy.managed.items())
            for holder in holders
            if holder.scope.pool is None
        ]
    )
