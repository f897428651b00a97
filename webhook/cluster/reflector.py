"""Follows what the API server holds at one path: list, then watch, for ever.

The store is replaced whole on each change and is never empty by accident: whatever goes wrong, the
last objects that were seen stay, until a list or an event says otherwise.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, Protocol

from webhook.cluster.api import ApiError
from webhook.cluster.backoff import Backoff
from webhook.telemetry.logs import event

Json = dict[str, Any]
Key = tuple[str, str]  # namespace (empty: cluster-scoped) and name
Store = Mapping[Key, Json]

# Of 10,000 pools in one policy some have a megabyte: a page of all of them is never needed at once.
_PAGE: Final = "100"

# Watches end by themselves after minutes. One that tells nothing and is over at once is a server on
# its way down; to ask it again without a pause would be a storm.
_TOO_SHORT: Final = 1.0  # second


class Source(Protocol):
    """What is needed of the API."""

    async def get(self, path: str, **query: str) -> Json:
        """Read a list."""

    def watch(self, path: str, **query: str) -> AsyncIterator[Json]:
        """Yield events."""


class Reflector:
    """The objects at one path."""

    def __init__(
        self,
        api: Source,
        path: str,
        *,
        changed: Callable[[Store], None],
        backoff: Backoff,
        clock: Callable[[], float],
        failed: Callable[[], None] = lambda: None,
        **query: str,
    ) -> None:
        """Take a selector as `query`, a clock of seconds since 1970, and whom to tell of changes.

        `changed` gets all objects, in one call for a list and in one for each event after it.
        """
        self._api, self._path, self._query = api, path, query
        self._changed, self._failed = changed, failed
        self._backoff, self._clock = backoff, clock
        self._version = ""
        self._began = 0.0  # when the present watch did
        self._objects: dict[Key, Json] = {}
        self.error = ""  # why it does not follow now; empty: it does
        self.synced_at = 0.0  # when the server last said anything, in seconds since 1970; 0: never
        self.synced = asyncio.Event()  # set once there was a first list

    async def run(self) -> None:
        """Follow for ever."""
        while True:
            try:
                await self._follow()
            except ApiError as problem:
                self._fail(problem)
                await asyncio.sleep(self._backoff.fail())

    async def _follow(self) -> None:
        if not self._version:
            await self._list()
        settled: asyncio.TimerHandle | None = None
        if self.error:
            # A watch is silent until something changes, which may take a minute. That the server is
            # back is told by a call that it answers at once, and a watch that it then leaves open.
            await self._api.get(self._path, limit="1", **self._query)
            settled = asyncio.get_running_loop().call_later(_TOO_SHORT, self._succeed)
        try:
            await self._watch()
        finally:
            if settled is not None:
                settled.cancel()

    async def _watch(self) -> None:
        self._began = self._clock()
        watching = self._api.watch(
            self._path,
            resourceVersion=self._version,
            allowWatchBookmarks="true",
            **self._query,
        )
        quiet = True
        async for change in watching:
            quiet = False
            self._take(change)
            self._succeed()
        if quiet and self._clock() - self._began < _TOO_SHORT:
            raise ApiError(0, "", "the API server ends each watch at once")

    async def _list(self) -> None:
        objects: dict[Key, Json] = {}
        more: dict[str, str] = {}
        while True:
            page = await self._api.get(self._path, limit=_PAGE, **more, **self._query)
            # Elements of a list do not repeat what the list says of them all.
            shared = {"apiVersion": page.get("apiVersion")}
            if str(page.get("kind", "")).endswith("List"):
                shared["kind"] = str(page["kind"]).removesuffix("List")
            for item in page.get("items") or ():
                objects[_key(item)] = {**shared, **item}
            metadata = page.get("metadata") or {}
            if not metadata.get("continue"):
                break
            more = {"continue": str(metadata["continue"])}
        self._objects, self._version = objects, str(metadata.get("resourceVersion") or "")
        self._succeed()
        self._changed(self._objects)
        self.synced.set()

    def _take(self, change: Json) -> None:
        item = change.get("object") or {}
        self._version = str((item.get("metadata") or {}).get("resourceVersion") or self._version)
        match change.get("type"):
            case "ADDED" | "MODIFIED":
                self._objects = {**self._objects, _key(item): item}
            case "DELETED":
                gone = _key(item)
                self._objects = {key: it for key, it in self._objects.items() if key != gone}
            case _:  # a bookmark says how far we are, and nothing else
                return
        self._changed(self._objects)

    def _succeed(self) -> None:
        self.synced_at = self._clock()
        self._backoff.succeed()
        if self.error:
            self.error = ""
            event(logging.INFO, "following again", path=self._path)

    def _fail(self, problem: ApiError) -> None:
        if problem.status in (HTTPStatus.GONE, HTTPStatus.NOT_FOUND):
            self._version = ""  # what we knew is too old, or its whole kind was removed: list anew
        if problem.status == HTTPStatus.GONE:
            return  # ordinary: it happens after every longer pause
        self._failed()
        if str(problem) != self.error:
            self.error = str(problem)
            event(
                logging.WARNING,
                "cannot follow; what was seen last stays in force",
                path=self._path,
                reason=self.error,
            )


def _key(item: Json) -> Key:
    metadata = item.get("metadata") or {}
    return str(metadata.get("namespace") or ""), str(metadata.get("name") or "")
