"""What happens to policies while pods are created: each a function of the stage."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.drills.cluster import BASE
from tests.drills.faults import Notes
from tests.drills.metrics import read
from tests.drills.stage import NOT_FOUND, OK, POLICIES, POLICY, REPLICAS, SPEC, Stage
from tests.e2e.world import policy

Json = Any
POOLS = 10_000  # the most that the resource definition takes
COUNT, WRITERS = 200, 8
CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
CRD_NAME = "secretinjectionpolicies.secrets.noxus.ai"


def ten_thousand_pools(stage: Stage) -> Notes:
    """Let the policy have 10,000 pools."""
    few = SPEC["worker"]["pools"]
    names = [f"pool-{number:05}" for number in range(POOLS - len(few))]
    many = {name: {"envSecretRef": f"{name}-env"} for name in names}
    stage.write_policy(POLICY, SPEC | {"worker": {"pools": few | many}})
    notes = {"in_force_s": round(stage.wait_in_force(POLICY), 2)}
    time.sleep(1 if stage.quick else 10)
    resident = max(_resident(pod_metrics) for pod_metrics in map(read, stage.kubelet.ready()))
    stage.write_policy(POLICY, SPEC)
    stage.wait_in_force(POLICY)
    return {**notes, "resident_mb": resident}


def two_hundred_policies(stage: Stage) -> Notes:
    """Add 199 policies, each for namespaces of its own."""
    names = [f"team-{number:03}" for number in range(COUNT - 1)]
    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(lambda name: stage.write_policy(name, policy(name)["spec"]), names))
    notes = {"in_force_s": round(stage.wait_in_force(*names), 2)}
    resident = max(_resident(pod_metrics) for pod_metrics in map(read, stage.kubelet.ready()))
    time.sleep(1 if stage.quick else 10)
    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(lambda name: stage.plane.api("DELETE", f"{POLICIES}/{name}"), names))
    return {**notes, "resident_mb": resident}


def policy_that_does_not_load(stage: Stage) -> Notes:
    """Misspell a field; restart a replica meanwhile; correct it."""
    begun = time.monotonic()
    stage.change_policy({"scopse": []})
    stage.plane.wait_for(lambda: _ready(stage) == "Invalid", "status Invalid")
    notes = {"status_s": round(time.monotonic() - begun, 2)}
    stage.kubectl("delete", "pod", stage.busiest().name, "--wait=false")
    stage.plane.wait_for(lambda: len(stage.kubelet.pods()) > REPLICAS, "a new replica")
    stage.plane.wait_for(
        lambda: len(stage.kubelet.pods()) == REPLICAS, "end of the old replica", timeout=60.0
    )
    stage.cluster.wait_ready(REPLICAS)
    stage.change_policy({"scopse": None})
    stage.plane.wait_for(lambda: _ready(stage) == "InForce", "status InForce")
    return notes


def crd_deleted(stage: Stage) -> Notes:
    """Delete the resource definition and all policies with it; restore both."""
    stage.plane.kubectl("delete", "crd", CRD_NAME)
    stage.plane.wait_for(
        lambda: stage.plane.api("GET", f"{CRD}/{CRD_NAME}").status == NOT_FOUND, "end of the CRD"
    )
    notes = stage.untouched(2 if stage.quick else 10)
    stage.plane.kubectl("apply", "--server-side", "-k", BASE)
    begun = time.monotonic()
    stage.plane.wait_for(lambda: stage.plane.api("GET", POLICIES).status == OK, "the resource")
    stage.write_policy(POLICY, SPEC)
    stage.settle()
    return {**notes, "back_s": round(time.monotonic() - begun, 1)}


def _ready(stage: Stage) -> str:
    """Return the reason of the policy's condition Ready."""
    conditions = stage.policy(POLICY).body.get("status", {}).get("conditions", [])
    return next((it["reason"] for it in conditions if it["type"] == "Ready"), "")


def _resident(metrics: str) -> int:
    """Return a replica's memory in MB."""
    line = next(
        it for it in metrics.splitlines() if it.startswith("process_resident_memory_bytes ")
    )
    return round(float(line.split()[1]) / 1e6)
