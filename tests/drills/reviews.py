"""AdmissionReviews as the API server would send them for the pods of the load."""

import copy
import itertools
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.controlplane.plane import ControlPlane
from tests.drills.pods import CASES, Case, named
from tests.e2e.harness import CREATED

Json = Any
NAMESPACES = 50
# One in a thousand is no AdmissionReview at all.
RUBBISH_EVERY = 1000
MUTATE, VALIDATE = "/mutate/enabled?timeout=3s", "/validate/enabled?timeout=3s"


@dataclass(frozen=True)
class Review:
    """One request, and the status and `allowed` that its answer must have."""

    path: str
    body: bytes
    status: int = 200
    allowed: bool = True


@dataclass(frozen=True)
class _Template:
    case: Case
    fresh: str  # the object as it is created, as JSON
    stored: str  # ... and with its sources


def stream(plane: ControlPlane, namespace: str) -> Iterator[list[Review]]:
    """Give the reviews of one pod after the other, for ever; no two pods are the same.

    Names, UIDs, owners and users are new each time: whatever is remembered of them would show.
    """
    templates = [_template(plane, namespace, case) for case in CASES.values()]
    for number, template in zip(itertools.count(1), itertools.cycle(templates), strict=False):
        if number % RUBBISH_EVERY == 0:
            yield [Review(MUTATE, b"{}", status=400)]
            continue
        refused = bool(template.case.refused)
        hooks = [Review(MUTATE, _review(template.fresh, number), allowed=not refused)]
        if not refused:
            hooks.append(Review(VALIDATE, _review(template.stored, number)))
        yield hooks


def _template(plane: ControlPlane, namespace: str, case: Case) -> _Template:
    """Let the API server complete a pod: its defaults are most of what is sent."""
    possible = CASES["frontend"] if case.refused else case
    pod = named(case, "NAME", 0)
    pod["spec"] = possible.pod["spec"]
    pod["metadata"]["name"] = "name"
    path = f"/api/v1/namespaces/{namespace}/pods?dryRun=All"
    answer = plane.api("POST", path, pod)
    assert answer.status == CREATED, answer.message
    stored = answer.body
    stored["metadata"] |= {"name": "NAME", "namespace": "NAMESPACE", "uid": "UID"}
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "OWNER", "uid": "OWNER"}
    stored["metadata"]["ownerReferences"] = [{**owner, "controller": True}]
    fresh = copy.deepcopy(stored)
    for container, own in zip(
        fresh["spec"]["containers"], case.pod["spec"]["containers"], strict=True
    ):
        container["envFrom"] = own.get("envFrom", [])
    return _Template(case, json.dumps(fresh), json.dumps(stored))


def _review(pod: str, number: int) -> bytes:
    request = {
        "uid": str(uuid.uuid4()),
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
        "requestResource": {"group": "", "version": "v1", "resource": "pods"},
        "name": f"pod-{number}",
        "namespace": f"drill-{number % NAMESPACES}",
        "operation": "CREATE",
        "userInfo": {"username": f"user-{number}", "groups": ["system:authenticated"]},
        "dryRun": False,
    }
    text = (
        pod.replace("NAMESPACE", f"drill-{number % NAMESPACES}")
        .replace("NAME", f"pod-{number}")
        .replace("OWNER", f"owner-{number}")
        .replace("UID", str(uuid.uuid4()))
    )
    head = json.dumps(
        {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
    )
    return f'{head[:-2]}, "object": {text}}}}}'.encode()
