"""Who a pod is: its role and its pool, from the policy's rules and the pod's labels."""

from typing import NamedTuple

from tests.properties.oracle_policy import Json, known_roles


class Identity(NamedTuple):
    role: str | None  # None: no role that the policy knows
    pool: str | None  # None: the pod names no pool


def requirement_holds(requirement: Json, labels: dict[str, str]) -> bool:
    key, values = requirement["key"], requirement.get("values") or []
    return {
        "In": key in labels and labels[key] in values,
        "NotIn": key not in labels or labels[key] not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }[requirement["operator"]]


def selector_matches(selector: Json, labels: dict[str, str]) -> bool:
    """The Kubernetes label selector: everything that is given must hold."""
    as_requirements = [
        {"key": key, "operator": "In", "values": [value]}
        for key, value in (selector.get("matchLabels") or {}).items()
    ]
    return all(
        requirement_holds(requirement, labels)
        for requirement in as_requirements + (selector.get("matchExpressions") or [])
    )


def _first(keys: list[str], labels: dict[str, str]) -> str | None:
    return next((labels[key] for key in keys if key in labels), None)


def identify(spec: Json, labels: dict[str, str]) -> Identity:
    """The first matching rule says both; without one the labels do."""
    identity = spec.get("identity") or {}
    for rule in identity.get("rules") or []:
        if selector_matches(rule["selector"], labels):
            pool = rule.get("pool") or labels.get(rule.get("poolFrom", ""))
            return Identity(rule["role"], pool or None)
    value = _first(identity.get("roleLabels") or ["noxus.ai/role"], labels)
    role = (identity.get("aliases") or {}).get(value, value)
    pool = _first(identity.get("poolLabels") or ["noxus.ai/worker-pool"], labels)
    return Identity(role if role in known_roles(spec) else None, pool or None)
