"""A control plane with our manifests applied, our pods running, our Service leading to them.

Nothing in the manifests is changed: the API server gives Services loopback addresses, so that it
reaches ours by its ClusterIP as everywhere.
"""

import contextlib
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tests.controlplane.plane import ControlPlane
from tests.controlplane.processes import ControlPlaneError
from tests.drills.addresses import Addresses
from tests.drills.kubelet import Kubelet
from tests.drills.service import ServiceProxy

ROOT = Path(__file__).parents[2]
BASE = ROOT / "manifests" / "base"
NAMESPACE, NAME = "noxus-secrets", "noxus-secret-webhook"
# A Python program starts in a second or two; on two busy cores three of them take ten.
START_SECONDS = 60.0
TAIL_LINES, TAIL_WIDTH = 5, 300  # of each pod's log in an error


def why_not() -> str:
    """Say why this cannot run here; empty: it can.

    The Service's port is 443, as in the manifests, and not everybody may listen on it.
    """
    with contextlib.closing(socket.socket()) as trial:
        try:
            trial.bind(("127.0.0.1", 443))
        except PermissionError:
            return (
                "port 443 of loopback addresses may not be bound: be root, or "
                "`sysctl net.ipv4.ip_unprivileged_port_start=443`"
            )
        except OSError:  # somebody has it there, and may
            return ""
    return ""


class Cluster:
    """Starts on entering the context, or by `start()`; stops on leaving it, or by `stop()`.

    `install` applies manifests and returns; `wait_ready` waits for the Deployment.
    """

    def __init__(self, *, apiserver_flags: Sequence[str] = ()) -> None:
        self._addresses = Addresses.reserve()
        range_flag = f"--service-cluster-ip-range={self._addresses.service_range}"
        self.plane = ControlPlane(apiserver_flags=[range_flag, *apiserver_flags])
        self.kubelet: Kubelet
        self.service: ServiceProxy | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the control plane and a node with nothing on it."""
        self.plane.start()
        self.kubelet = Kubelet(self.plane, NAMESPACE, self._addresses)
        self.kubelet.start()

    def stop(self) -> None:
        """End everything."""
        if self.service is not None:
            self.service.stop()
            self.service = None
        if hasattr(self, "kubelet"):
            self.kubelet.stop()
        self.plane.stop()
        self._addresses.close()

    def install(self, folder: Path = BASE) -> None:
        """Apply a folder as an operator would, and let the Service lead to what is ready."""
        self.plane.kubectl("apply", "--server-side", "-k", folder)
        self.lead()

    def lead(self) -> None:
        """Do kube-proxy's work for our Service, which must exist."""
        path = f"/api/v1/namespaces/{NAMESPACE}/services/{NAME}"
        spec = self.plane.api("GET", path).body["spec"]
        (port,) = spec["ports"]
        address = (spec["clusterIP"], port["port"])
        self.service = ServiceProxy(address, lambda: self.kubelet.endpoints(port["targetPort"]))
        self.service.start()

    def wait_ready(self, count: int = 3, *, timeout: float = START_SECONDS) -> None:
        """Wait until so many pods are ready and the Service leads to them."""
        try:
            self.plane.wait_for(
                lambda: len(self.kubelet.endpoints()) >= count,
                f"{count} ready pods",
                timeout=timeout,
            )
        except ControlPlaneError as problem:
            raise ControlPlaneError(f"{self._told()}\n{problem}") from None

    def _told(self) -> str:
        """Say how each pod is, with the end of its log."""
        lines = []
        for pod in self.kubelet.pods():
            state = pod.problem or ("ready" if pod.ready.value else "not ready")
            lines.append(f"{pod.name}: {state}, {pod.restarts} restarts")
            lines += [f"  {line[:TAIL_WIDTH]}" for line in pod.log().splitlines()[-TAIL_LINES:]]
        return "\n".join(lines)
