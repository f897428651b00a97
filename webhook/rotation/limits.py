"""A policy -> the Secrets that it hands out in a namespace, and how old each may become."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from webhook.core.policy import PolicySpec
from webhook.core.policy_upkeep import Risk
from webhook.core.words import POOL_SCOPE_PREFIX
from webhook.secretref.reference import risk as risk_of_key

# What a policy says nothing of: a pool's Secret is there for API keys of its own, which Noxus names
# as what is of high risk; in a Secret that is handed out whole nobody knows what lies.
_OF_POOLS: Final = Risk.HIGH
_OF_WHOLE: Final = Risk.MEDIUM
_ORDER: Final = (Risk.LOW, Risk.MEDIUM, Risk.HIGH)


@dataclass(frozen=True, slots=True)
class Limit:
    """A Secret of a policy, who hands it out, and how old it may become."""

    secret: str
    scopes: tuple[str, ...]
    risk: Risk
    days: int


def limits(spec: PolicySpec, namespace: str) -> list[Limit]:
    """Return a limit for each Secret that may be handed out in a namespace, in injection order."""
    scopes: dict[str, list[str]] = {}
    risks: dict[str, list[Risk]] = {}
    for secret, scope, risk in _given(spec, namespace):
        scopes.setdefault(secret, []).append(scope)
        risks.setdefault(secret, []).append(risk)
    days = _days(spec)
    found = {secret: max(its, key=_ORDER.index) for secret, its in risks.items()}
    return [
        Limit(secret, tuple(dict.fromkeys(scopes[secret])), risk, days[risk])
        for secret, risk in found.items()
    ]


def _given(spec: PolicySpec, namespace: str) -> Iterator[tuple[str, str, Risk]]:
    for scope in spec.scopes:
        if not scope.cover(namespace):
            continue
        for kind, reference in (it.read for it in scope.env_from):
            if kind == "Secret":
                yield reference.name, scope.name, scope.risk or _OF_WHOLE
        for variable in scope.env:
            known = Risk(risk_of_key(variable.name).value.capitalize())
            yield variable.value_from.secret_key_ref.name, scope.name, scope.risk or known
    for name, pool in spec.worker.pools.items():
        if pool.enabled and pool.env_secret_ref and pool.cover(namespace):
            yield pool.env_secret_ref, POOL_SCOPE_PREFIX + name, pool.risk or _OF_POOLS


def _days(spec: PolicySpec) -> Mapping[Risk, int]:
    rotation = spec.rotation
    return {
        Risk.HIGH: int(rotation.high[:-1]),
        Risk.MEDIUM: int(rotation.medium[:-1]),
        Risk.LOW: int(rotation.low[:-1]),
    }
