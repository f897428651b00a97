"""Events: what was decided, shown where people look, at the workload that controls the pod.

They are sent beside the requests, never by them: what goes wrong here is counted and logged, and
no request waits for it or fails by it. Each replica sends its own.
"""

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final, Protocol

from webhook.cluster.api import ApiError
from webhook.cluster.backoff import Backoff
from webhook.cluster.eventqueue import EventQueue, Series
from webhook.cluster.telling import Reason, Telling, clip_bytes, telling
from webhook.cluster.tokens import TokenBucket
from webhook.core.names import MAX_SUBDOMAIN, object_name
from webhook.telemetry.logs import Throttle, event, fault
from webhook.wire.answer import Answer

Json = dict[str, Any]

CONTROLLER: Final = "secrets.noxus.ai/webhook"
MAX_INSTANCE: Final = 128  # bytes, by the API's validation of reportingInstance
ACTIONS: Final = {
    Reason.INJECTED: "Inject",
    Reason.REFUSED: "Refuse",
    Reason.DRY_RUN: "Observe",
    Reason.RELOADED: "Restart",
}
# Writes a second, and how many at once. Three replicas without a pause write 54,000 Events in the
# hour that the API server keeps them; of 1.5 kB each, they take 80 MB of etcd's 2 GB.
BURST: Final = 50
EVERY: Final = 0.2
# A failure that is not the Event's own may pass: after 1, 2, 4 and 8 s it is tried again, and then
# given up. While the API server is away it asks us nothing, so there is little to keep.
TRIES: Final = 5
FIRST_WAIT: Final = 1.0
# What is left when we are told to stop is a handful of Events, of some 10 ms each.
LAST_SECONDS: Final = 1.0
# One log line of a kind in so many seconds; the metrics count all.
_QUIET: Final = 60.0

_HASH: Final = 16  # hexadecimal digits: as many as client-go's time in nanoseconds has
# What says nothing of the Event, as does any status from 500 on; 0: nobody answered.
_PASSING: Final = frozenset(
    {
        0,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)


class Events(Protocol):
    """What is needed of the API."""

    async def create(self, path: str, body: Json) -> Json:
        """Create an object."""

    async def patch(self, path: str, body: Json) -> Json:
        """Change one."""


class Counts(Protocol):
    """What is needed of the metrics."""

    def event_sent(self, reason: str) -> None:
        """Count a write of an Event."""

    def event_dropped(self, why: str) -> None:
        """Count what was not written: queue_full, rate, duplicate or error."""

    def api_failed(self, what: str) -> None:
        """Count a call that the API server did not answer as wanted."""


class EventSink:
    """Takes in decisions; `run` sends what there is to say of them."""

    def __init__(
        self,
        api: Events,
        *,
        identity: str,
        metrics: Counts,
        clock: Callable[[], float],
        now: Callable[[], float],
        random: Callable[[], float],
        silent: frozenset[str] = frozenset(),
    ) -> None:
        """Take our name, a monotonic clock, one of seconds since 1970, and numbers in [0, 1).

        `silent` are the namespaces that never take part: whoever says so has not been the API
        server, and shall not have us write there.
        """
        self._api, self._metrics, self._clock = api, metrics, clock
        self._silent = silent
        self._instance = clip_bytes(identity, MAX_INSTANCE)
        self._queue = EventQueue(clock=clock, now=now, dropped=metrics.event_dropped)
        self._bucket = TokenBucket(burst=BURST, every=EVERY, clock=clock)
        self._backoff = Backoff(random=random, first=FIRST_WAIT)
        self._throttle = Throttle(every=_QUIET, clock=clock)
        self._news = asyncio.Event()
        self._tries = 0  # of the head of the queue
        self._not_before = clock()  # by the monotonic clock: the end of a wait after a failure

    def decided(self, answer: Answer, seconds: float) -> None:
        """Take in one decision; never waits, never fails, keeps nothing of the request."""
        del seconds
        try:
            said = telling(answer)
            if said is not None and said.namespace not in self._silent:
                self.offer(said)
        except Exception as problem:  # noqa: BLE001  a request that is decided shall not fail by it
            self._fault(problem)
            self._metrics.event_dropped("error")

    def offer(self, said: Telling) -> None:
        """Queue an Event, or count it where it happened before; drops and counts what is much."""
        if self._queue.offer(said):
            self._news.set()

    async def run(self) -> None:
        """Send for ever; being cancelled sends what waits, for a second at most."""
        try:
            while True:
                await self._pause(await self._step())
        finally:
            # Shielded: we are here because we are told to stop, and this is part of stopping.
            await asyncio.shield(self.flush())

    async def flush(self) -> None:
        """Send what waits, for a second at most; what fails, or would go too fast, is left out."""
        self._queue.hurry()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_SECONDS):
                while await self._step() == 0:
                    pass
        if len(self._queue):
            event(logging.INFO, "some Events were not sent", count=len(self._queue))

    async def _pause(self, seconds: float | None) -> None:
        """Wait so long, or until there is news; None: for news alone."""
        if seconds == 0:
            return
        self._news.clear()  # what it was set for is in the queue, and was looked at
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()

    async def _step(self) -> float | None:
        """Write one Event, if there is one and it is time; returns how long to wait for the next.

        Never raises but for being cancelled. None: until there is news.
        """
        wait = self._not_before - self._clock()
        if wait > 0:
            return wait
        series = self._queue.head()
        if series is None:
            return self._queue.wait()
        wait = self._bucket.wait()
        if wait > 0:
            return wait
        self._bucket.take()
        try:
            await self._write(series)
        except ApiError as problem:
            self._failed(problem)
        except Exception as problem:  # noqa: BLE001  the next one may be better
            self._fault(problem)
            self._drop()
        return 0.0

    async def _write(self, series: Series) -> None:
        count = series.count  # it may grow while we wait for the answer
        path = f"/apis/events.k8s.io/v1/namespaces/{series.telling.namespace}/events"
        body = event_of(series, self._instance)
        try:
            if series.written:
                name = body["metadata"]["name"]
                await self._api.patch(f"{path}/{name}", {"series": body["series"]})
            else:
                await self._api.create(path, body)
        except ApiError as problem:
            if problem.status == HTTPStatus.NOT_FOUND and series.written:
                self._queue.anew()  # an hour after its last change the API server removes an Event
                return
            if problem.status != HTTPStatus.CONFLICT or series.written:
                raise
            # The name tells it from all others: it is ours, created by a try whose answer was lost.
        self._queue.done(count)
        self._tries = 0
        self._backoff.succeed()
        self._metrics.event_sent(series.telling.reason)

    def _failed(self, problem: ApiError) -> None:
        self._metrics.api_failed("events")
        self._tries += 1
        status = problem.status
        passing = status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR
        if passing:
            self._not_before = self._clock() + self._backoff.fail()
        if not passing or self._tries >= TRIES:
            self._drop()
        held = self._throttle.admit(str(status))
        if held is not None:
            reason = clip_bytes(str(problem))
            event(logging.WARNING, "an Event could not be sent", reason=reason, before=held)

    def _fault(self, problem: Exception) -> None:
        if self._throttle.admit("fault") is not None:
            fault("an Event could not be made", problem)

    def _drop(self) -> None:
        self._queue.drop()
        self._tries = 0
        self._metrics.event_dropped("error")


def event_of(series: Series, instance: str) -> Json:
    """Write an Event as the API wants it."""
    said = series.telling
    subject = said.subject
    body: Json = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": _name(series, instance), "namespace": said.namespace},
        "eventTime": _time(series.first),
        "reportingController": CONTROLLER,
        "reportingInstance": instance,
        "action": ACTIONS[said.reason],
        "reason": str(said.reason),
        "type": "Warning" if said.warning else "Normal",
        "note": said.note,
        "regarding": {
            "apiVersion": subject.api_version,
            "kind": subject.kind,
            "namespace": said.namespace,
            "name": subject.name,
        },
    }
    if subject.uid:  # what kubectl describe looks for
        body["regarding"]["uid"] = subject.uid
    if series.count > 1:
        body["series"] = {"count": series.count, "lastObservedTime": _time(series.last)}
    return body


def _name(series: Series, instance: str) -> str:
    """Name an Event after its object, as everybody does; the same for each try to create it."""
    whole = repr((instance, series.telling, series.first)).encode()
    ending = hashlib.sha256(whole).hexdigest()[:_HASH]
    name = series.telling.subject.name[: MAX_SUBDOMAIN - len(ending) - 1]
    try:
        return object_name(f"{name}.{ending}")
    except ValueError:  # an owner may be of any kind, and its name of any form
        return f"event.{ending}"


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")[:-6] + "Z"
