"""Counts what an audit of `bulk` must come to, from `kubectl get -o json`, without our package.

Forty lines that know the example policy by heart: run as `python independent.py < objects.json`
with the `items` of all namespaces, workloads and pods.
"""

import collections
import json
import sys
from typing import Any

Json = dict[str, Any]

GIVEN = {"frontend": ["app-env"], "backend": ["app-env"], "worker": ["app-env", "worker-env"]}
POOLS = {"tenant-a": ["tenant-a-llm"], "tenant-b": ["tenant-b-llm"], "default": []}
MANAGED = {"app-env", "worker-env", "tenant-a-llm", "tenant-b-llm", "llm-keys", "plugin-secrets"}


def judge(labels: Json, spec: Json) -> str:
    """Return refused, injected or nothing."""
    role, pool = labels.get("noxus.ai/role"), labels.get("noxus.ai/worker-pool")
    if pool is not None and pool not in POOLS:
        return "refused"
    given = GIVEN.get(role, []) + POOLS.get(pool, [])
    verdict = "nothing"
    for container in spec["containers"]:
        has = [e["secretRef"]["name"] for e in container.get("envFrom", [])]
        if any(name in MANAGED and name not in given for name in has):
            return "refused"
        if [name for name in has if name in MANAGED] != given:
            verdict = "injected"
    return verdict


def count(items: list[Json]) -> dict[str, int]:
    """Return the totals by the names that the report has for them."""
    totals: collections.Counter[str] = collections.Counter()
    modes = {
        it["metadata"]["name"]: it["metadata"].get("labels", {}).get("secrets.noxus.ai/injection")
        for it in items
        if it["kind"] == "Namespace"
    }
    totals["namespaces"] = sum(1 for mode in modes.values() if mode)
    for it in items:
        kind, meta = it["kind"], it["metadata"]
        if kind == "Namespace":
            continue
        mode, owned = modes[meta["namespace"]], bool(meta.get("ownerReferences"))
        spec = it.get("spec", it)
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        template = {"metadata": meta, "spec": spec} if kind == "Pod" else spec["template"]
        labels = template["metadata"].get("labels", {})
        ended = kind == "Pod" and it["status"].get("phase") in ("Failed", "Succeeded")
        verdict = judge(labels, template["spec"])
        if mode and kind == "Pod":
            totals["pods"] += 1
            state = {"nothing": "Current", "injected": "Lacking", "refused": "Refused"}[verdict]
            totals[f"pods{'Finished' if ended else state}"] += 1
        if owned:
            continue
        if mode:
            totals["entries"] += not ended
            totals[verdict] += not ended
        elif "noxus.ai/role" in labels and not ended:
            totals["outside"] += 1
        else:
            totals["skipped"] += 1
    return totals


if __name__ == "__main__":
    print(json.dumps(count(json.load(sys.stdin)["items"])))  # noqa: T201 - it is a script
