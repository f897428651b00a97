"""The scene of a drill: three replicas under load, and what can be done to them."""

import signal
import time
from collections.abc import Mapping
from typing import Any

from tests.controlplane.client import Response
from tests.controlplane.plane import ControlPlane
from tests.controlplane.processes import ControlPlaneError
from tests.drills.cluster import NAME, NAMESPACE, Cluster
from tests.drills.metrics import by_label
from tests.drills.pod import RunningPod
from tests.e2e.harness import INJECTION, create_pod
from tests.e2e.world import frontend, policy, sources

Json = Any
POLICIES = "/apis/secrets.noxus.ai/v1alpha1/secretinjectionpolicies"
# The one that a new installation starts with; ours takes its name, since two would be in conflict.
POLICY = "noxus"
REPLICAS = 3
SPEC: Json = policy("drill")["spec"]
OK, CREATED, NOT_FOUND, CONFLICT = 200, 201, 404, 409
MERGE = "application/merge-patch+json"


class Stage:
    """A cluster with our manifests and the policy of the load; `quick` drills do things once."""

    def __init__(self, cluster: Cluster, *, quick: bool) -> None:
        self.cluster, self.quick = cluster, quick
        self.plane: ControlPlane = cluster.plane
        self.kubelet = cluster.kubelet
        self.elsewhere = self.plane.namespace("elsewhere")  # never opted in

    def prepare(self) -> None:
        """Install, and wait until pods are given what the load's policy says."""
        self.cluster.install()
        self.cluster.wait_ready(REPLICAS)
        self.plane.wait_for(lambda: self.policy(POLICY).status == OK, "initial policy")
        self.write_policy(POLICY, SPEC)
        self.settle()

    def settle(self) -> None:
        """Wait until all replicas are ready and all of them go by the policy."""
        self.cluster.wait_ready(REPLICAS)
        self.wait_in_force(POLICY)
        namespace = self.namespace()
        self.plane.wait_for(lambda: injects(self.plane, namespace), "injection")

    def namespace(self) -> str:
        """Make a namespace that is opted in and under the load's policy."""
        return self.plane.namespace("drill", {INJECTION: "enabled"})

    def policy(self, name: str) -> Response:
        """Read a policy."""
        return self.plane.api("GET", f"{POLICIES}/{name}")

    def write_policy(self, name: str, spec: Json) -> None:
        """Create a policy, or replace all of its spec."""
        document = policy(name) | {"metadata": {"name": name}, "spec": spec}

        def written() -> bool:
            there = self.policy(name)
            if there.status == OK:
                document["metadata"] = there.body["metadata"]
                answer = self.plane.api("PUT", f"{POLICIES}/{name}", document)
            else:
                answer = self.plane.api("POST", POLICIES, document)
            if answer.status not in {OK, CREATED, CONFLICT}:
                raise ControlPlaneError(f"policy {name!r} cannot be written: {answer.message}")
            return answer.status != CONFLICT  # its status was written meanwhile

        self.plane.wait_for(written, f"written policy {name!r}")

    def change_policy(self, spec: Json) -> Json:
        """Change something in the load's policy; returns it as it is stored."""
        answer = self.plane.api("PATCH", f"{POLICIES}/{POLICY}", {"spec": spec}, content_type=MERGE)
        if answer.status != OK:
            raise ControlPlaneError(f"the policy cannot be changed: {answer.message}")
        return answer.body

    def wait_in_force(self, *names: str) -> float:
        """Wait until all replicas go by the newest generations; returns the seconds it took."""
        begun = time.monotonic()
        listed = self.plane.api("GET", POLICIES).body["items"]
        newest = {it["metadata"]["name"]: it["metadata"]["generation"] for it in listed}
        wanted = {name: newest[name] for name in names}

        def everywhere() -> bool:
            return all(
                wanted.items() <= by_label(pod, "policy_observed_generation", "policy").items()
                for pod in self.kubelet.ready()
            )

        self.plane.wait_for(everywhere, f"{len(names)} policies in force on all replicas")
        return time.monotonic() - begun

    def leader(self) -> RunningPod:
        """Return the pod that leads; waits until there is one."""
        path = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/{NAME}"

        def leading() -> RunningPod | None:
            holder = self.plane.api("GET", path).body.get("spec", {}).get("holderIdentity")
            return next((pod for pod in self.kubelet.ready() if pod.name == holder), None)

        return self.plane.wait_for(leading, "leader")

    def wait_unready(self, pod: RunningPod) -> None:
        """Wait until the Service no longer leads to a pod."""
        self.plane.wait_for(
            lambda: not pod.ready.value and not pod.ready.seen(), f"{pod.name} out of the Service"
        )

    def busiest(self) -> RunningPod:
        """Return the ready pod with most connections: that whose loss hurts most."""
        return max(self.kubelet.ready(), key=self.connections)

    def connections(self, pod: RunningPod) -> int:
        """Count the API server's connections to a pod at this moment."""
        service = self.cluster.service
        return 0 if service is None else service.open[pod.ip, pod.ports["https"]]

    def connections_ever(self, pod: RunningPod) -> int:
        """Count the API server's connections to a pod so far."""
        service = self.cluster.service
        return 0 if service is None else service.made[pod.ip, pod.ports["https"]]

    def lose(self, pod: RunningPod) -> None:
        """End a pod for good and at once, as when its node is taken away."""
        pod.signal(signal.SIGKILL)
        self.kubectl("delete", "pod", pod.name, "--force", "--grace-period=0")

    def kubectl(self, *words: str) -> None:
        """Run kubectl in our namespace."""
        self.plane.kubectl("--namespace", NAMESPACE, *words)

    def roll_out(self) -> None:
        """Restart the Deployment, and wait until all old pods have ended."""
        self.kubectl("rollout", "restart", f"deployment/{NAME}")
        self.kubectl("rollout", "status", f"deployment/{NAME}", "--timeout=120s")
        self.plane.wait_for(
            lambda: len(self.kubelet.pods()) == REPLICAS, "end of all old pods", timeout=60.0
        )

    def untouched(self, seconds: float) -> Mapping[str, object]:
        """Create pods in a namespace that takes no part for so long; says how that went."""
        longest, failed = 0.0, 0
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            begun = time.monotonic()
            answer = create_pod(
                self.plane, self.elsewhere, {"metadata": {"generateName": "other-"}}
            )
            failed += answer.status != CREATED
            longest = max(longest, time.monotonic() - begun)
            time.sleep(0.1)
        return {"elsewhere_failed": failed, "elsewhere_longest_ms": round(longest * 1000)}


def injects(plane: ControlPlane, namespace: str) -> bool:
    """Tell whether a pod that is created now would be given its sources."""
    answer = create_pod(plane, namespace, frontend(), dry_run=True)
    return answer.status == CREATED and sources(answer.body) == {"app": ["app-env"]}
