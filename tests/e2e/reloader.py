"""What Reloader does, as far as its documentation says, in a few lines of our own.

A Secret or ConfigMap changes; of the workloads of its namespace, those that name it are rolled out.
The annotations of the pod template count only where the workload itself has none of them.
"""

import re
from collections.abc import Mapping
from typing import Any

from tests.e2e.harness import OK
from tests.e2e.workloads import DAEMON_SET, DEPLOYMENT, STATEFUL_SET, Kind, patch
from tests.e2e.world import Namespace

Json = Any

RESTARTS = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET)
AUTO, SEARCH = "reloader.stakater.com/auto", "reloader.stakater.com/search"


def restarted_by(namespace: Namespace, kind: str, name: str) -> set[str]:
    """Roll out what names this object, as Kind/name, and say what that was."""
    found = set()
    for resource, workload in _workloads(namespace):
        if _names(workload, kind.lower(), name):
            found.add(f"{resource.kind}/{workload['metadata']['name']}")
            _roll_out(namespace, resource, workload["metadata"]["name"], name)
    return found


def _workloads(namespace: Namespace) -> list[tuple[Kind, Json]]:
    return [
        (kind, item)
        for kind in RESTARTS
        for item in namespace.plane.api("GET", kind.path(namespace.name)).body["items"]
    ]


def _names(workload: Json, kind: str, name: str) -> bool:
    key = f"{kind}.reloader.stakater.com/reload"
    annotations = _annotations(workload)
    if not any(it in annotations for it in (key, AUTO, SEARCH, f"{kind}.{AUTO}")):
        annotations = _annotations(workload["spec"]["template"])
    listed = annotations.get(key, "").split(",")
    return any(re.fullmatch(it.strip(), name) for it in listed)


def _annotations(it: Json) -> Mapping[str, str]:
    return it["metadata"].get("annotations") or {}


def _roll_out(namespace: Namespace, kind: Kind, workload: str, why: str) -> None:
    mark = {"reloader.stakater.com/last-reloaded-from": why}
    body = {"spec": {"template": {"metadata": {"annotations": mark}}}}
    assert patch(namespace, kind, body, name=workload).status == OK
