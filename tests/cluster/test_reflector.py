"""Whatever the API server does, what was seen last is there, and what it says next is seen."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.cluster.kit import FakeApi, away, named, until
from webhook.cluster.api import ApiError
from webhook.cluster.backoff import Backoff
from webhook.cluster.reflector import Reflector, Store

Json = dict[str, Any]
PATH = "/apis/example.com/v1/things"


class Following:
    """A reflector that runs, and what it told."""

    def __init__(self, api: FakeApi) -> None:
        self.api = api
        self.now = 1000.0
        self.told: list[list[str]] = []
        self.failures = 0
        self.reflector = Reflector(
            api,
            PATH,
            changed=self._changed,
            backoff=Backoff(random=lambda: 0.0, first=0.001, longest=0.002),
            clock=lambda: self.now,
            failed=self._failed,
        )

    def _changed(self, store: Store) -> None:
        self.told.append(sorted(name for _, name in store))

    def _failed(self) -> None:
        self.failures += 1

    def says(self, *events: Json | ApiError | None) -> None:
        self.api.events.setdefault(PATH, []).extend(events)


@contextlib.asynccontextmanager
async def running(following: Following) -> AsyncIterator[Following]:
    task = asyncio.create_task(following.reflector.run())
    try:
        yield following
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def following() -> Following:
    api = FakeApi()
    api.objects[f"{PATH}/a"] = named("a")
    return Following(api)


def event(kind: str, name: str, version: str) -> Json:
    return {"type": kind, "object": named(name, version)}


async def test_it_lists_and_then_follows(following: Following) -> None:
    following.says(
        event("ADDED", "b", "6"), event("MODIFIED", "a", "7"), event("DELETED", "a", "8")
    )

    async with running(following):
        await until(lambda: len(following.told) == 4)

    assert following.told == [["a"], ["a", "b"], ["a", "b"], ["b"]]
    assert following.failures == 0


async def test_a_bookmark_moves_it_on_and_is_no_change(following: Following) -> None:
    following.now = 1000.0
    following.says({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "77"}}})

    async with running(following):
        await until(lambda: not following.api.events.get(PATH))
        following.now = 1300.0  # longer than a watch that is over at once
        following.says(None)
        await until(lambda: following.api.calls.count(("WATCH", PATH)) == 2)

    assert following.told == [["a"]]
    watches = [it["resourceVersion"] for it in following.api.queries if "resourceVersion" in it]
    assert watches == ["1", "77"]


async def test_what_is_too_old_is_listed_anew_and_is_no_failure(following: Following) -> None:
    following.says(ApiError(410, "Expired", "too old resource version"))

    async with running(following):
        await until(lambda: following.api.calls.count(("GET", PATH)) == 2)

    assert following.told[:2] == [["a"], ["a"]]
    assert following.failures == 0


async def test_while_the_server_is_away_what_was_seen_stays(following: Following) -> None:
    following.says(away(), away(), event("ADDED", "b", "6"))

    async with running(following):
        await until(lambda: len(following.told) == 2)

    assert following.told == [["a"], ["a", "b"]]
    assert following.failures == 2
    assert following.reflector.error == ""


async def test_a_server_that_is_back_is_known_to_be_before_anything_changes(
    following: Following,
) -> None:
    following.says(away())

    async with running(following):
        await until(lambda: following.failures == 1)
        following.now = 1234.0
        before = following.reflector.error
        await until(lambda: following.reflector.error == "")

    assert before
    assert following.reflector.synced_at == 1234.0
    assert following.told == [["a"]]  # nothing was listed anew


async def test_where_only_the_watch_is_refused_the_error_stays_and_is_told_once(
    following: Following, caplog: pytest.LogCaptureFixture
) -> None:
    following.api.fail["WATCH", PATH] = ApiError(403, "Forbidden", "no watching")

    async with running(following):
        await until(lambda: following.failures > 5)
        assert following.reflector.error == "403 Forbidden: no watching"

    assert len(caplog.records) == 1


async def test_it_says_what_is_wrong_while_it_is(
    following: Following, caplog: pytest.LogCaptureFixture
) -> None:
    following.api.fail["GET", PATH] = ApiError(403, "Forbidden", "things is forbidden")

    async with running(following):
        await until(lambda: following.failures >= 3)

    assert following.reflector.error == "403 Forbidden: things is forbidden"
    assert not following.reflector.synced.is_set()
    assert following.told == []
    said = [it.message for it in caplog.records]
    assert said == ["cannot follow; what was seen last stays in force"]  # once, not each time


async def test_a_kind_that_is_removed_leaves_what_was_seen_until_it_is_back(
    following: Following,
) -> None:
    gone = ApiError(404, "NotFound", "the server could not find the requested resource")

    async with running(following):
        await until(following.reflector.synced.is_set)
        following.api.fail["GET", PATH] = gone
        following.says(gone)
        await until(lambda: following.failures >= 3)
        before = list(following.told)
        following.api.objects = {f"{PATH}/c": named("c")}
        del following.api.fail["GET", PATH]
        await until(lambda: following.told[-1] == ["c"])

    assert before[-1] == ["a"]


async def test_a_watch_that_is_over_at_once_is_not_asked_for_in_a_storm(
    following: Following,
) -> None:
    following.says(None, None)

    async with running(following):
        await until(lambda: following.failures >= 2)

    assert following.reflector.error == "the API server ends each watch at once"


async def test_a_long_list_is_read_in_pages() -> None:
    class Paged(FakeApi):
        async def get(self, path: str, **query: str) -> Json:
            page = await super().get(path, **query)
            first = "continue" not in query
            page["items"] = [named("a" if first else "b")]
            page["metadata"] = {"continue": "more"} if first else {"resourceVersion": "9"}
            return page

    following = Following(Paged())
    async with running(following):
        await until(lambda: len(following.told) == 1)

    assert following.told == [["a", "b"]]


async def test_elements_of_a_list_say_their_kind_as_those_of_a_watch_do(
    following: Following,
) -> None:
    seen: list[Json] = []
    reflector = Reflector(
        following.api,
        PATH,
        changed=lambda store: seen.extend(store.values()),
        backoff=Backoff(random=lambda: 0.0),
        clock=lambda: 0.0,
    )
    task = asyncio.create_task(reflector.run())
    await until(lambda: seen)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert seen[0]["kind"] == "Thing"


def test_waits_grow_to_a_limit_and_begin_anew_after_a_success() -> None:
    backoff = Backoff(random=lambda: 0.0, first=1.0, longest=3.0)

    assert [backoff.fail() for _ in range(4)] == [0.5, 1.0, 1.5, 1.5]
    backoff.succeed()
    assert backoff.fail() == 0.5


def test_replicas_do_not_come_back_at_one_moment() -> None:
    assert Backoff(random=lambda: 0.5, first=1.0).fail() == 0.75
