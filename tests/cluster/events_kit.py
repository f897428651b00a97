"""What the tests of Events share: clocks that are set by hand, an API server that is not there."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from webhook.cluster.api import ApiError
from webhook.cluster.events import EventSink
from webhook.cluster.telling import Reason, Telling
from webhook.wire.subject import Subject

Json = Any

# 2026-11-24T12:00:00Z in seconds since 1970.
NOON = 1_795_521_600.0
WEB = Subject("apps/v1", "ReplicaSet", "web-7d9c", "c1a7b5b2-0f3e-4b0e-8d57-1f3e5a9b7c21")
REFUSAL = "container 'app' may not read Secret 'worker-env'"


@dataclass
class Clock:
    """Seconds since 1970 by `now`; since something else, as monotonic clocks do, by calling."""

    passed: float = 0.0

    def __call__(self) -> float:
        return 5000.0 + self.passed

    def now(self) -> float:
        return NOON + self.passed


@dataclass
class FakeApi:
    """Keeps what it is sent; `failures` are answers for the next calls, None being success."""

    calls: list[tuple[str, str, Json]] = field(default_factory=list)
    failures: list[int | Exception | None] = field(default_factory=list)
    meanwhile: list[Telling] = field(default_factory=list)  # offered to `sink` during the next call
    sink: EventSink | None = None

    async def create(self, path: str, body: Json) -> Json:
        return self._call("create", path, body)

    async def patch(self, path: str, body: Json) -> Json:
        return self._call("patch", path, body)

    def verbs(self) -> list[str]:
        return [verb for verb, _, _ in self.calls]

    def _call(self, verb: str, path: str, body: Json) -> Json:
        self.calls.append((verb, path, body))
        if self.sink is not None:
            while self.meanwhile:
                self.sink.offer(self.meanwhile.pop())
        failure = self.failures.pop(0) if self.failures else None
        if isinstance(failure, Exception):
            raise failure
        if failure is not None:
            raise ApiError(failure, "Because", f"no: {failure}")
        return {}


@dataclass
class FakeCounts:
    """Counts by hand."""

    sent: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)

    def event_sent(self, reason: str) -> None:
        self.sent[reason] += 1

    def event_dropped(self, why: str) -> None:
        self.dropped[why] += 1

    def api_failed(self, what: str) -> None:
        self.failed[what] += 1


@dataclass
class Rig:
    """A sink with everything in the test's hands."""

    clock: Clock = field(default_factory=Clock)
    api: FakeApi = field(default_factory=FakeApi)
    counts: FakeCounts = field(default_factory=FakeCounts)
    identity: str = "webhook-1"

    def __post_init__(self) -> None:
        self.sink = EventSink(
            self.api,
            identity=self.identity,
            metrics=self.counts,
            clock=self.clock,
            now=self.clock.now,
            random=lambda: 1.0,
            silent=frozenset({"kube-system"}),
        )
        self.api.sink = self.sink

    async def settle(self) -> float | None:
        """Let it send all that it would send now; returns how long it would wait then."""
        while (wait := await self.sink._step()) == 0:
            pass
        return wait

    async def live(self, seconds: float) -> None:
        """Let so much time pass, and it do what it does meanwhile."""
        end = self.clock.passed + seconds
        while True:
            wait = await self.settle()
            if wait is None or self.clock.passed + wait > end:
                break
            self.clock.passed += wait
        self.clock.passed = end


def said(
    note: str = REFUSAL,
    subject: Subject = WEB,
    reason: Reason = Reason.REFUSED,
    *,
    namespace: str = "noxus",
) -> Telling:
    return Telling(namespace, subject, reason, reason is Reason.REFUSED, note)


def workload(number: int) -> Subject:
    return Subject("apps/v1", "ReplicaSet", f"web-{number}", f"uid-{number}")
