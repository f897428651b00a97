"""The kubelet's HTTP probes: when they are due, and what their answers come to."""

import http.client
from dataclasses import dataclass
from typing import Any, Self

Json = Any
# What counts as success to the kubelet.
FIRST_GOOD, FIRST_BAD = 200, 400


@dataclass(frozen=True)
class Spec:
    """One probe of a container; the defaults are those of Kubernetes. Times in seconds."""

    path: str
    port: int
    delay: float
    period: float
    timeout: float
    failures: int
    successes: int

    @classmethod
    def of(cls, container: Json, kind: str) -> Self | None:
        """Read `startupProbe`, `readinessProbe` or `livenessProbe`, if the container has it."""
        probe = container.get(kind)
        if probe is None:
            return None
        ports = {it["name"]: it["containerPort"] for it in container["ports"]}
        port = probe["httpGet"]["port"]
        return cls(
            path=probe["httpGet"]["path"],
            port=ports.get(port, port),
            delay=probe.get("initialDelaySeconds", 0),
            period=probe.get("periodSeconds", 10),
            timeout=probe.get("timeoutSeconds", 1),
            failures=probe.get("failureThreshold", 3),
            successes=probe.get("successThreshold", 1),
        )


class Probe:
    """One probe of a running container: the verdict changes after so many answers in a row."""

    def __init__(self, spec: Spec, host: str, *, started: float, verdict: bool) -> None:
        """Take when the container started, and the verdict until the probe has one."""
        self._spec, self._host = spec, host
        self._due = started + spec.delay
        self._same = 0  # answers in a row that speak against the verdict
        self.verdict = verdict
        self.decided = False

    def look(self, now: float) -> None:
        """Ask if it is time to; takes up to the probe's time-out."""
        if now < self._due:
            return
        self._due = now + self._spec.period
        good = succeeds(self._host, self._spec.port, self._spec.path, self._spec.timeout)
        if good is self.verdict:
            self._same, self.decided = 0, self.decided or good
            return
        self._same += 1
        if self._same >= (self._spec.successes if good else self._spec.failures):
            self._same, self.verdict, self.decided = 0, good, True


def succeeds(host: str, port: int, path: str, timeout: float) -> bool:
    """Ask once."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("GET", path)
        return FIRST_GOOD <= connection.getresponse().status < FIRST_BAD
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
