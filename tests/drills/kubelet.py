"""A kubelet for our own namespace: runs the pods that the Deployment's ReplicaSet makes.

The pods are the API server's: bound to a node, started, reported ready, and taken away when they
are deleted. So `kubectl rollout restart`, `kubectl scale` and `kubectl delete pod` do what they do
in a cluster. While the API server is away, what runs goes on running.
"""

import http.client
import threading
from collections.abc import Sequence
from typing import Any

from tests.controlplane.plane import ControlPlane
from tests.controlplane.processes import ProcessGroup
from tests.drills.addresses import Addresses
from tests.drills.pod import Node, RunningPod
from tests.drills.status import status
from tests.drills.tokens import Objects

Json = Any
NODE = "drill"
SYNC_EVERY = 0.2
OK, CREATED = 200, 201


class Kubelet:
    """Runs every pod of a namespace, from `start` to `stop`."""

    def __init__(self, plane: ControlPlane, namespace: str, addresses: Addresses) -> None:
        self._plane, self._addresses = plane, addresses
        self._pods_path = f"/api/v1/namespaces/{namespace}/pods"
        self._folder = plane.folder / "node"
        self._folder.mkdir(mode=0o700)
        self.variables: dict[str, str] = {}  # of the environment, for pods that begin from now on
        self._node = Node(
            api=plane.url,
            group=ProcessGroup(self._folder, temporary=False),
            folder=self._folder,
            sources=Objects(plane, namespace),
            report=lambda pod: self._changed.add(pod.uid),
            gone=self._gone,
            variables=self.variables,
        )
        self._pods: dict[str, RunningPod] = {}  # by UID
        self._ended: dict[str, RunningPod] = {}  # and still in the API server
        self._changed: set[str] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kubelet", daemon=True)

    def start(self) -> None:
        """Begin to look for pods."""
        self._thread.start()

    def stop(self) -> None:
        """End every pod at once."""
        self._stopping.set()
        self._thread.join()
        for pod in self.pods():
            pod.abandon()
        self._node.group.close()

    def pods(self) -> list[RunningPod]:
        """Return the pods that run, the oldest first."""
        with self._lock:
            return list(self._pods.values())

    def ready(self) -> list[RunningPod]:
        """Return the pods that are ready at this moment."""
        return [pod for pod in self.pods() if pod.ready.value]

    def endpoints(self, port: str = "https") -> Sequence[tuple[str, int]]:
        """Return where a Service leads to, by what its kube-proxy knows."""
        return [(pod.ip, pod.ports[port]) for pod in self.pods() if pod.ready.seen()]

    def logs(self) -> dict[str, str]:
        """Return what every pod wrote, those that have ended included."""
        return {path.stem: path.read_text() for path in sorted(self._folder.glob("*.log"))}

    def _run(self) -> None:
        while not self._stopping.wait(SYNC_EVERY):
            try:
                answer = self._plane.api("GET", self._pods_path)
                if answer.status == OK:
                    self._sync({it["metadata"]["uid"]: it for it in answer.body["items"]})
            except (OSError, http.client.HTTPException):
                continue  # what runs goes on running

    def _sync(self, seen: dict[str, Json]) -> None:
        with self._lock:
            running, ended = dict(self._pods), dict(self._ended)
        for uid, pod in running.items():
            deleted = uid not in seen or "deletionTimestamp" in seen[uid]["metadata"]
            if deleted and not pod.terminating:
                pod.delete()
        for uid, pod in ended.items():
            if uid not in seen or self._remove(pod):
                del self._ended[uid]
        for uid, pod in seen.items():
            if uid not in running and uid not in ended:
                self._take(uid, pod)
        for uid in self._changed.copy():
            self._changed.discard(uid)
            if uid in running and not self._write_status(running[uid]):
                self._changed.add(uid)

    def _take(self, uid: str, pod: Json) -> None:
        if "deletionTimestamp" in pod["metadata"]:
            return
        if "nodeName" not in pod["spec"]:
            name = pod["metadata"]["name"]
            binding = {"metadata": {"name": name}, "target": {"kind": "Node", "name": NODE}}
            path = f"{self._pods_path}/{name}/binding"
            if self._plane.api("POST", path, binding).status != CREATED:
                return
        with self._lock:
            self._pods[uid] = RunningPod(pod, self._addresses.pod(), self._node)
        self._changed.add(uid)

    def _gone(self, pod: RunningPod) -> None:
        with self._lock:
            self._pods.pop(pod.uid, None)
            self._ended[pod.uid] = pod

    def _remove(self, pod: RunningPod) -> bool:
        """Tell the API server that a pod has ended."""
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": pod.uid}}
        path = f"{self._pods_path}/{pod.name}"
        return self._plane.api("DELETE", path, options).status == OK

    def _write_status(self, pod: RunningPod) -> bool:
        answer = self._plane.api(
            "PATCH",
            f"{self._pods_path}/{pod.name}/status",
            {"status": status(pod)},
            content_type="application/merge-patch+json",
        )
        return answer.status == OK
