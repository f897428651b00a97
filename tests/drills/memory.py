"""A day of pods in minutes, all at one replica: does its memory grow?

The day is that of a busy cluster: a pod created each second, each being two reviews, the policy
changed every ten minutes, the certificate every eight hours. What happens by the clock alone, such
as the closing of idle connections, happens as often as in the minutes that it takes.
"""

import http.client
import ssl
import statistics
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.controlplane.processes import ControlPlaneError
from tests.drills.certificates import bundle, rotated_leaf
from tests.drills.pod import RunningPod
from tests.drills.reviews import Review, stream
from tests.drills.stage import Stage

PODS_A_SECOND = 1.0
HOURS = 24.0
POLICY_EVERY, LEAF_EVERY, SAMPLE_EVERY = 600, 8 * 3600, 600  # simulated seconds
# Until caches, pools and the allocator have what they will ever have.
WARM_UP_HOURS = 4.0
CLIENTS = 8
# A connection is given up after so many reviews, as API servers do with idle ones.
REVIEWS_A_CONNECTION = 500
PATIENCE = 30.0
KB_A_MB = 1024


@dataclass(frozen=True)
class Day:
    """What was sent, and the memory while it was."""

    hours: float
    reviews: int
    wrong: Sequence[str]  # answers that were not as they must be
    seconds: float  # that it really took
    samples: Sequence[tuple[float, float]]  # hour, MB

    @property
    def settled(self) -> Sequence[tuple[float, float]]:
        """The samples after the warm-up: the first sixth of the day."""
        return [it for it in self.samples if it[0] >= self.hours * WARM_UP_HOURS / HOURS]

    @property
    def slope(self) -> float:
        """By how many MB the memory grows in an hour, by least squares after the warm-up."""
        hours, sizes = zip(*self.settled, strict=True)
        return statistics.linear_regression(hours, sizes).slope

    def row(self) -> dict[str, object]:
        """Return the figures."""
        sizes = [size for _, size in self.settled]
        return {
            "drill": "a day of load",
            "hours": self.hours,
            "seconds": round(self.seconds, 1),
            "reviews": self.reviews,
            "wrong": len(self.wrong),
            "mb_at_start": round(self.samples[0][1], 1),
            "mb_least": round(min(sizes), 1),
            "mb_most": round(max(sizes), 1),
            "mb_an_hour": round(self.slope, 3),
        }


def day(stage: Stage, *, hours: float = HOURS) -> Day:
    """Send that many hours to the replica that leads: it does all that others do, and more."""
    pod = stage.leader()
    client = _Clients(pod, bundle(stage))
    pods = stream(stage.plane, stage.namespace())
    count = int(hours * 3600 * PODS_A_SECOND)
    begun = time.monotonic()
    samples = [(0.0, _resident(pod))]
    with ThreadPoolExecutor(CLIENTS) as threads:
        for sent in range(0, count, SAMPLE_EVERY):
            if sent and sent % POLICY_EVERY == 0:
                pools = {"day": {"envSecretRef": f"day-{sent}"}}
                stage.change_policy({"worker": {"pools": pools}})
            if sent and sent % LEAF_EVERY == 0:
                rotated_leaf(stage)
            batch = [next(pods) for _ in range(min(SAMPLE_EVERY, count - sent))]
            list(threads.map(client.send, batch))
            samples.append(((sent + len(batch)) / 3600 / PODS_A_SECOND, _resident(pod)))
    client.close()
    return Day(hours, client.sent, client.wrong, time.monotonic() - begun, samples)


class _Clients:
    """Sends reviews from several threads, each with a connection of its own."""

    def __init__(self, pod: RunningPod, ca: bytes) -> None:
        self._pod, self._local, self._lock = pod, threading.local(), threading.Lock()
        self._tls = ssl.create_default_context(cadata=ca.decode())
        self._tls.check_hostname = False  # the address is the pod's own, the name the Service's
        self._open: list[http.client.HTTPSConnection] = []
        self.sent = 0
        self.wrong: list[str] = []

    def send(self, reviews: Sequence[Review]) -> None:
        """Send the reviews of one pod, one after the other."""
        for review in reviews:
            status, body = self._post(review)
            right = f'"allowed":{"true" if review.allowed else "false"}'.encode()
            with self._lock:
                self.sent += 1
                if status != review.status or (status == http.client.OK and right not in body):
                    self.wrong.append(f"{review.path}: {status}: {body[:300]!r}")

    def close(self) -> None:
        """Close all connections; nothing is sent any more."""
        for connection in self._open:
            connection.close()

    def _post(self, review: Review) -> tuple[int, bytes]:
        connection = self._connection()
        headers = {"Content-Type": "application/json"}
        connection.request("POST", review.path, review.body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def _connection(self) -> http.client.HTTPSConnection:
        local = self._local
        if getattr(local, "left", 0) == 0:
            if hasattr(local, "connection"):
                local.connection.close()
            local.connection = http.client.HTTPSConnection(
                self._pod.ip, self._pod.ports["https"], context=self._tls, timeout=PATIENCE
            )
            self._open.append(local.connection)
            local.left = REVIEWS_A_CONNECTION
        local.left -= 1
        connection: http.client.HTTPSConnection = local.connection
        return connection


def _resident(pod: RunningPod) -> float:
    """Return a process's memory in MB, the part of it that is really there."""
    for line in Path(f"/proc/{pod.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / KB_A_MB
    raise ControlPlaneError(f"{pod.name} has no memory")
