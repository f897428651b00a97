"""Elects one replica by a Lease: the one that writes.

The client library has an election of its own; it goes by the wall clock, so that a clock that is
set makes two leaders, and it never lets go, so that a rollout waits for the lease to run out.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final, Protocol

from webhook.cluster.api import ApiError
from webhook.telemetry.logs import event, fault

Json = dict[str, Any]

# client-go's own times, seconds: who does not renew for LEASE is replaced, who cannot renew for
# DEADLINE stops by itself before that, and all look every RETRY.
LEASE: Final = 15.0
DEADLINE: Final = 10.0
RETRY: Final = 2.0

# Close to the deadline an attempt still gets the time of one round trip.
_SHORTEST: Final = 0.1
# Letting go spares the next one a wait; a server that hangs must not make it one for us.
_RELEASE: Final = 2.0


class Leases(Protocol):
    """What is needed of the API."""

    async def get(self, path: str, **query: str) -> Json:
        """Read an object."""

    async def create(self, path: str, body: Json) -> Json:
        """Create one."""

    async def replace(self, path: str, body: Json) -> Json:
        """Write one, if nobody else has meanwhile."""


class Election:
    """Takes part in the election for as long as `run` runs."""

    def __init__(  # noqa: PLR0913  each is another's business
        self,
        api: Leases,
        *,
        namespace: str,
        name: str,
        identity: str,
        lead: Callable[[], Awaitable[None]],
        changed: Callable[[bool], None],
        failed: Callable[[], None],
        clock: Callable[[], float],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        retry: float = RETRY,
    ) -> None:
        """Take `lead`, which is run while we lead and cancelled when we no longer do.

        `clock` is monotonic, in seconds: how long a lease is good is measured by it. `now` is only
        written down, for people.
        """
        self._api, self._identity = api, identity
        self._collection = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._path, self._name, self._namespace = f"{self._collection}/{name}", name, namespace
        self._lead, self._changed, self._failed = lead, changed, failed
        self._clock, self._now = clock, now
        self._retry = retry
        self._seen: Json = {}  # the Lease's spec as it was last seen
        self._seen_at = 0.0
        self.leader = ""  # who leads, as far as we know
        self._said = ""  # the last problem that was logged

    async def run(self) -> None:
        """Take part for ever; being cancelled lets go of the lease."""
        while True:
            asked = self._clock()
            if await self._try(within=DEADLINE):
                await self._hold(asked)
            await asyncio.sleep(self._retry)

    async def _hold(self, renewed: float) -> None:
        """Lead; `renewed` is when the lease was asked for: the answer may have come long after."""
        event(logging.INFO, "this replica leads", identity=self._identity)
        self._changed(True)
        leading = asyncio.ensure_future(self._lead())
        try:
            while self._clock() - renewed < DEADLINE and not leading.done():
                await asyncio.wait([leading], timeout=self._retry)
                asked = self._clock()
                left = DEADLINE - (asked - renewed)
                if await self._try(within=max(_SHORTEST, left)):
                    renewed = asked
                elif self.leader != self._identity:
                    break  # somebody else leads already
        finally:
            leading.cancel()
            (ended,) = await asyncio.gather(leading, return_exceptions=True)
            if isinstance(ended, Exception):
                fault("the leader's work failed; another term begins it anew", ended)
            self._changed(False)
            event(logging.INFO, "this replica no longer leads", identity=self._identity)
            # Shielded: we are here because we are told to stop, and this is part of stopping.
            await asyncio.shield(self._release())

    async def _try(self, *, within: float) -> bool:
        """Take or renew the lease in so many seconds; tells whether we lead."""
        try:
            async with asyncio.timeout(within):
                return await self._take()
        except ApiError as problem:
            if problem.status != HTTPStatus.CONFLICT:  # then another one was faster
                self._say(str(problem))
        except TimeoutError:
            self._say("the API server does not answer in time")
        return False

    def _say(self, problem: str) -> None:
        self._failed()
        if problem != self._said:
            self._said = problem
            event(logging.WARNING, "the leader cannot be elected", reason=problem)

    async def _take(self) -> bool:
        try:
            lease = await self._api.get(self._path)
        except ApiError as problem:
            if problem.status != HTTPStatus.NOT_FOUND:
                raise
            metadata = {"name": self._name, "namespace": self._namespace}
            lease = await self._api.create(self._collection, self._lease(metadata, {}))
            return self._see(lease)
        spec = lease.get("spec") or {}
        if spec != self._seen:
            self._see(lease)
        holder = str(spec.get("holderIdentity") or "")
        # By our own clock since we saw it change: those of two machines are never compared.
        fresh = self._clock() - self._seen_at < float(spec.get("leaseDurationSeconds") or LEASE)
        if holder not in ("", self._identity) and fresh:
            return False
        renewed = self._lease(lease["metadata"], spec)
        return self._see(await self._api.replace(self._path, renewed))

    def _see(self, lease: Json) -> bool:
        self._said = ""
        self._seen, self._seen_at = lease.get("spec") or {}, self._clock()
        self.leader = str(self._seen.get("holderIdentity") or "")
        return self.leader == self._identity

    def _lease(self, metadata: Json, before: Json) -> Json:
        now = self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        mine = before.get("holderIdentity") == self._identity
        changes = int(before.get("leaseTransitions") or 0)
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": metadata,
            "spec": {
                "holderIdentity": self._identity,
                "leaseDurationSeconds": int(LEASE),
                "acquireTime": before.get("acquireTime", now) if mine else now,
                "renewTime": now,
                "leaseTransitions": changes if mine or not before else changes + 1,
            },
        }

    async def _release(self) -> None:
        """Let go, so that the next one need not wait for the lease to run out."""
        try:
            async with asyncio.timeout(_RELEASE):
                lease = await self._api.get(self._path)
                if (lease.get("spec") or {}).get("holderIdentity") == self._identity:
                    # A second is what client-go writes: an empty holder is free at once anyway.
                    lease["spec"] |= {"holderIdentity": "", "leaseDurationSeconds": 1}
                    await self._api.replace(self._path, lease)
        except (ApiError, TimeoutError):
            return  # then it runs out
