"""One pod of our Deployment on a node that is this machine: from its binding to its end."""

import copy
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.controlplane.processes import ProcessGroup
from tests.drills.container import Container
from tests.drills.volumes import MissingVolume, Sources, mount

Json = Any
TICK = 0.05
# From a change of a pod's readiness to every node's kube-proxy knowing it: the kubelet's report,
# the EndpointSlice controller, kube-proxy's own second between two changes of its rules.
ENDPOINT_LAG = 1.0
# The kubelet learns of a container's death when it lists them, once a second.
RELIST = 1.0
# It starts a dead container again at once the first time, then waits 10 s, 20 s, ... up to 5 min.
FIRST_BACK_OFF, LONGEST_BACK_OFF = 10.0, 300.0
# Volumes are refreshed once a minute on a node; nobody wants to wait so long here.
REFRESH = 1.0


class Delayed:
    """A yes or no that others see a little later."""

    def __init__(self, lag: float) -> None:
        self._lag = lag
        self.value = self._before = False
        self._since = float("-inf")

    def set(self, value: bool) -> None:
        """Change it; until `lag` seconds later others see what they see now."""
        if value is not self.value:
            self._before, self._since = self.seen(), time.monotonic()
            self.value = value

    def seen(self) -> bool:
        """Tell what others see."""
        return self.value if time.monotonic() - self._since >= self._lag else self._before


@dataclass(frozen=True)
class Node:
    """What a pod needs of its node."""

    api: str  # the API server's URL
    group: ProcessGroup
    folder: Path
    sources: Sources
    report: Callable[["RunningPod"], None]  # its readiness or its restarts have changed
    gone: Callable[["RunningPod"], None]  # it has ended after `delete`
    variables: Mapping[str, str]  # of the environment, for pods that begin now


class RunningPod:
    """Lives in a thread of its own, from the start."""

    def __init__(self, pod: Json, ip: str, node: Node) -> None:
        self.pod = copy.deepcopy(pod) | {"status": {"podIP": ip}}
        self.ip = ip
        self.name: str = pod["metadata"]["name"]
        self.uid: str = pod["metadata"]["uid"]
        (self.spec,) = pod["spec"]["containers"]
        self.ports: Mapping[str, int] = {
            it["name"]: it["containerPort"] for it in self.spec["ports"]
        }
        self.variables = dict(node.variables)
        self.restarts = 0
        self.ready = Delayed(ENDPOINT_LAG)
        self.problem = ""  # why the container does not start
        self._node = node
        self._container: Container | None = None
        self._start_at = self._refresh_at = self._died_at = 0.0
        self._deleted, self._abandoned = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._live, name=self.name, daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """The process of the container; raises RuntimeError where none runs."""
        container = self._container
        if container is None or not container.alive:
            raise RuntimeError(f"the container of {self.name} does not run: {self.problem}")
        return container.program.pid

    @property
    def terminating(self) -> bool:
        """Whether it has been deleted."""
        return self._deleted.is_set()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program: SIGKILL as the kernel does to one that uses too much
        memory; SIGSTOP, and connections are accepted by the kernel and none is answered.
        """
        if self._container is not None:
            self._container.signal(number)

    def log(self) -> str:
        """Return what the program has written so far, through all its restarts."""
        path = self._node.folder / f"{self.name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def delete(self) -> None:
        """Begin to end it, as the API server has it under deletion; `gone` is called at the end."""
        self._deleted.set()
        self.ready.set(value=False)

    def abandon(self) -> None:
        """End it now, with the node."""
        self._abandoned.set()
        self._deleted.set()
        self._thread.join()

    def _live(self) -> None:
        while not self._deleted.wait(TICK):
            self._tick(time.monotonic())
        if self._container is not None:
            self._terminate(self._container)
        self._node.gone(self)

    def _tick(self, now: float) -> None:
        if now >= self._refresh_at:
            self._refresh_at = now + REFRESH
            self._mount()
        container = self._container
        if container is None:
            if now >= self._start_at:
                self._start()
            return
        if not container.alive:
            self._dead(now)
            return
        container.look()
        if container.wrong:
            self._set_ready(value=False)
            self._terminate(container)
        else:
            self._set_ready(container.ready)

    def _mount(self) -> Mapping[str, Path] | None:
        try:
            places = mount(self.pod, self.spec, self._node.folder / self.name, self._node.sources)
        except (MissingVolume, OSError) as problem:  # or the API server is away
            self.problem = str(problem)
            return None
        self.problem = ""
        return places

    def _start(self) -> None:
        places = self._mount()
        if places is not None:
            self._container = Container(
                self.pod,
                self.spec,
                places,
                more=self.variables,
                api=self._node.api,
                group=self._node.group,
            )

    def _set_ready(self, value: bool) -> None:
        if value is not self.ready.value and not self.terminating:
            self.ready.set(value)
            self._node.report(self)

    def _dead(self, now: float) -> None:
        self._died_at = self._died_at or now
        if now < self._died_at + RELIST:
            return
        if self._container is not None:
            self._container.end()
        self._died_at, self._container = 0.0, None
        if self.restarts:
            wait = min(FIRST_BACK_OFF * 2 ** (self.restarts - 1), LONGEST_BACK_OFF)
            self._start_at = now + wait
        self.restarts += 1
        self._set_ready(value=False)
        self._node.report(self)

    def _terminate(self, container: Container) -> None:
        """Run preStop, send SIGTERM, and after the grace period SIGKILL."""
        last = time.monotonic() + self.pod["spec"]["terminationGracePeriodSeconds"]
        hook = self.spec.get("lifecycle", {}).get("preStop", {})
        self._wait_for_end(container, time.monotonic() + hook.get("sleep", {}).get("seconds", 0))
        container.signal(signal.SIGTERM)
        self._wait_for_end(container, last)
        container.end()

    def _wait_for_end(self, container: Container, until: float) -> None:
        while time.monotonic() < until and container.alive and not self._abandoned.wait(TICK):
            pass
