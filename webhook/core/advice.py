"""What is allowed in a policy and still worth a second look, for `check`."""

from collections.abc import Iterator

from webhook.core.faults import Fault, conditioned, did_you_mean, known_roles
from webhook.core.policy import Policy, PolicySpec


def warnings(policy: Policy) -> list[Fault]:
    """Return what is allowed and still worth a second look, for `check`."""
    spec = policy.spec
    return [
        *_component_label(spec),
        *_rules_for_everybody(spec),
        *_unlimited_pools(spec),
        *_sandbox_scopes(spec),
        *_secrets_for_every_role(spec),
        *_rules_with_unlisted_pools(spec),
    ]


def notes(policy: Policy) -> list[Fault]:
    """Return what has to be done elsewhere for a policy to hold, for `check`."""
    return list(_entries_to_add(policy.spec))


def _component_label(spec: PolicySpec) -> Iterator[Fault]:
    label = "app.kubernetes.io/component"
    message = (
        f"{label} alone decides the role, and other charts use it for frontend and worker too: "
        "add a label of Noxus to the selector, such as app.kubernetes.io/part-of: noxus"
    )
    if label in spec.identity.role_labels:
        yield Fault(
            ("spec", "identity", "roleLabels", spec.identity.role_labels.index(label)), message
        )
    for i, rule in enumerate(spec.identity.rules):
        keys = {*rule.selector.match_labels, *(e.key for e in rule.selector.match_expressions)}
        if keys == {label}:
            yield Fault(("spec", "identity", "rules", i, "selector"), message)


def _rules_for_everybody(spec: PolicySpec) -> Iterator[Fault]:
    for i, rule in enumerate(spec.identity.rules):
        if not rule.selector.match_labels and not rule.selector.match_expressions:
            yield Fault(
                ("spec", "identity", "rules", i, "selector"),
                f"an empty selector gives every pod role {rule.role!r}: add matchLabels",
            )


def _unlimited_pools(spec: PolicySpec) -> Iterator[Fault]:
    for name, pool in spec.worker.pools.items():
        if pool.enabled and pool.env_secret_ref and pool.namespaces is None:
            yield Fault(
                ("spec", "worker", "pools", name),
                f"pool {name!r} is not limited by namespaces: labels are chosen by whoever creates "
                "the pod, and only the namespace separates tenants",
            )


def _sandbox_scopes(spec: PolicySpec) -> Iterator[Fault]:
    for i, scope in enumerate(spec.scopes):
        if "sandbox" in scope.roles:
            yield Fault(
                ("spec", "scopes", i, "roles", scope.roles.index("sandbox")),
                f"scope {scope.name!r} reaches the sandbox, where people run code of their own: "
                "remove the role unless every such person may read it",
            )


def _secrets_for_every_role(spec: PolicySpec) -> Iterator[Fault]:
    missing: dict[str, frozenset[str]] = {}
    for i, scope in enumerate(spec.scopes):
        whole = [source.secret_ref.name for source in scope.env_from if source.secret_ref]
        keys = [variable.value_from.secret_key_ref.name for variable in scope.env]
        for secret in dict.fromkeys((*whole, *keys)):
            before = missing.get(secret, known_roles(spec))
            missing[secret] = before.difference(scope.roles)
            if before and not missing[secret]:
                yield Fault(
                    ("spec", "scopes", i, "roles"),
                    f"with this scope Secret {secret!r} reaches every role: leave out those that "
                    "can do without it",
                )


def _rules_with_unlisted_pools(spec: PolicySpec) -> Iterator[Fault]:
    for i, rule in enumerate(spec.identity.rules):
        if rule.pool is not None and rule.pool not in spec.worker.pools:
            yield Fault(
                ("spec", "identity", "rules", i, "pool"),
                f"pool {rule.pool!r} is not in spec.worker.pools"
                f"{did_you_mean(rule.pool, list(spec.worker.pools))}",
            )


def _entries_to_add(spec: PolicySpec) -> Iterator[Fault]:
    """Say what the webhook configuration must have for what only some policies use."""
    for i, it in enumerate(spec.workloads):
        yield Fault(
            ("spec", "workloads", i),
            f"{it.kind} is judged only if the API server sends it: add to the entries "
            "workloads.*.validate of the ValidatingWebhookConfiguration the rule {apiGroups: "
            f"[{it.group}], apiVersions: ['*'], operations: [CREATE, UPDATE], resources: "
            f"[{it.resource}], scope: Namespaced}}",
        )
    if any(conditions.deployers for _, conditions in conditioned(spec)):
        yield Fault(
            ("spec",),
            "deployers hold only with the component deployers of the manifests "
            "(manifests/components/deployers), by which the API server asks about workloads and "
            "about images of running pods, and refuses while the webhook is away",
        )
