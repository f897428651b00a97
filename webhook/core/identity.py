"""Pod -> role and pool, and how they were recognised."""

from webhook.core.pod import Pod
from webhook.core.tables import CompiledPolicy
from webhook.core.value import Value


class Identity(Value, frozen=True):
    """Who a pod says it is; labels are claims, and the policy decides what they are worth."""

    role: str | None  # None: unknown
    pool: str | None  # None: the pod claims none
    rule: int | None = None  # index in spec.identity.rules, if a rule decided
    role_label: str | None = None  # the label that decided, if a label did
    role_value: str | None = None  # what it said, which an alias may have translated
    pool_label: str | None = None  # the label that the pool was read from


def identify(pod: Pod, policy: CompiledPolicy) -> Identity:
    """Apply the rules, else the labels; an empty pool label claims no pool."""
    labels = pod.labels
    for rule in policy.rules:
        if rule.matches(labels):
            pool = labels.get(rule.pool_from) if rule.pool_from else rule.pool
            return Identity(rule.role, pool or None, rule=rule.index, pool_label=rule.pool_from)
    pool_label = next((key for key in policy.pool_labels if key in labels), None)
    pool = labels[pool_label] if pool_label else None
    role_label = next((key for key in policy.role_labels if key in labels), None)
    if role_label is None:
        return Identity(None, pool or None, pool_label=pool_label)
    value = labels[role_label]
    role = policy.aliases.get(value, value)
    return Identity(
        role if role in policy.roles else None,
        pool or None,
        role_label=role_label,
        role_value=value,
        pool_label=pool_label,
    )
