"""The kubelet's HTTP probes: when they are due, and what their answers come to."""

import http.client
import threading
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
    """Asks in a thread of its own, as long as `stop` is not called.

    The verdict is that of the answers once there were enough of the same in a row; `decided` is
    whether that has ever been so.
    """

    def __init__(self, spec: Spec, host: str, *, verdict: bool) -> None:
        """Begin, with the verdict until the answers have one."""
        self._spec, self._host = spec, host
        self._last, self._same = verdict, 0  # the last answer, and how many such in a row
        self.verdict, self.decided = verdict, False
        self._stopping = threading.Event()
        threading.Thread(target=self._run, name=f"probe {spec.path}", daemon=True).start()

    def stop(self) -> None:
        """Ask no more; an answer that is awaited no longer counts."""
        self._stopping.set()

    def _run(self) -> None:
        wait = self._spec.delay
        while not self._stopping.wait(wait):
            good = succeeds(self._host, self._spec)
            if not self._stopping.is_set():
                self._count(good=good)
            wait = self._spec.period

    def _count(self, *, good: bool) -> None:
        self._same = self._same + 1 if good is self._last else 1
        self._last = good
        if self._same >= (self._spec.successes if good else self._spec.failures):
            self.verdict, self.decided = good, True


def succeeds(host: str, spec: Spec) -> bool:
    """Ask once."""
    connection = http.client.HTTPConnection(host, spec.port, timeout=spec.timeout)
    try:
        connection.request("GET", spec.path)
        return FIRST_GOOD <= connection.getresponse().status < FIRST_BAD
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
