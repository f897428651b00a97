"""Keeps the last good content of each policy in the cluster, for replicas that start later.

A policy that stops loading leaves its last good content in force. A replica that starts then has
never seen that content, so the leader keeps it: as a ControllerRevision, which is what Kubernetes
has for the history of a resource, owned by the policy, so that it goes when the policy goes.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Final, Protocol

from webhook.cluster.api import ApiError
from webhook.cluster.backoff import Backoff
from webhook.core.policy import API_VERSION, KIND
from webhook.core.words import GROUP
from webhook.telemetry.logs import event

Json = dict[str, Any]

UID_LABEL: Final = f"{GROUP}/policy-uid"
# What of a resource is worth keeping; managed fields alone can be as large as all the rest.
_METADATA: Final = ("name", "uid", "generation", "creationTimestamp")


# Answers that another attempt may find changed: a token that was renewed, a server that is busy.
_PASSING: Final = frozenset(
    (HTTPStatus.UNAUTHORIZED, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
)
# The role of a fresh installation may come a little after us; applying its manifests takes seconds.
_FORBIDDEN: Final = 60.0


class Revisions(Protocol):
    """What is needed of the API."""

    async def get(self, path: str, **query: str) -> Json:
        """Read a list."""

    async def create(self, path: str, body: Json) -> Json:
        """Create an object."""

    async def delete(self, path: str, body: Json | None = None) -> None:
        """Remove one."""


class Kept:
    """The last good contents, in our own namespace."""

    def __init__(
        self,
        api: Revisions,
        *,
        namespace: str,
        backoff: Backoff,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the namespace of ours, and a clock in seconds."""
        self._api, self._backoff, self._clock = api, backoff, clock
        self._namespace = namespace
        self._path = f"/apis/apps/v1/namespaces/{namespace}/controllerrevisions"
        self._saved: dict[str, int] = {}  # uid -> generation that is known to be there

    async def recall(self, uid: str) -> Json | None:
        """Find the last good resource of a policy; None: there is none.

        While the API server is away this waits: going on without would take out of force what
        other replicas hold in force. What is forbidden is asked for again for a minute.
        """
        began, said = self._clock(), ""
        while True:
            try:
                found = await self._list(uid)
            except ApiError as problem:
                if str(problem) != said:
                    said = str(problem)
                    event(logging.WARNING, "kept policies cannot be read", reason=said)
                if not _may_pass(problem.status, waited=self._clock() - began):
                    return None  # asking again would get the same answer
                await asyncio.sleep(self._backoff.fail())
            else:
                self._backoff.succeed()
                return found[-1]["data"] if found else None

    async def save(self, resources: Iterable[Json]) -> None:
        """Keep these, each if it is not kept yet, and drop what they replace. Raises ApiError."""
        for resource in resources:
            metadata = resource["metadata"]
            uid, generation = str(metadata["uid"]), int(metadata["generation"])
            if self._saved.get(uid) == generation:
                continue
            try:
                await self._api.create(self._path, self._revision(resource, uid, generation))
            except ApiError as problem:
                if problem.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                    event(logging.WARNING, "a policy is too large to keep", policy=metadata["name"])
                elif problem.status != HTTPStatus.CONFLICT:  # it is there already
                    raise
            for old in (await self._list(uid))[:-1]:
                await self._delete(old["metadata"]["name"])
            self._saved[uid] = generation

    async def _delete(self, name: str) -> None:
        try:
            await self._api.delete(f"{self._path}/{name}")
        except ApiError as problem:
            if problem.status != HTTPStatus.NOT_FOUND:
                raise

    async def _list(self, uid: str) -> list[Json]:
        answer = await self._api.get(self._path, labelSelector=f"{UID_LABEL}={uid}")
        return sorted(answer.get("items") or (), key=lambda it: int(it.get("revision") or 0))

    def _revision(self, resource: Json, uid: str, generation: int) -> Json:
        metadata = {key: resource["metadata"].get(key) for key in _METADATA}
        owner = {"apiVersion": API_VERSION, "kind": KIND, "name": metadata["name"], "uid": uid}
        return {
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": {
                # By uid: a policy's own name may be too long to have something added to it.
                "name": f"policy-{uid}-{generation}",
                "namespace": self._namespace,
                "labels": {UID_LABEL: uid},
                "ownerReferences": [owner],
            },
            "revision": generation,
            "data": {
                "apiVersion": API_VERSION,
                "kind": KIND,
                "metadata": metadata,
                "spec": resource.get("spec"),
            },
        }


def _may_pass(status: int, *, waited: float) -> bool:
    """Tell whether another attempt may get another answer; 0: the server was not reached."""
    if status == HTTPStatus.FORBIDDEN:
        return waited < _FORBIDDEN
    server = not status or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return server or status in _PASSING
