"""Each replica says by a Lease what it serves, and the leader knows who is gone."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.cluster.kit import FakeApi, away, conflict, until
from webhook.cluster.replicas import Replica, ReplicaLease, Replicas

Json = dict[str, Any]
LEASES = "/apis/coordination.k8s.io/v1/namespaces/ours/leases"
PATH = f"{LEASES}/hook-pod-1"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
DIGEST = hashlib.sha256(b"first").hexdigest()


class Serving:
    """A replica that serves something, and counts what fails."""

    def __init__(self, api: FakeApi, *, renew_every: float = 0.02, pod_uid: str = "") -> None:
        self.der: bytes | None = b"first"
        self.failures = 0
        self.lease = ReplicaLease(
            api,
            namespace="ours",
            service="hook",
            identity="Pod-1",
            pod_uid=pod_uid,
            serving=lambda: self.der,
            now=lambda: NOW,
            failed=self._failed,
            renew_every=renew_every,
            look_every=0.002,
        )

    def _failed(self) -> None:
        self.failures += 1

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.lease.run())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def told(api: FakeApi) -> str:
    lease = api.objects.get(PATH, {"metadata": {"annotations": {}}})
    return str(lease["metadata"]["annotations"].get("secrets.noxus.ai/serving"))


async def test_a_replica_makes_its_lease_and_keeps_it() -> None:
    api = FakeApi()
    async with Serving(api).running():
        await until(lambda: api.calls.count(("PATCH", PATH)) > 2)
        lease = api.objects[PATH]
        del lease["metadata"]["resourceVersion"]
        assert lease == {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {
                "name": "hook-pod-1",
                "labels": {"secrets.noxus.ai/replica": "true"},
                "annotations": {"secrets.noxus.ai/serving": DIGEST},
            },
            "spec": {
                "holderIdentity": "Pod-1",
                "leaseDurationSeconds": 30,
                "acquireTime": "2026-01-01T12:00:00.000000Z",
                "renewTime": "2026-01-01T12:00:00.000000Z",
            },
        }
    assert api.calls.count(("POST", LEASES)) == 1


async def test_in_a_pod_the_lease_belongs_to_it_so_that_it_goes_when_the_pod_goes() -> None:
    api = FakeApi()
    async with Serving(api, pod_uid="0b8f").running():
        await until(lambda: api.calls.count(("PATCH", PATH)) > 1)
        pod = {"apiVersion": "v1", "kind": "Pod", "name": "Pod-1", "uid": "0b8f"}
        assert api.objects[PATH]["metadata"]["ownerReferences"] == [pod]


async def test_a_clean_stop_removes_the_lease() -> None:
    api = FakeApi()
    async with Serving(api).running():
        await until(lambda: PATH in api.objects)
    assert api.objects == {}


async def test_another_certificate_is_told_at_once() -> None:
    api = FakeApi()
    replica = Serving(api, renew_every=1000)
    async with replica.running():
        await until(lambda: told(api) == DIGEST)
        replica.der = b"second"
        await until(lambda: told(api) == hashlib.sha256(b"second").hexdigest())


async def test_a_replica_without_a_certificate_says_so() -> None:
    api = FakeApi()
    replica = Serving(api)
    replica.der = None
    async with replica.running():
        await until(lambda: told(api) == "")


async def test_a_lease_that_somebody_deleted_is_made_again() -> None:
    api = FakeApi()
    async with Serving(api).running():
        await until(lambda: api.objects.pop(PATH, None))
        await until(lambda: PATH in api.objects)


async def test_an_api_server_that_is_away_is_told_once_and_ends_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    api = FakeApi(fail={("PATCH", PATH): away(), ("DELETE", PATH): away()})
    replica = Serving(api)
    async with replica.running():
        await until(lambda: replica.failures > 3)
        api.fail.pop(("PATCH", PATH))
        await until(lambda: PATH in api.objects)
    assert [record.message for record in caplog.records] == [
        "this replica cannot say what it serves; it serves all the same"
    ]


class Watched:
    """The leader's view, with a clock of the test's."""

    def __init__(self) -> None:
        self.api, self.now = FakeApi(), 1000.0
        self.replicas = Replicas(self.api, namespace="ours", clock=lambda: self.now)

    def renew(self, name: str, serving: str = DIGEST, **labels: str) -> None:
        annotations = {"secrets.noxus.ai/serving": serving}
        labels = labels or {"secrets.noxus.ai/replica": "true"}
        metadata = {"name": name, "labels": labels, "annotations": annotations}
        self.api.put(f"{LEASES}/{name}", {"metadata": metadata})


async def test_who_renews_is_live_whatever_the_clocks_of_others_say() -> None:
    seen = Watched()
    seen.renew("a")
    seen.renew("b", "other")
    assert await seen.replicas.look() == [
        Replica("a", DIGEST, live=True),
        Replica("b", "other", live=True),
    ]
    seen.now += 29.9
    assert [each.live for each in await seen.replicas.look()] == [True, True]
    seen.renew("b", "other")
    seen.now += 0.1
    assert [each.live for each in await seen.replicas.look()] == [False, True]


async def test_the_lease_of_the_leader_is_no_replicas() -> None:
    seen = Watched()
    seen.renew("hook", app="hook")
    assert await seen.replicas.look() == []


async def test_who_is_silent_for_an_hour_is_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    seen = Watched()
    seen.renew("a")
    await seen.replicas.look()
    seen.now += 3599
    assert [each.live for each in await seen.replicas.look()] == [False]
    seen.now += 1
    assert await seen.replicas.look() == []
    assert seen.api.objects == {}
    assert [record.message for record in caplog.records] == ["a replica that is gone is forgotten"]


@pytest.mark.parametrize("problem", [conflict(), away()])
async def test_who_comes_back_at_the_last_moment_stays(problem: Exception) -> None:
    seen = Watched()
    seen.renew("a")
    await seen.replicas.look()
    seen.now += 3600
    seen.api.fail["DELETE", f"{LEASES}/a"] = problem  # type: ignore[assignment]
    if str(problem) == str(away()):
        with pytest.raises(type(problem)):
            await seen.replicas.look()
    else:
        assert await seen.replicas.look() == []
    seen.renew("a")
    assert [each.live for each in await seen.replicas.look()] == [True]
