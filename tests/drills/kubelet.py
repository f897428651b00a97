"""A kubelet for our own namespace: runs the pods that the Deployment's ReplicaSet makes.

The pods are the API server's: bound to a node, started, reported ready, and taken away when they
are deleted. So `kubectl rollout restart`, `kubectl scale` and `kubectl delete pod` do what they do
in a cluster. While the API server is away, what runs goes on running.
"""

import http.client
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.controlplane.flags import write_secret
from tests.controlplane.plane import ControlPlane
from tests.controlplane.processes import ControlPlaneError, ProcessGroup
from tests.drills.addresses import Addresses
from tests.drills.pod import RunningPod, Surroundings

Json = Any
NODE = "drill"
SYNC_EVERY = 0.2
OK, CREATED = 200, 201
# Longer than any drill; a kubelet would ask for a new one at four fifths of it.
TOKEN_SECONDS = 6 * 3600
AWAY = (OSError, http.client.HTTPException, ControlPlaneError)


class Kubelet:
    """Runs every pod of a namespace, from `start` to `stop`."""

    def __init__(self, plane: ControlPlane, namespace: str, addresses: Addresses) -> None:
        self._plane, self._namespace, self._addresses = plane, namespace, addresses
        self._folder = plane.folder / "node"
        self._folder.mkdir(mode=0o700)
        self._group = ProcessGroup(self._folder, temporary=False)
        self._pods: dict[str, RunningPod] = {}  # by UID
        self._ended: dict[str, RunningPod] = {}
        self._changed: set[str] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kubelet", daemon=True)
        self._node = Surroundings(
            group=self._group,
            folder=self._folder,
            read=self._read,
            kubeconfig=self._kubeconfig,
            report=self._report,
            gone=self._gone,
        )

    def start(self) -> None:
        """Begin to look for pods."""
        self._thread.start()

    def stop(self) -> None:
        """End every pod at once."""
        self._stopping.set()
        self._thread.join()
        for pod in self.pods():
            pod.abandon()
        self._group.close()

    def pods(self) -> list[RunningPod]:
        """Return the pods that run, the oldest first."""
        with self._lock:
            return list(self._pods.values())

    def ready(self) -> list[RunningPod]:
        """Return the pods that are ready at this moment."""
        return [pod for pod in self.pods() if pod.ready.value]

    def endpoints(self, port: str = "https") -> Sequence[tuple[str, int]]:
        """Return where a Service leads to by what its kube-proxy knows."""
        return [(pod.ip, pod.ports[port]) for pod in self.pods() if pod.ready.seen()]

    def logs(self) -> dict[str, str]:
        """Return what every pod wrote, those that have ended included."""
        return {path.stem: path.read_text() for path in sorted(self._folder.glob("*.log"))}

    def _run(self) -> None:
        while not self._stopping.wait(SYNC_EVERY):
            try:
                self._sync()
            except AWAY:
                continue

    def _sync(self) -> None:
        answer = self._plane.api("GET", self._path("pods"))
        if answer.status != OK:
            return
        seen = {it["metadata"]["uid"]: it for it in answer.body["items"]}
        with self._lock:
            known = dict(self._pods)
            ended, self._ended = self._ended, {}
        for uid, pod in ended.items():
            if uid in seen:
                self._forget(uid, pod)
        for uid, it in seen.items():
            if uid not in known and uid not in ended and "deletionTimestamp" not in it["metadata"]:
                self._take(uid, it)
        for uid, pod in known.items():
            gone = uid not in seen or "deletionTimestamp" in seen[uid]["metadata"]
            if gone and not pod.terminating:
                pod.delete()
        for uid in [uid for uid in self._changed.copy() if uid in seen]:
            if uid in known:
                self._changed.discard(uid)
                self._write_status(known[uid])

    def _take(self, uid: str, pod: Json) -> None:
        name = pod["metadata"]["name"]
        if "nodeName" not in pod["spec"]:
            binding = {"metadata": {"name": name}, "target": {"kind": "Node", "name": NODE}}
            if (
                self._plane.api("POST", self._path(f"pods/{name}/binding"), binding).status
                != CREATED
            ):
                return
        with self._lock:
            self._pods[uid] = RunningPod(pod, self._addresses.pod(), self._node)
        self._changed.add(uid)

    def _forget(self, uid: str, pod: RunningPod) -> None:
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": uid}}
        answer = self._plane.api("DELETE", self._path(f"pods/{pod.name}"), options)
        if answer.status != OK:
            with self._lock:
                self._ended[uid] = pod  # again in the next round

    def _report(self, pod: RunningPod) -> None:
        self._changed.add(pod.pod["metadata"]["uid"])

    def _gone(self, pod: RunningPod) -> None:
        uid = pod.pod["metadata"]["uid"]
        with self._lock:
            self._pods.pop(uid, None)
            self._ended[uid] = pod

    def _write_status(self, pod: RunningPod) -> None:
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
        status = {
            "phase": "Running",
            "podIP": pod.ip,
            "podIPs": [{"ip": pod.ip}],
            "conditions": conditions,
            "containerStatuses": [container],
        }
        answer = self._plane.api(
            "PATCH",
            self._path(f"pods/{pod.name}/status"),
            {"status": status},
            content_type="application/merge-patch+json",
        )
        if answer.status != OK:
            self._report(pod)

    def _read(self, kind: str, name: str) -> Json | None:
        try:
            answer = self._plane.api("GET", self._path(f"{kind}/{name}"))
        except AWAY as problem:
            raise OSError(str(problem)) from None
        return answer.body if answer.status == OK else None

    def _kubeconfig(self, pod: Json) -> Path:
        """Write a kubeconfig with a token of the pod's ServiceAccount: RBAC is that of the pod."""
        meta = pod["metadata"]
        account = pod["spec"]["serviceAccountName"]
        spec = {
            "expirationSeconds": TOKEN_SECONDS,
            "boundObjectRef": {
                "apiVersion": "v1",
                "kind": "Pod",
                "name": meta["name"],
                "uid": meta["uid"],
            },
        }
        answer = self._plane.api(
            "POST", self._path(f"serviceaccounts/{account}/token"), {"spec": spec}
        )
        if answer.status != CREATED:
            raise OSError(f"no token for ServiceAccount {account!r}: {answer.message}")
        folder = self._folder / str(meta["name"])
        write_secret(folder / "token", answer.body["status"]["token"].encode())
        (folder / "ca.crt").write_bytes(self._plane.ca_pem)
        cluster = {"server": self._plane.url, "certificate-authority": str(folder / "ca.crt")}
        context = {"cluster": "drill", "user": account, "namespace": self._namespace}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "drill", "cluster": cluster}],
            "users": [{"name": account, "user": {"tokenFile": str(folder / "token")}}],
            "contexts": [{"name": "drill", "context": context}],
            "current-context": "drill",
        }
        path = folder / "kubeconfig"
        path.write_text(yaml.safe_dump(config))
        return path

    def _path(self, rest: str) -> str:
        return f"/api/v1/namespaces/{self._namespace}/{rest}"
