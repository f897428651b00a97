"""One run of our program as a container of the Deployment's pod would run it.

It is `python -m webhook` with the arguments and variables of the manifest. Different from a node:
it listens on the pod's own loopback address instead of all addresses, volumes lie in a folder, and
where a ServiceAccount's token is mounted it comes in a kubeconfig.
"""

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.controlplane.processes import ProcessGroup, Program
from tests.drills.probe import Probe, Spec
from tests.drills.volumes import field

Json = Any
ROOT = Path(__file__).parents[2]
TOKEN_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - a path


class Container:
    """Started at once; its probes are asked by `look`."""

    def __init__(
        self,
        pod: Json,
        spec: Json,
        places: Mapping[str, Path],
        *,
        more: Mapping[str, str],
        api: str,
        group: ProcessGroup,
    ) -> None:
        """Take the pod with its address in `status.podIP`, and where its mount paths lie.

        `more` are variables of the environment that the manifest does not have.
        """
        self._pod, self._spec, self._places = pod, spec, places
        self._ip: str = pod["status"]["podIP"]
        self._probes: dict[str, Probe] = {}
        self.wrong = False  # a probe says that it must be restarted
        self.ready = False
        environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT)}
        environment |= {it["name"]: self._variable(it) for it in spec.get("env", [])}
        if "/tmp" in places:  # noqa: S108 - the path in the container
            environment["TMPDIR"] = str(places["/tmp"])  # noqa: S108
        environment |= more
        command = [sys.executable, "-m", "webhook", *self._arguments(api)]
        self.program: Program = group.start(pod["metadata"]["name"], command, environment)
        self._begin("startupProbe", verdict=False)

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self.program.alive

    def look(self) -> None:
        """See what the probes have come to; the others begin when the start-up probe succeeds."""
        startup = self._probes.get("startupProbe")
        if startup is not None:
            self.wrong = startup.decided and not startup.verdict
            if not startup.verdict:
                return
            startup.stop()
            self._probes.clear()
        if not self._probes:
            self._begin("readinessProbe", verdict=False)
            self._begin("livenessProbe", verdict=True)
        self.ready = self._probes["readinessProbe"].verdict
        self.wrong = not self._probes["livenessProbe"].verdict

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        if self.alive:
            os.kill(self.program.pid, number)

    def end(self) -> None:
        """End it at once, and see it gone."""
        self.forget_probes()
        self.signal(signal.SIGKILL)
        self.program.stop()

    def forget_probes(self) -> None:
        """Ask it nothing any more."""
        for probe in self._probes.values():
            probe.stop()

    def _begin(self, kind: str, *, verdict: bool) -> None:
        spec = Spec.of(self._spec, kind)
        if spec is not None:
            self._probes[kind] = Probe(spec, self._ip, verdict=verdict)

    def _arguments(self, api: str) -> Sequence[str]:
        ports = {it["name"]: it["containerPort"] for it in self._spec["ports"]}
        # Of several, the last one counts.
        more = [f"--listen={self._ip}:{ports['https']}"]
        more.append(f"--health-listen={self._ip}:{ports['health']}")
        if TOKEN_FOLDER in self._places:
            more.append(f"--kubeconfig={self._kubeconfig(api)}")
            more.append(f"--namespace={self._pod['metadata']['namespace']}")
        return [*map(self._here, self._spec["args"]), *more]

    def _variable(self, variable: Json) -> str:
        if "valueFrom" in variable:
            return field(self._pod, variable["valueFrom"]["fieldRef"]["fieldPath"])
        return self._here(str(variable.get("value", "")))

    def _here(self, text: str) -> str:
        """Translate a value, or that of a --flag=value, if it lies below a mount path."""
        flag, equals, value = text.rpartition("=")
        for path, place in self._places.items():
            if value == path or value.startswith(f"{path}/"):
                return f"{flag}{equals}{place}{value.removeprefix(path)}"
        return text

    def _kubeconfig(self, api: str) -> Path:
        """Write a kubeconfig that is the pod's ServiceAccount, and stays it when the token changes.

        `api` is the API server's URL.
        """
        mounted = self._places[TOKEN_FOLDER]
        cluster = {"server": api, "certificate-authority": str(mounted / "ca.crt")}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "drill", "cluster": cluster}],
            "users": [{"name": "pod", "user": {"tokenFile": str(mounted / "token")}}],
            "contexts": [{"name": "drill", "context": {"cluster": "drill", "user": "pod"}}],
            "current-context": "drill",
        }
        path = mounted.parent / "kubeconfig"
        path.write_text(yaml.safe_dump(config))
        return path
