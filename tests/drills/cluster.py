"""A control plane with our manifests applied, our Deployment's pods running, our Service leading
to them. Nothing in the manifests is changed.
"""

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from tests.controlplane.plane import ControlPlane
from tests.drills.addresses import Addresses
from tests.drills.kubelet import Kubelet
from tests.drills.service import ServiceProxy
from tests.e2e.harness import make_certificates

Json = Any
ROOT = Path(__file__).parents[2]
BASE = ROOT / "manifests" / "base"
NAMESPACE, NAME = "noxus-secrets", "noxus-secret-webhook"
TLS_SECRET = "noxus-secret-webhook-tls"  # noqa: S105 - a name
START_SECONDS = 60.0
OK = 200


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

    def bring_certificates(self, folder: Path) -> None:
        """Bring certificates of our own, as where `--certificates` is `files`."""
        make_certificates(folder)
        data = {
            name: base64.b64encode((folder / name).read_bytes()).decode()
            for name in ("ca.crt", "tls.crt", "tls.key")
        }
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/tls",
            "metadata": {"name": TLS_SECRET, "namespace": NAMESPACE},
            "data": data,
        }
        self.plane.kubectl("apply", "--server-side", "-f-", stdin=json.dumps(secret))
        for kind in ("mutating", "validating"):
            path = (
                f"/apis/admissionregistration.k8s.io/v1/{kind}webhookconfigurations/noxus-secrets"
            )
            count = len(self.plane.api("GET", path).body["webhooks"])
            patch = [
                {
                    "op": "add",
                    "path": f"/webhooks/{i}/clientConfig/caBundle",
                    "value": data["ca.crt"],
                }
                for i in range(count)
            ]
            self.plane.api("PATCH", path, patch, content_type="application/json-patch+json")

    def wait_ready(self, count: int = 3, *, timeout: float = START_SECONDS) -> None:
        """Wait until so many pods are ready and the Service leads to them."""
        self.plane.wait_for(
            lambda: len(self.kubelet.endpoints()) >= count,
            f"{count} ready pods",
            timeout=timeout,
        )
