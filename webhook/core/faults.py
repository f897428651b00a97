"""What is wrong with a policy beyond single fields, so that it is refused.

A fault has a path of keys and indices into the document, so that the loader can name its line.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from webhook.core import words
from webhook.core.policy import Conditions, Policy, PolicySpec, Scope

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong at a place of the document; the message says what to write instead."""

    path: Path
    message: str


def did_you_mean(name: str, known: Iterator[str] | list[str]) -> str:
    """Return a hint at the nearest known name, or nothing."""
    near = get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def refusals(policy: Policy) -> list[Fault]:
    """Return what makes a policy unusable; an empty list means that it can be compiled."""
    spec = policy.spec
    return [
        *_empty_lists(spec),
        *_deployers(spec),
        *_workloads(spec),
        *_labels_of_controllers(spec),
        *_repeated_names(spec),
        *_roles(spec),
        *_scopes_without_effect(spec),
        *_contradicting_sources(spec),
        *_pool_secrets_in_scopes(spec),
    ]


def conditioned(spec: PolicySpec) -> Iterator[tuple[Path, Conditions]]:
    """Yield every scope and pool with its place."""
    for i, scope in enumerate(spec.scopes):
        yield ("spec", "scopes", i), scope
    for name, pool in spec.worker.pools.items():
        yield ("spec", "worker", "pools", name), pool


def _empty_lists(spec: PolicySpec) -> Iterator[Fault]:
    """Refuse lists that would match nothing: they look like "no limit" and mean the opposite."""
    message = "an empty list matches nothing: name at least one, or remove the field for no limit"
    if spec.namespaces == ():
        yield Fault(("spec", "namespaces"), message)
    for path, conditions in conditioned(spec):
        if conditions.namespaces == ():
            yield Fault((*path, "namespaces"), message)
        if conditions.service_accounts == ():
            yield Fault((*path, "serviceAccounts"), message)
        if isinstance(conditions, Scope) and conditions.containers == ():
            yield Fault((*path, "containers"), message)


def _deployers(spec: PolicySpec) -> Iterator[Fault]:
    for path, conditions in conditioned(spec):
        deployers = conditions.deployers
        if deployers and not (deployers.users or deployers.groups or deployers.service_accounts):
            yield Fault(
                (*path, "deployers"),
                "nobody is named, so nobody could deploy: list users, groups or serviceAccounts, "
                "or remove the field",
            )


def _labels_of_controllers(spec: PolicySpec) -> Iterator[Fault]:
    """Refuse to tell pods by what a controller adds, where deployers are asked about templates."""
    if not any(conditions.deployers for _, conditions in conditioned(spec)):
        return
    identity = spec.identity
    places: list[tuple[Path, str]] = []
    for name, labels in (
        ("roleLabels", identity.role_labels),
        ("poolLabels", identity.pool_labels),
    ):
        places += [(("spec", "identity", name, i), label) for i, label in enumerate(labels)]
    for i, rule in enumerate(identity.rules):
        path: Path = ("spec", "identity", "rules", i)
        places += [((*path, "selector"), key) for key in rule.selector.match_labels]
        places += [((*path, "selector"), e.key) for e in rule.selector.match_expressions]
        places += [((*path, "poolFrom"), rule.pool_from)] if rule.pool_from else []
    for path, label in places:
        if label in words.CONTROLLER_LABELS:
            yield Fault(
                path,
                f"label {label} is added by a controller when it makes a pod, after its template "
                "was judged, so that deployers would not hold: choose by a label of the template",
            )


def _workloads(spec: PolicySpec) -> Iterator[Fault]:
    first: dict[tuple[str, str], int] = {}
    for i, it in enumerate(spec.workloads):
        if not it.templates:
            message = "no template is named, so nothing would be judged: write spec.template, say"
            yield Fault(("spec", "workloads", i, "templates"), message)
        if first.setdefault((it.group, it.resource), i) != i:
            yield Fault(
                ("spec", "workloads", i),
                f"{it.resource}.{it.group} is already listed as spec.workloads"
                f"[{first[it.group, it.resource]}]: put all its templates there",
            )


def _repeated_names(spec: PolicySpec) -> Iterator[Fault]:
    first: dict[str, int] = {}
    for i, scope in enumerate(spec.scopes):
        if first.setdefault(scope.name, i) != i:
            yield Fault(
                ("spec", "scopes", i, "name"),
                f"scope {scope.name!r} is already defined as spec.scopes[{first[scope.name]}]: "
                "merge the two, or give this one another name",
            )


def known_roles(spec: PolicySpec) -> frozenset[str]:
    """Return the roles that the policy knows."""
    return words.BUILT_IN_ROLES.union(spec.identity.roles)


def _roles(spec: PolicySpec) -> Iterator[Fault]:
    known = known_roles(spec)

    def check(path: Path, role: str) -> Iterator[Fault]:
        if role not in known:
            hint = did_you_mean(role, sorted(known))
            yield Fault(
                path,
                f"role {role!r} is not known{hint} Add it to spec.identity.roles, or use one of "
                f"{', '.join(sorted(known))}"
                if hint
                else f"role {role!r} is not known: add it to spec.identity.roles, or use one of "
                f"{', '.join(sorted(known))}",
            )

    for i, scope in enumerate(spec.scopes):
        for j, role in enumerate(scope.roles):
            yield from check(("spec", "scopes", i, "roles", j), role)
    for i, rule in enumerate(spec.identity.rules):
        yield from check(("spec", "identity", "rules", i, "role"), rule.role)
        if rule.role != spec.worker.role and (rule.pool or rule.pool_from):
            yield Fault(
                ("spec", "identity", "rules", i, "pool" if rule.pool else "poolFrom"),
                f"only role {spec.worker.role!r} belongs to pools, and this rule gives role "
                f"{rule.role!r}: remove the field, or correct the role",
            )
    for alias, role in spec.identity.aliases.items():
        yield from check(("spec", "identity", "aliases", alias), role)
    yield from check(("spec", "worker", "role"), spec.worker.role)


def _scopes_without_effect(spec: PolicySpec) -> Iterator[Fault]:
    for i, scope in enumerate(spec.scopes):
        if not scope.roles:
            yield Fault(
                ("spec", "scopes", i, "roles"),
                f"scope {scope.name!r} has no role, so no pod could have it: name at least one",
            )
        if not scope.env_from and not scope.env:
            yield Fault(
                ("spec", "scopes", i),
                f"scope {scope.name!r} has nothing to inject: give it envFrom or env",
            )


def _contradicting_sources(spec: PolicySpec) -> Iterator[Fault]:
    seen: dict[tuple[str, str, str], tuple[bool, str]] = {}
    for i, scope in enumerate(spec.scopes):
        for j, source in enumerate(scope.env_from):
            kind, reference = source.read
            optional, where = seen.setdefault(
                (kind, reference.name, source.prefix), (reference.optional, scope.name)
            )
            if optional != reference.optional:
                yield Fault(
                    ("spec", "scopes", i, "envFrom", j),
                    f"{kind} {reference.name!r} is optional: {str(reference.optional).lower()} "
                    f"here and {str(optional).lower()} in scope {where!r}: a pod could get both, "
                    "so write the same in both",
                )


def _pool_secrets_in_scopes(spec: PolicySpec) -> Iterator[Fault]:
    in_scope: dict[str, str] = {}
    for scope in spec.scopes:
        for source in scope.env_from:
            if source.secret_ref:
                in_scope.setdefault(source.secret_ref.name, scope.name)
        for variable in scope.env:
            in_scope.setdefault(variable.value_from.secret_key_ref.name, scope.name)
    for name, pool in spec.worker.pools.items():
        if holder := in_scope.get(pool.env_secret_ref):
            yield Fault(
                ("spec", "worker", "pools", name, "envSecretRef"),
                f"Secret {pool.env_secret_ref!r} is also a source of scope {holder!r}, whose pods "
                "would read this pool's keys: use two Secrets",
            )
