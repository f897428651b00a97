"""Which replicas there are and what each serves: a Lease for each, which it keeps itself."""

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, Protocol

from webhook.cluster.api import ApiError
from webhook.core.words import GROUP
from webhook.telemetry.logs import event

Json = dict[str, Any]

LABEL: Final = f"{GROUP}/replica"
SERVING: Final = f"{GROUP}/serving"
# As often as the kubelet renews the Lease of its node; a change of the certificate at once.
RENEW_EVERY: Final = 10.0  # seconds
LOOK_EVERY: Final = 1.0
# Two may be missed before a replica counts as gone.
LIVE: Final = 30.0
# A replica that is frozen, or cut off from the API server only, may come back and serve what it
# served. After an hour its Service has long forgotten it.
FORGOTTEN: Final = 3600.0
# We are told to stop and have seconds; a Lease that stays is removed by the leader.
_GOODBYE: Final = 2.0


class Leases(Protocol):
    """What is needed of the API."""

    async def get(self, path: str, **query: str) -> Json: ...  # noqa: D102
    async def create(self, path: str, body: Json) -> Json: ...  # noqa: D102
    async def patch(self, path: str, body: Json) -> Json: ...  # noqa: D102
    async def delete(self, path: str, body: Json | None = None) -> None: ...  # noqa: D102


class ReplicaLease:
    """Says of this replica that it is there, and which certificate it serves."""

    def __init__(  # noqa: PLR0913  each is another's business
        self,
        api: Leases,
        *,
        namespace: str,
        service: str,
        identity: str,
        pod_uid: str = "",
        serving: Callable[[], bytes | None],
        now: Callable[[], datetime],
        failed: Callable[[], None],
        renew_every: float = RENEW_EVERY,
        look_every: float = LOOK_EVERY,
    ) -> None:
        """Take `serving`, which gives the DER of the certificate; None: there is none yet.

        With `pod_uid`, `identity` is our pod's name, and Kubernetes removes the Lease with the pod.
        """
        self._api, self._identity = api, identity
        self._owners = [_pod(identity, pod_uid)] if pod_uid else []
        self._collection = _collection(namespace)
        self._name = f"{service}-{identity}".lower()
        self._serving, self._now, self._failed = serving, now, failed
        self._renew_every, self._look_every = renew_every, look_every
        self._said = ""  # the last problem that was logged

    async def run(self) -> None:
        """Renew for ever; being cancelled removes the Lease."""
        try:
            while True:
                reported = self._mark()
                await self._renew(reported)
                waited = 0.0
                while waited < self._renew_every and self._mark() == reported:
                    await asyncio.sleep(self._look_every)
                    waited += self._look_every
        finally:
            with contextlib.suppress(ApiError, TimeoutError):
                async with asyncio.timeout(_GOODBYE):
                    await self._api.delete(f"{self._collection}/{self._name}")

    def _mark(self) -> str:
        der = self._serving()
        return "" if der is None else hashlib.sha256(der).hexdigest()

    async def _renew(self, serving: str) -> None:
        try:
            await self._write(serving)
            self._said = ""
        except ApiError as problem:
            self._failed()
            if str(problem) != self._said:
                self._said = str(problem)
                event(
                    logging.WARNING,
                    "this replica cannot say what it serves; it serves all the same",
                    reason=self._said,
                )

    async def _write(self, serving: str) -> None:
        moment = self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        metadata: Json = {"labels": {LABEL: "true"}, "annotations": {SERVING: serving}}
        if self._owners:
            metadata["ownerReferences"] = self._owners
        spec = {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": int(LIVE),
            "renewTime": moment,
        }
        try:
            await self._api.patch(
                f"{self._collection}/{self._name}", {"metadata": metadata, "spec": spec}
            )
        except ApiError as problem:
            if problem.status != HTTPStatus.NOT_FOUND:
                raise
            lease = {
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": {**metadata, "name": self._name},
                "spec": {**spec, "acquireTime": moment},
            }
            await self._api.create(self._collection, lease)


@dataclass(frozen=True, slots=True)
class Replica:
    """One replica as its Lease tells."""

    name: str  # of the Lease
    serving: str  # SHA-256 of its certificate's DER; empty: it has none
    live: bool  # it renewed its Lease in the last LIVE seconds


class Replicas:
    """All replicas, as the leader sees them."""

    def __init__(self, api: Leases, *, namespace: str, clock: Callable[[], float]) -> None:
        """Take a monotonic clock in seconds: the time in a Lease is that of another machine."""
        self._api, self._clock = api, clock
        self._collection = _collection(namespace)
        self._seen: dict[str, tuple[str, float]] = {}  # Lease -> resourceVersion, seen first at

    async def look(self) -> list[Replica]:
        """Read all Leases, and remove those that nobody renewed for an hour; raises ApiError."""
        page = await self._api.get(self._collection, labelSelector=f"{LABEL}=true")
        now, seen, replicas = self._clock(), {}, []
        for lease in page.get("items") or ():
            metadata = lease["metadata"]
            name, version = str(metadata["name"]), str(metadata["resourceVersion"])
            before, at = self._seen.get(name, ("", now))
            seen[name] = (version, at if before == version else now)
            silent = now - seen[name][1]
            if silent >= FORGOTTEN:
                await self._remove(name, version)
                continue
            serving = str((metadata.get("annotations") or {}).get(SERVING, ""))
            replicas.append(Replica(name, serving, live=silent < LIVE))
        self._seen = seen
        return replicas

    async def _remove(self, name: str, version: str) -> None:
        """Remove a Lease, unless it was renewed this very moment."""
        try:
            await self._api.delete(
                f"{self._collection}/{name}", {"preconditions": {"resourceVersion": version}}
            )
        except ApiError as problem:
            if problem.status not in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
                raise
        else:
            event(logging.INFO, "a replica that is gone is forgotten", lease=name)


def _pod(name: str, uid: str) -> Json:
    return {"apiVersion": "v1", "kind": "Pod", "name": name, "uid": uid}


def _collection(namespace: str) -> str:
    return f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
