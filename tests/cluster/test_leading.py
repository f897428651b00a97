"""What the leader writes for all replicas."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from tests.cluster.kit import ApiError, Json, away, until
from tests.cluster.test_policies import BROKEN, WHY, Rig, resource
from webhook.cluster.backoff import Backoff
from webhook.cluster.kept import Kept
from webhook.cluster.leading import INITIAL_MARK, Leading
from webhook.cluster.policies import PATH

pytestmark = pytest.mark.slow

LEASE = "/apis/coordination.k8s.io/v1/namespaces/ours/leases/hook"


class Leader:
    """A leader at work, against an API server in memory."""

    def __init__(self, rig: Rig, *, initial: Json | None = None) -> None:
        self.rig = rig
        self.api = rig.api
        self.failures = 0
        self.api.put(LEASE, {"metadata": {"name": "hook"}})
        self.leading = Leading(
            self.api,
            rig.source,
            Kept(self.api, namespace="ours", backoff=Backoff(random=lambda: 0.0)),
            lease=LEASE,
            initial=initial,
            now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
            failed=self._failed,
            again=0.002,
        )

    def _failed(self) -> None:
        self.failures += 1

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator["Leader"]:
        tasks = [
            asyncio.create_task(self.rig.source.run()),
            asyncio.create_task(self.leading.run()),
        ]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def status(self, name: str) -> Json:
        found: Json = self.api.objects[f"{PATH}/{name}"].get("status") or {}
        return found

    def ready(self, name: str) -> tuple[str, str] | None:
        for it in self.status(name).get("conditions") or ():
            if it["type"] == "Ready":
                return it["status"], it["message"]
        return None


@pytest.fixture
def rig() -> Rig:
    return Rig()


async def test_each_policy_is_told_how_it_stands(rig: Rig) -> None:
    rig.put(resource("one"), resource("two", **BROKEN))
    leader = Leader(rig)

    async with leader.at_work():
        await until(lambda: leader.ready("one") and leader.ready("two"))

    assert leader.ready("one") == ("True", "generation 1 is in force")
    assert leader.ready("two") == (
        "False",
        f"generation 1 cannot be used, and no generation is in force:\n{WHY}",
    )
    assert leader.status("one")["namespaces"] == "one"


async def test_a_status_that_says_so_already_is_not_written_again(rig: Rig) -> None:
    rig.put(resource("one"))
    leader = Leader(rig)

    async with leader.at_work():
        await until(lambda: leader.ready("one"))
        written = leader.api.objects[f"{PATH}/one"]
        changed = rig.source.listen()
        rig.change(written)
        await until(changed.is_set)
        await asyncio.sleep(0.6)

    assert leader.api.calls.count(("PATCH", f"{PATH}/one/status")) == 1


async def test_a_policy_that_was_deleted_meanwhile_is_no_error(rig: Rig) -> None:
    rig.put(resource("one"))
    leader = Leader(rig)

    async with leader.at_work():
        await until(rig.source.current)
        del leader.api.objects[f"{PATH}/one"]
        await until(lambda: ("PATCH", f"{PATH}/one/status") in leader.api.calls)
        await asyncio.sleep(0.02)

    assert leader.failures == 0


async def test_what_cannot_be_written_is_written_later(rig: Rig) -> None:
    rig.put(resource("one"))
    leader = Leader(rig)
    leader.api.fail["PATCH", f"{PATH}/one/status"] = away()

    async with leader.at_work():
        await until(lambda: leader.failures > 0)
        leader.api.fail.clear()
        await until(lambda: leader.ready("one"))


async def test_a_status_that_is_refused_keeps_no_other_one_back_and_is_told_once(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.put(resource("one"), resource("two"), resource("three"))
    leader = Leader(rig)
    leader.api.fail["PATCH", f"{PATH}/one/status"] = ApiError(422, "Invalid", "it is too long")

    async with leader.at_work():
        await until(lambda: leader.ready("two") and leader.ready("three"))
        await until(lambda: leader.failures > 1)

    told = [it.__dict__["fields"] for it in caplog.records if it.levelname == "WARNING"]
    assert told == [{"reason": "422 Invalid: it is too long", "before": 0}]
    assert leader.ready("one") is None


async def test_a_term_leaves_no_listener_behind(rig: Rig) -> None:
    rig.put(resource("one"))
    leader = Leader(rig)

    async with leader.at_work():
        await until(lambda: leader.ready("one"))
        during = len(rig.source._listeners)

    assert (during, len(rig.source._listeners)) == (2, 0)


async def test_good_policies_are_kept_for_a_restart(rig: Rig) -> None:
    rig.put(resource("one"), resource("two", **BROKEN))
    leader = Leader(rig)

    async with leader.at_work():
        await until(lambda: any("controllerrevisions" in it for it in leader.api.objects))

    kept = [it for it in leader.api.objects if "controllerrevisions" in it]
    assert [it.rsplit("/", 1)[1] for it in kept] == ["policy-uid-of-one-1"]


def marked(leader: Leader) -> bool:
    return INITIAL_MARK in (leader.api.objects[LEASE]["metadata"].get("annotations") or {})


async def test_the_first_policy_of_an_installation_is_created_once(rig: Rig) -> None:
    leader = Leader(rig, initial=resource("first"))

    async with leader.at_work():
        await until(lambda: marked(leader))
        there = f"{PATH}/first" in leader.api.objects
        del leader.api.objects[f"{PATH}/first"]
    async with leader.at_work():  # by another leader, say, after somebody deleted it
        await asyncio.sleep(0.05)

    assert there
    assert f"{PATH}/first" not in leader.api.objects


async def test_where_people_have_written_a_policy_no_initial_one_is_created(rig: Rig) -> None:
    rig.put(resource("theirs"))
    leader = Leader(rig, initial=resource("first"))

    async with leader.at_work():
        await until(lambda: marked(leader))

    assert f"{PATH}/first" not in leader.api.objects


async def test_it_waits_until_the_api_server_serves_the_custom_resource(rig: Rig) -> None:
    leader = Leader(rig, initial=resource("first"))
    leader.api.fail["POST", PATH] = ApiError(404, "NotFound", "could not find the resource")

    async with leader.at_work():
        await until(lambda: leader.api.calls.count(("POST", PATH)) > 2)
        assert not marked(leader)
        leader.api.fail.clear()
        await until(lambda: marked(leader))

    assert f"{PATH}/first" in leader.api.objects
