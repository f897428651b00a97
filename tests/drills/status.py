"""What a kubelet writes into a pod's status, as far as controllers and people look at it."""

import time
from typing import Any

from tests.drills.pod import RunningPod

Json = Any


def status(pod: RunningPod) -> Json:
    """Return the status of a running pod."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    ready = pod.ready.value
    conditions = [
        {"type": kind, "status": "True" if good else "False", "lastTransitionTime": now}
        for kind, good in (("Initialized", True), ("ContainersReady", ready), ("Ready", ready))
    ]
    container = {
        "name": pod.spec["name"],
        "image": pod.spec["image"],
        "imageID": "",
        "ready": ready,
        "started": ready,
        "restartCount": pod.restarts,
        "state": {"running": {"startedAt": now}},
    }
    return {
        "phase": "Running",
        "podIP": pod.ip,
        "podIPs": [{"ip": pod.ip}],
        "conditions": conditions,
        "containerStatuses": [container],
    }
