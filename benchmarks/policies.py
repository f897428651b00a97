"""The policy of the benchmark: as files, as our own tables, and as what the peers understand."""

import json
from pathlib import Path
from typing import Any

import yaml

from webhook.core.compile import compile_policy
from webhook.core.policy import Policy
from webhook.core.policyset import PolicySet

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "policy.yaml"


def document(pools: int | None = None) -> dict[str, Any]:
    """Read the example's policy; with `pools`, it has so many, tenant-a among them."""
    read: dict[str, Any] = yaml.safe_load(EXAMPLE.read_bytes())
    if pools is not None:
        first = read["spec"]["worker"]["pools"]["tenant-a"]
        more = {
            f"tenant-{n}": {"envSecretRef": f"tenant-{n}-llm", "namespaces": ["noxus"]}
            for n in range(1, pools)
        }
        read["spec"]["worker"]["pools"] = {"tenant-a": first, **more}
    return read


def compiled(pools: int | None = None) -> PolicySet:
    """Return the tables that decisions are made by."""
    return PolicySet([compile_policy(Policy.model_validate_json(json.dumps(document(pools))))])


def for_peers() -> dict[str, Any]:
    """Return what the peers inject: role -> sources, pool -> Secret. They know no conditions."""
    spec = document()["spec"]
    roles: dict[str, list[dict[str, str]]] = {}
    for scope in spec["scopes"]:
        if scope.get("onRequest"):
            continue
        for role in scope["roles"]:
            roles.setdefault(role, []).extend(
                {
                    "scope": scope["name"],
                    "secret": source["secretRef"]["name"],
                    "prefix": source.get("prefix", ""),
                }
                for source in scope.get("envFrom", ())
            )
    return {
        "roleLabel": "noxus.ai/role",
        "poolLabel": "noxus.ai/worker-pool",
        "roles": roles,
        "pools": {name: pool["envSecretRef"] for name, pool in spec["worker"]["pools"].items()},
    }
