"""`worker.pools` of the Noxus Helm values -> the pools of a policy, and back.

The policy has the shape of the values, so that fields keep their names. What a policy says beyond,
such as the namespaces of a pool, the chart has no place for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

Json = dict[str, Any]

# Every field of a pool that Noxus documents; the first two say something about secrets.
FIELDS: Final = (
    *("enabled", "envSecretRef", "replicaCount", "workerSubscribe", "workerSubscribeTenants"),
    *("workerSubscribeWorkspaces", "resources", "autoscaling", "podDisruptionBudget", "affinity"),
    *("nodeSelector", "tolerations", "topologySpreadConstraints"),
)
# What the older page of Noxus names in place of envSecretRef.
_OLDER: Final = ("extraEnv", "extraSecretMounts")


class NotValuesError(Exception):
    """The document has no pools; `str()` says what was looked for."""


@dataclass(frozen=True, slots=True)
class Imported:
    """The pools that values hold, and what of them could not be taken over, a sentence each."""

    pools: dict[str, Json]
    left_out: tuple[str, ...]


def pools_of_values(values: object) -> Imported:
    """Return the pools of Helm values, in either form; raises NotValuesError."""
    worker = values.get("worker") if isinstance(values, dict) else None
    pools = worker.get("pools") if isinstance(worker, dict) else None
    if isinstance(pools, dict):
        named = list(pools.items())
        sentences: list[str] = []
    elif isinstance(pools, list):
        named, sentences = _listed(pools)
    else:
        raise NotValuesError("there is no worker.pools in it, the map of pools by their name")
    found: dict[str, Json] = {}
    for name, pool in named:
        if pool is not None and not isinstance(pool, dict):
            raise NotValuesError(f"worker.pools.{name} is no map of a pool's fields")
        found[str(name)] = {key: value for key, value in (pool or {}).items() if key in FIELDS}
        sentences += _left_out(str(name), pool or {})
    return Imported(found, tuple(sentences))


def values_of_pools(pools: Mapping[str, Json]) -> tuple[Json, tuple[str, ...]]:
    """Return Helm values with these pools of a policy, and what the chart has no place for."""
    left_out: list[str] = []
    values: dict[str, Json] = {}
    for name, pool in pools.items():
        values[name] = {key: value for key, value in pool.items() if key in FIELDS}
        beyond = [key for key in pool if key not in FIELDS]
        if beyond:
            left_out.append(
                f"pool {name}: {', '.join(beyond)} stays in the policy: the chart has no such field"
            )
    return {"worker": {"pools": values}}, tuple(left_out)


def _listed(pools: list[Any]) -> tuple[list[tuple[str, Any]], list[str]]:
    """Read the older form, a list of pools that each have a name."""
    named: list[tuple[str, Any]] = []
    for number, pool in enumerate(pools):
        name = pool.get("name") if isinstance(pool, dict) else None
        if not isinstance(name, str) or not name:
            raise NotValuesError(f"worker.pools[{number}] has no name, by which a pool is known")
        if name in dict(named):
            raise NotValuesError(f"two pools of worker.pools are called {name}: rename one")
        named.append((name, {key: value for key, value in pool.items() if key != "name"}))
    sentence = (
        "worker.pools is a list, as an older page of Noxus writes it; charts that take "
        "envSecretRef want a map by the pools' names, as it is written here"
    )
    return named, [sentence]


def _left_out(name: str, pool: Json) -> Iterator[str]:
    for key in pool:
        if key in _OLDER:
            yield f"pool {name}: {_older(key, pool[key])}"
        elif key not in FIELDS:
            yield f"pool {name}: {key} is no field that Noxus documents, and is left out"


def _older(key: str, value: object) -> str:
    """Say what becomes of an older field; names only, since the rest may be values."""
    entries = [it for it in (value if isinstance(value, list) else []) if isinstance(it, dict)]
    names = ", ".join(str(it["name"]) for it in entries if it.get("name")) or "what it holds"
    return (
        f"{key} ({names}) is left out: put its keys into one Secret, and name that in envSecretRef"
    )
