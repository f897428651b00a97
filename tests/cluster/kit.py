"""What the tests share: an API server in memory, and helpers to wait."""

import asyncio
import copy
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from webhook.cluster.api import ApiError

Json = dict[str, Any]


def not_found() -> ApiError:
    return ApiError(404, "NotFound", "there is no such object")


def conflict() -> ApiError:
    return ApiError(409, "Conflict", "the object has been modified")


def away() -> ApiError:
    return ApiError(0, "", "the API server cannot be reached: ClientConnectorError")


@dataclass
class FakeApi:
    """Objects by path; `fail` maps a method and a path to what is raised instead."""

    objects: dict[str, Json] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    fail: dict[tuple[str, str], ApiError] = field(default_factory=dict)
    events: dict[str, list[Json | ApiError | None]] = field(default_factory=dict)
    queries: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._versions = itertools.count(100)

    def put(self, path: str, body: Json) -> Json:
        stored = copy.deepcopy(body)
        stored.setdefault("metadata", {})["resourceVersion"] = str(next(self._versions))
        self.objects[path] = stored
        return copy.deepcopy(stored)

    async def get(self, path: str, **query: str) -> Json:
        self._note("GET", path)
        self.queries.append(query)
        if path in self.objects:
            return copy.deepcopy(self.objects[path])
        prefix = f"{path}/"
        found = [copy.deepcopy(it) for at, it in self.objects.items() if at.startswith(prefix)]
        selector = query.get("labelSelector")
        if selector:
            key, _, value = selector.partition("=")
            found = [it for it in found if it["metadata"].get("labels", {}).get(key) == value]
        if not found and not path.endswith("s"):  # a collection has a plural's name
            raise not_found()
        return {"kind": "ThingList", "metadata": {"resourceVersion": "1"}, "items": found}

    async def create(self, path: str, body: Json) -> Json:
        self._note("POST", path)
        at = f"{path}/{body['metadata']['name']}"
        if at in self.objects:
            raise conflict()
        return self.put(at, body)

    async def replace(self, path: str, body: Json) -> Json:
        self._note("PUT", path)
        if path not in self.objects:
            raise not_found()
        if body["metadata"].get("resourceVersion") != self._version(path):
            raise conflict()
        return self.put(path, body)

    async def patch(self, path: str, body: Json) -> Json:
        self._note("PATCH", path)
        at = path.removesuffix("/status")
        if at not in self.objects:
            raise not_found()
        return self.put(at, _merged(self.objects[at], body))

    async def delete(self, path: str, body: Json | None = None) -> None:
        del body
        self._note("DELETE", path)
        if self.objects.pop(path, None) is None:
            raise not_found()

    async def watch(self, path: str, **query: str) -> AsyncIterator[Json]:
        """Play what is scripted: an event, an error to raise, None for the end of a stream."""
        self._note("WATCH", path)
        self.queries.append(query)
        script = self.events.setdefault(path, [])
        while True:
            await until(lambda: script)
            following = script.pop(0)
            if following is None:
                return
            if isinstance(following, ApiError):
                raise following
            yield following

    def _version(self, path: str) -> str:
        return str(self.objects[path]["metadata"]["resourceVersion"])

    def _note(self, method: str, path: str) -> None:
        self.calls.append((method, path))
        if (method, path) in self.fail:
            raise self.fail[method, path]


def _merged(old: Json, new: Json) -> Json:
    result = dict(old)
    for key, value in new.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = _merged(result.get(key) or {}, value)
        else:
            result[key] = value
    return result


async def until(true: Callable[[], object]) -> None:
    """Wait for something that other tasks bring about."""
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110  whoever brings it about knows nothing of us
            await asyncio.sleep(0.002)


def named(name: str, version: str = "5", **more: Any) -> Json:  # noqa: ANN401
    """Return an object of no kind in particular."""
    return {"metadata": {"name": name, "resourceVersion": version}, **more}
