"""One pod of our Deployment on a node that is this machine: its container, its probes, its end.

The container is `python -m webhook` with the arguments of the manifest. What is different from a
node: the program listens on the pod's own loopback address instead of all addresses, volumes lie
in a folder, and the ServiceAccount's token comes in a kubeconfig.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.controlplane.processes import ProcessGroup, Program
from tests.drills.probe import Probe, Spec
from tests.drills.volumes import MissingVolume, Read, mount

Json = Any
ROOT = Path(__file__).parents[2]
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


@dataclass
class Delayed:
    """A yes or no that others see a little later."""

    lag: float
    value: bool = False
    _before: bool = False
    _since: float = 0.0

    def set(self, value: bool) -> None:
        """Change it; until `lag` seconds later others see what they see now."""
        if value is not self.value:
            self._before, self._since = self.seen(), time.monotonic()
            self.value = value

    def seen(self) -> bool:
        """Tell what others see."""
        return self.value if time.monotonic() - self._since >= self.lag else self._before


@dataclass
class Surroundings:
    """What a pod needs of its node."""

    group: ProcessGroup
    folder: Path
    read: Read
    kubeconfig: Callable[[Json], Path]
    report: Callable[["RunningPod"], None]  # its readiness or its restarts have changed
    gone: Callable[["RunningPod"], None]  # it has ended after `delete`


@dataclass
class Container:
    """One run of the program."""

    program: Program
    probes: dict[str, Probe] = field(default_factory=dict)


class RunningPod:
    """A pod from its binding to its end, in a thread of its own."""

    def __init__(self, pod: Json, ip: str, node: Surroundings) -> None:
        """Begin at once."""
        self.pod, self.ip = pod, ip
        self.name: str = pod["metadata"]["name"]
        (self.spec,) = pod["spec"]["containers"]
        self.ports: Mapping[str, int] = {
            it["name"]: it["containerPort"] for it in self.spec["ports"]
        }
        self.restarts = 0
        self.ready = Delayed(ENDPOINT_LAG)
        self.problem = ""  # why the container does not start
        self._node = node
        self._container: Container | None = None
        self._start_at, self._refresh_at, self._died_at = 0.0, 0.0, 0.0
        self._deleted, self._abandoned = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._live, name=self.name, daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """The process of the container; raises RuntimeError where none runs."""
        if self._container is None or not self._container.program.alive:
            raise RuntimeError(f"the container of {self.name} does not run")
        return self._container.program.pid

    @property
    def terminating(self) -> bool:
        """Whether it has been deleted."""
        return self._deleted.is_set()

    def kill(self) -> None:
        """Do what the kernel does to a process that uses too much memory."""
        os.kill(self.pid, signal.SIGKILL)

    def freeze(self) -> None:
        """Let the process stand still: connections are accepted by the kernel, none is answered."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on, if it was not restarted meanwhile."""
        os.kill(self.pid, signal.SIGCONT)

    def log(self) -> str:
        """Return what the program has written so far, through all its restarts."""
        path = self._node.folder / f"{self.name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def delete(self) -> None:
        """Begin to end it, as the API server has it under deletion; `gone` is called at the end."""
        self._deleted.set()
        self.ready.set(False)

    def abandon(self) -> None:
        """End it now, with the node."""
        self._abandoned.set()
        self._thread.join()

    def _live(self) -> None:
        while not (self._deleted.is_set() or self._abandoned.is_set()):
            self._tick(time.monotonic())
            self._deleted.wait(TICK)
        if self._container is not None:
            if not self._abandoned.is_set():
                self._terminate(self._container)
            end(self._container.program)
        self._node.gone(self)

    def _tick(self, now: float) -> None:
        if now >= self._refresh_at:
            self._refresh_at = now + REFRESH
            self._mount()
        if self._container is None:
            if now >= self._start_at:
                self._start()
        elif not self._container.program.alive:
            self._dead(now)
        else:
            self._look(self._container)

    def _mount(self) -> dict[str, Path] | None:
        try:
            places = mount(self.pod, self.spec, self._node.folder / self.name, self._node.read)
        except (MissingVolume, OSError) as problem:
            self.problem = str(problem)
            return None
        self.problem = ""
        return places

    def _start(self) -> None:
        places = self._mount()
        if places is None:
            return
        command = [sys.executable, "-m", "webhook", *self._arguments(places)]
        environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT)}
        environment |= {it["name"]: self._variable(it) for it in self.spec.get("env", [])}
        program = self._node.group.start(self.name, command, environment)
        self._container = Container(program)
        self._begin("startupProbe", verdict=False)

    def _arguments(self, places: Mapping[str, Path]) -> list[str]:
        arguments = []
        for it in self.spec["args"]:
            flag, equals, value = it.partition("=")
            for path, place in places.items():
                if value == path or value.startswith(f"{path}/"):
                    value = str(place) + value.removeprefix(path)
            arguments.append(flag + equals + value)
        arguments.append(f"--listen={self.ip}:{self.ports['https']}")
        arguments.append(f"--health-listen={self.ip}:{self.ports['health']}")
        if "--policy-from=cluster" in arguments:
            metadata = self.pod["metadata"]
            arguments.append(f"--kubeconfig={self._node.kubeconfig(self.pod)}")
            arguments.append(f"--namespace={metadata['namespace']}")
            arguments.append(f"--identity={metadata['name']}")
        return arguments

    def _variable(self, variable: Json) -> str:
        if "value" in variable:
            return str(variable["value"])
        path = variable["valueFrom"]["fieldRef"]["fieldPath"]
        known = {
            "metadata.name": self.name,
            "metadata.namespace": self.pod["metadata"]["namespace"],
            "status.podIP": self.ip,
        }
        return str(known[path])

    def _begin(self, kind: str, *, verdict: bool) -> None:
        spec = Spec.of(self.spec, kind)
        if spec is not None and self._container is not None:
            self._container.probes[kind] = Probe(
                spec, self.ip, started=time.monotonic(), verdict=verdict
            )

    def _look(self, container: Container) -> None:
        startup = container.probes.get("startupProbe")
        if startup is not None:
            startup.look(time.monotonic())
            if startup.decided and not startup.verdict:
                self._restart(container)
            if not startup.verdict:
                return
            del container.probes["startupProbe"]
        if not container.probes:
            self._begin("readinessProbe", verdict=False)
            self._begin("livenessProbe", verdict=True)
        for kind, probe in list(container.probes.items()):
            probe.look(time.monotonic())
            if kind == "readinessProbe":
                self._set_ready(probe.verdict)
            elif not probe.verdict:
                self._restart(container)
                return

    def _set_ready(self, ready: bool) -> None:
        if ready is not self.ready.value and not self._deleted.is_set():
            self.ready.set(ready)
            self._node.report(self)

    def _restart(self, container: Container) -> None:
        self._set_ready(ready=False)
        self._terminate(container)

    def _dead(self, now: float) -> None:
        self._died_at = self._died_at or now
        if now < self._died_at + RELIST:
            return
        self._died_at = 0.0
        wait = min(FIRST_BACK_OFF * 2 ** (self.restarts - 1), LONGEST_BACK_OFF)
        self._start_at = now + (wait if self.restarts else 0.0)
        self.restarts += 1
        self._container = None
        self._set_ready(ready=False)
        self._node.report(self)

    def _terminate(self, container: Container) -> None:
        """Run preStop, send SIGTERM, and after the grace period SIGKILL."""
        last = time.monotonic() + self.pod["spec"]["terminationGracePeriodSeconds"]
        hook = self.spec.get("lifecycle", {}).get("preStop", {})
        self._wait_for_end(container, time.monotonic() + hook.get("sleep", {}).get("seconds", 0))
        if container.program.alive:
            os.kill(container.program.pid, signal.SIGTERM)
        self._wait_for_end(container, last)
        end(container.program)

    def _wait_for_end(self, container: Container, until: float) -> None:
        while (
            time.monotonic() < until and container.program.alive and not self._abandoned.wait(TICK)
        ):
            pass


def end(program: Program) -> None:
    """End a program at once, and see it gone."""
    if program.alive:
        os.kill(program.pid, signal.SIGKILL)
    program.stop()  # waits for it
