"""Workloads, Secrets and budgets as the API server has them, for the tests of restarts."""

from datetime import UTC, datetime, timedelta
from typing import Any

from webhook.cluster.rollouts import RESTARTED_AT, Workload

Json = Any

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
RECORDED = "secrets.noxus.ai/reloaded"


def ago(seconds: float) -> str:
    return (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def secret(changed: float = 3600, *, uid: str = "u", noted: float = 0, key: str = "k") -> Json:
    """Metadata of a Secret whose data changed so many seconds ago, and a label of it later."""
    return {
        "uid": uid,
        "resourceVersion": "7",
        "managedFields": [
            {"manager": "eso", "time": ago(changed), "fieldsV1": {"f:data": {f"f:{key}": {}}}},
            {"manager": "tidy", "time": ago(noted), "fieldsV1": {"f:metadata": {"f:labels": {}}}},
        ],
    }


def workload(
    name: str = "web",
    kind: str = "Deployment",
    *,
    recorded: str = "",
    restarted: float | None = None,
    spec: Json = None,
    status: Json = None,
    role: str = "frontend",
) -> Workload:
    """A workload of two pods whose rollout is done, unless `status` says otherwise."""
    count = {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}
    if kind == "DaemonSet":
        count = {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}
    template: Json = {
        "metadata": {"labels": {"app": name, "noxus.ai/role": role}, "annotations": {}},
        "spec": {"containers": [{"name": "main"}]},
    }
    if restarted is not None:
        template["metadata"]["annotations"][RESTARTED_AT] = ago(restarted)
    body = {
        "metadata": {
            "name": name,
            "uid": f"uid-{name}",
            "resourceVersion": "5",
            "generation": 3,
            "annotations": {RECORDED: recorded} if recorded else None,
        },
        "spec": {"replicas": 2, "template": template} | (spec or {}),
        "status": {"observedGeneration": 3, **count, **(status or {})},
    }
    plural = f"{kind.lower()}s"
    return Workload(kind, f"/apis/apps/v1/namespaces/noxus/{plural}/{name}", body)


def budget(selector: Json, *, allowed: int = 0, pods: int = 2, name: str = "keep") -> Json:
    status = {"disruptionsAllowed": allowed, "expectedPods": pods}
    return {"metadata": {"name": name}, "spec": {"selector": selector}, "status": status}
