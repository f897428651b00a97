"""What happens to the replicas while pods are created: each a function of the stage.

Each returns figures of its own for the table. `LOST` in the notes is how many calls may be lost at
most where a replica dies or stands still: one for each connection that the API server had to it.
"""

import signal
import time
from collections.abc import Callable, Mapping
from typing import Self

from tests.controlplane.processes import ControlPlaneError
from tests.drills.pod import RunningPod
from tests.drills.stage import REPLICAS, Stage

Notes = Mapping[str, object]
LOST = "connections_lost"


def nothing(stage: Stage) -> Notes:
    """Measure without any fault, for comparison."""
    time.sleep(3 if stage.quick else 20)
    return {}


def rolling_restart(stage: Stage) -> Notes:
    """Replace every replica by a new one, as an upgrade does."""
    stage.roll_out()
    return {}


def replica_killed(stage: Stage) -> Notes:
    """Kill the busiest replica with SIGKILL; its container is started again."""
    lost = 0
    for _ in range(1 if stage.quick else 3):
        with _Victim(stage, stage.busiest()) as victim:
            victim.pod.signal(signal.SIGKILL)
            victim.wait_restarted()
            stage.cluster.wait_ready(REPLICAS)
        lost += victim.lost
    return {LOST: lost}


def replica_frozen(stage: Stage) -> Notes:
    """Freeze the leader with SIGSTOP until it is out of the Service, and longer."""
    begun = time.monotonic()
    with _Victim(stage, stage.leader()) as victim:
        victim.pod.signal(signal.SIGSTOP)
        stage.wait_unready(victim.pod)
        out = time.monotonic() - begun
        if not stage.quick:
            time.sleep(15)
        victim.pod.signal(signal.SIGCONT)
        stage.cluster.wait_ready(REPLICAS)
    return {LOST: victim.lost, "out_of_service_s": round(out, 1)}


def every_replica_frozen(stage: Stage) -> Notes:
    """Freeze all replicas; other namespaces are looked at meanwhile."""
    pods = stage.kubelet.ready()
    for pod in pods:
        pod.signal(signal.SIGSTOP)
    notes = stage.untouched(5 if stage.quick else 20)
    for pod in pods:
        pod.signal(signal.SIGCONT)
    return {**notes, "back_s": _back(stage)}


def every_replica_down(stage: Stage) -> Notes:
    """Scale to no replica and back; other namespaces are looked at meanwhile."""
    stage.kubectl("scale", "deployment/noxus-secret-webhook", "--replicas=0")
    stage.plane.wait_for(lambda: not stage.kubelet.pods(), "end of all replicas", timeout=60.0)
    notes = stage.untouched(2 if stage.quick else 15)
    stage.kubectl("scale", "deployment/noxus-secret-webhook", f"--replicas={REPLICAS}")
    return {**notes, "back_s": _back(stage)}


def cold_start(stage: Stage) -> Notes:
    """Stop the API server and etcd, lose every replica, and start again."""
    pods = stage.kubelet.pods()
    stage.plane.stop_apiserver()
    for pod in pods:
        pod.signal(signal.SIGKILL)
    stage.plane.start_apiserver()
    stage.plane.restart_etcd()
    for pod in pods:
        stage.lose(pod)
    return {"back_s": _back(stage)}


def leader_lost(stage: Stage) -> Notes:
    """Take the leader away for good; policies are followed meanwhile, and another one leads."""
    begun = time.monotonic()
    with _Victim(stage, stage.leader()) as victim:
        stage.lose(victim.pod)
        pools = {"leaderless": {"envSecretRef": f"leaderless-{int(begun)}"}}
        stage.change_policy({"worker": {"pools": pools}})
        in_force = stage.wait_in_force("noxus")
        stage.cluster.wait_ready(REPLICAS)
    stage.leader()
    found = time.monotonic() - begun
    return {LOST: victim.lost, "in_force_s": round(in_force, 2), "new_leader_s": round(found, 1)}


def policy_changes(stage: Stage) -> Notes:
    """Change the policy ten times a second."""
    count, each = (20 if stage.quick else 200), 0.1
    begun = time.monotonic()
    for number in range(count):
        pools = {"churn": {"envSecretRef": f"churn-{number}"}}
        stage.change_policy({"worker": {"pools": pools}})
        time.sleep(max(0.0, begun + (number + 1) * each - time.monotonic()))
    took = time.monotonic() - begun
    last = stage.wait_in_force("noxus")
    stage.change_policy({"worker": {"pools": {"churn": None}}})
    return {"changes_per_s": round(count / took, 1), "in_force_s": round(last, 2)}


def api_server_restart(stage: Stage) -> Notes:
    """Restart the API server; the replicas' watches break."""
    for _ in range(1 if stage.quick else 3):
        stage.plane.restart_apiserver()
        time.sleep(2)
    return {"in_force_s": _still_followed(stage)}


def etcd_restart(stage: Stage) -> Notes:
    """Restart etcd under the API server."""
    for _ in range(1 if stage.quick else 3):
        stage.plane.restart_etcd()
        time.sleep(2)
    return {"in_force_s": _still_followed(stage)}


def _still_followed(stage: Stage) -> float:
    """Change the policy; returns after how many seconds that is in force."""
    pools = {"after": {"envSecretRef": f"after-{time.monotonic_ns()}"}}
    stage.plane.wait_for(
        lambda: _succeeds(lambda: stage.change_policy({"worker": {"pools": pools}})),
        "changed policy",
    )
    return round(stage.wait_in_force("noxus"), 2)


def _succeeds(act: Callable[[], object]) -> bool:
    try:
        act()
    except (ControlPlaneError, OSError):
        return False
    return True


def _back(stage: Stage) -> float:
    """Wait until all is as before; returns the seconds until pods are injected again."""
    begun = time.monotonic()
    stage.settle()
    return round(time.monotonic() - begun, 1)


class _Victim:
    """Counts the connections that a replica has, or is given, while something happens to it."""

    def __init__(self, stage: Stage, pod: RunningPod) -> None:
        self._stage, self.pod = stage, pod
        self._restarts = pod.restarts
        self.lost = 0

    def __enter__(self) -> Self:
        self._ever = self._stage.connections_ever(self.pod)
        self._open = self._stage.connections(self.pod)
        return self

    def __exit__(self, *_: object) -> None:
        self.lost = self._open + self._stage.connections_ever(self.pod) - self._ever

    def wait_restarted(self) -> None:
        """Wait until the kubelet has seen its container end and starts it again."""
        self._stage.plane.wait_for(
            lambda: self.pod.restarts > self._restarts, f"restart of {self.pod.name}"
        )
