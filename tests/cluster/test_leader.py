"""One replica leads, whatever clocks and the API server do."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cluster.kit import FakeApi, away, until
from webhook.cluster.leader import Election

Json = dict[str, Any]
PATH = "/apis/coordination.k8s.io/v1/namespaces/ours/leases/hook"


class Replica:
    """One candidate, and what became of it."""

    def __init__(self, api: FakeApi, identity: str) -> None:
        self.now = 0.0
        self.leads = False
        self.terms = 0
        self.failures = 0
        self.election = Election(
            api,
            namespace="ours",
            name="hook",
            identity=identity,
            lead=self._lead,
            changed=self._changed,
            failed=self._failed,
            clock=lambda: self.now,
            now=lambda: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.now),
            retry=0.002,
        )

    async def _lead(self) -> None:
        self.terms += 1
        await asyncio.Event().wait()

    def _changed(self, leads: bool) -> None:
        self.leads = leads

    def _failed(self) -> None:
        self.failures += 1

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.election.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def spec(api: FakeApi) -> Json:
    found: Json = api.objects[PATH]["spec"]
    return found


async def test_the_first_makes_the_lease_and_leads() -> None:
    api = FakeApi()
    one = Replica(api, "one")

    async with one.running():
        await until(lambda: one.leads)
        assert spec(api) == {
            "holderIdentity": "one",
            "leaseDurationSeconds": 15,
            "acquireTime": "2026-01-01T00:00:00.000000Z",
            "renewTime": "2026-01-01T00:00:00.000000Z",
            "leaseTransitions": 0,
        }

    assert one.terms == 1


async def test_while_one_renews_no_other_leads() -> None:
    api = FakeApi()
    one, two = Replica(api, "one"), Replica(api, "two")

    async with one.running():
        await until(lambda: one.leads)
        async with two.running():
            for _ in range(20):
                one.now += 1
                two.now += 1
                await asyncio.sleep(0.02)
            assert two.election.leader == "one"

    assert two.terms == 0


async def test_whoever_stops_lets_go_so_that_the_next_need_not_wait() -> None:
    api = FakeApi()
    one, two = Replica(api, "one"), Replica(api, "two")

    async with two.running():
        await until(lambda: two.leads)
    assert spec(api)["holderIdentity"] == ""
    async with one.running():
        await until(lambda: one.leads)

    assert spec(api)["leaseTransitions"] == 1
    assert not two.leads


async def test_a_leader_that_died_is_replaced_once_its_lease_has_run_out_by_our_own_clock() -> None:
    api = FakeApi()
    long_ago = {"holderIdentity": "dead", "leaseDurationSeconds": 15, "renewTime": "2031-01-01"}
    api.put(PATH, {"metadata": {"name": "hook"}, "spec": long_ago})
    one = Replica(api, "one")

    async with one.running():
        await until(lambda: one.election.leader == "dead")
        one.now = 14.9
        await asyncio.sleep(0.02)
        early = one.leads
        one.now = 15.0
        await until(lambda: one.leads)

    assert not early


async def test_a_leader_that_cannot_renew_stops_before_another_one_may_lead() -> None:
    api = FakeApi()
    one = Replica(api, "one")

    async with one.running():
        await until(lambda: one.leads)
        api.fail["GET", PATH] = away()
        one.now = 9.9
        await until(lambda: one.failures > 2)
        still = one.leads
        one.now = 10.0
        await until(lambda: not one.leads)

    assert still


async def test_a_leader_that_was_replaced_stops_at_once() -> None:
    api = FakeApi()
    one = Replica(api, "one")

    async with one.running():
        await until(lambda: one.leads)
        api.put(PATH, {"metadata": {"name": "hook"}, "spec": {"holderIdentity": "two"}})
        await until(lambda: not one.leads)

    assert spec(api)["holderIdentity"] == "two"  # what is another's is not let go of


async def test_of_two_that_write_at_once_one_leads() -> None:
    api = FakeApi()
    replicas = [Replica(api, f"replica-{i}") for i in range(5)]

    async with contextlib.AsyncExitStack() as stack:
        for each in replicas:
            await stack.enter_async_context(each.running())
        await until(lambda: any(it.leads for it in replicas))
        await asyncio.sleep(0.05)
        assert sum(it.leads for it in replicas) == 1


async def test_work_that_ends_by_itself_ends_the_term_and_begins_another() -> None:
    api = FakeApi()
    one = Replica(api, "one")

    async def nothing() -> None:
        one.terms += 1

    one.election._lead = nothing

    async with one.running():
        await until(lambda: one.terms > 1)


async def test_work_that_fails_is_told_and_begun_anew(caplog: pytest.LogCaptureFixture) -> None:
    api = FakeApi()
    one = Replica(api, "one")

    async def failing() -> None:
        one.terms += 1
        raise LookupError("the value of something")

    one.election._lead = failing

    async with one.running():
        await until(lambda: one.terms > 1)

    told = [it.message for it in caplog.records]
    assert "the leader's work failed; another term begins it anew" in told
    assert "the value of something" not in caplog.text


class Hanging(FakeApi):
    """Answers nothing for as long as `hangs`."""

    hangs = False

    async def get(self, path: str, **query: str) -> Json:
        if self.hangs:
            await asyncio.Event().wait()
        return await super().get(path, **query)


async def test_a_leader_whose_call_hangs_stops_at_its_deadline_and_leads_again_later(
    caplog: pytest.LogCaptureFixture,
) -> None:
    api = Hanging()
    one = Replica(api, "one")

    async with one.running():
        await until(lambda: one.leads)
        api.hangs = True
        one.now = 9.95  # so that the call gets the shortest time there is
        await until(lambda: one.failures)
        one.now = 10.0
        await until(lambda: not one.leads)
        api.hangs = False
        await until(lambda: one.terms == 2)

    told = [it.__dict__["fields"] for it in caplog.records if it.levelname == "WARNING"]
    assert {"reason": "the API server does not answer in time"} in told


async def test_a_lease_is_as_old_as_the_call_that_asked_for_it() -> None:
    class Slow(FakeApi):
        """Answers, but a renewal takes nearly as long as a leader may go without."""

        async def replace(self, path: str, body: Json) -> Json:
            one.now += 9.0
            return await super().replace(path, body)

    api = Slow()
    api.put(PATH, {"metadata": {"name": "hook"}, "spec": {}})
    one = Replica(api, "one")

    async with one.running():
        await until(lambda: one.leads)
        api.fail["GET", PATH] = away()
        one.now += 1.0
        await until(lambda: not one.leads)


async def test_letting_go_does_not_wait_for_an_api_server_that_hangs() -> None:
    api = Hanging()
    one = Replica(api, "one")

    async with asyncio.timeout(5), one.running():
        await until(lambda: one.leads)
        api.hangs = True

    assert not one.leads
