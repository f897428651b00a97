"""Creates pods through the API server at a steady rate, and keeps what became of each."""

import http.client
import json
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from tests.kind.cluster import Cluster, ClusterError
from tests.kind.world import Namespace, labels, pod_spec

Json = Any
CREATED: Final = 201
# A node of two cores runs the whole cluster and stores these beside it.
PER_SECOND: Final = 5
# No node has it: the pods are stored and never run.
NOWHERE: Final = {"nodeSelector": {"e2e.noxus.ai/nowhere": "true"}}
SOURCES: Final = ["app-env", "worker-env", "tenant-a-llm"]


class Load:
    """What came back for each pod: its sources as they were stored, or the words of a refusal."""

    def __init__(self) -> None:
        self.created = 0
        self.wrong: list[str] = []

    def add(self, status: int, body: Json) -> None:
        """Keep one answer."""
        if status != CREATED:
            self.wrong.append(f"{status} {body.get('message')}")
            return
        self.created += 1
        (container,) = body["spec"]["containers"]
        stored = [it["secretRef"]["name"] for it in container.get("envFrom", [])]
        if stored != SOURCES:
            self.wrong.append(f"stored with {stored}")


@contextmanager
def creating(namespace: Namespace) -> Iterator[Load]:
    """Create pods of pool tenant-a until the end of the block; then delete them."""
    load, end = Load(), threading.Event()
    with proxy(namespace.cluster) as port:
        thread = threading.Thread(target=_create, args=(namespace, port, load, end))
        thread.start()
        try:
            yield load
        finally:
            end.set()
            thread.join()
    namespace.kubectl("delete", "pods", "--selector=load=true", "--wait=false")


@contextmanager
def proxy(cluster: Cluster) -> Iterator[int]:
    """Open the API server on a loopback port, with the rights of the kubeconfig."""
    with subprocess.Popen(
        [cluster.kubectl_program, f"--kubeconfig={cluster.kubeconfig}", "proxy", "--port=0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            port = re.search(r"127\.0\.0\.1:(\d+)", line)
            if port is None:
                raise ClusterError(f"kubectl proxy: {line}")
            yield int(port[1])
        finally:
            process.terminate()


def _create(namespace: Namespace, port: int, load: Load, end: threading.Event) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    path = f"/api/v1/namespaces/{namespace.name}/pods"
    metadata = {"generateName": "load-", "labels": {"load": "true"} | labels("worker", "tenant-a")}
    pod = {"metadata": metadata, "spec": pod_spec(namespace.cluster.image, **NOWHERE)}
    body = json.dumps(pod)
    due = time.monotonic()
    while not end.wait(max(0.0, due - time.monotonic())):
        due += 1 / PER_SECOND
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        load.add(answer.status, json.loads(answer.read()))
    connection.close()
