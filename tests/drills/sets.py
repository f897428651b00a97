"""Pods made by a controller: it tries again where the creation is refused or fails."""

import contextlib
import http.client
import threading
import time
from typing import Any

from tests.controlplane.plane import ControlPlane
from tests.drills.outcome import Sets
from tests.drills.pods import CASE, CASES, is_right

Json = Any
EVERY = 1.0  # seconds from one ReplicaSet to the next
REPLICAS = 5
LOOK_EVERY = 0.25
# For the last ones, after the load: the controller tries again after 5 ms, 10 ms, ... so that it
# has tried a dozen times in 20 s, and the next time would be 20 s later.
PATIENCE = 45.0
OK, CREATED = 200, 201
AWAY = (OSError, http.client.HTTPException)


class ReplicaSets:
    """Creates a ReplicaSet each second and watches them become complete."""

    def __init__(self, plane: ControlPlane, namespace: str) -> None:
        self._plane = plane
        self._sets = f"/apis/apps/v1/namespaces/{namespace}/replicasets"
        self._pods = f"/api/v1/namespaces/{namespace}/pods?labelSelector=drill%2Fset"
        self._created: dict[str, float] = {}
        self._complete: dict[str, float] = {}
        self._stopping, self._all_created = threading.Event(), threading.Event()
        self._creating = threading.Thread(target=self._create, daemon=True)
        self._watching = threading.Thread(target=self._watch, daemon=True)
        self.outcome = Sets()

    def start(self) -> None:
        """Begin to create."""
        self._creating.start()
        self._watching.start()

    def stop(self) -> None:
        """Wait for those that are not complete, look at all pods, and take everything away."""
        self._stopping.set()
        self._creating.join()
        self._all_created.set()
        self._watching.join()
        pods = self._plane.api("GET", self._pods).body["items"]
        self.outcome = Sets(
            wanted=REPLICAS * len(self._created),
            there=len(pods),
            without_sources=sum(not is_right(pod) for pod in pods),
            longest_seconds=max(self._seconds(), default=0.0),
        )
        self._plane.api("DELETE", f"{self._sets}?propagationPolicy=Background")
        self._plane.api("DELETE", self._pods)

    def _seconds(self) -> list[float]:
        now = time.monotonic()
        return [self._complete.get(name, now) - begun for name, begun in self._created.items()]

    def _create(self) -> None:
        number = 0
        while not self._stopping.wait(EVERY):
            with contextlib.suppress(*AWAY):
                if self._plane.api("POST", self._sets, _set(f"set-{number}")).status == CREATED:
                    self._created[f"set-{number}"] = time.monotonic()
            number += 1

    def _watch(self) -> None:
        end: float | None = None
        while end is None or time.monotonic() < end:
            with contextlib.suppress(*AWAY):
                self._look()
            if self._all_created.is_set():
                end = end or time.monotonic() + PATIENCE
                if self._complete.keys() >= self._created.keys():
                    return
            time.sleep(LOOK_EVERY)

    def _look(self) -> None:
        answer = self._plane.api("GET", self._sets)
        for it in answer.body.get("items", []) if answer.status == OK else []:
            if it["status"]["replicas"] == REPLICAS:
                self._complete.setdefault(it["metadata"]["name"], time.monotonic())


def _set(name: str) -> Json:
    case = CASES["worker"]
    own = {"drill/set": name}
    labels = {**case.pod["metadata"]["labels"], **own, CASE: case.name}
    template = {"metadata": {"labels": labels}, "spec": case.pod["spec"]}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": name},
        "spec": {"replicas": REPLICAS, "selector": {"matchLabels": own}, "template": template},
    }
