"""The last good policies, kept in the cluster."""

import asyncio
from typing import Any

import pytest

from tests.cluster.kit import ApiError, FakeApi, away, until
from tests.cluster.test_policies import resource
from webhook.cluster.backoff import Backoff
from webhook.cluster.kept import Kept

PATH = "/apis/apps/v1/namespaces/ours/controllerrevisions"


def kept(api: FakeApi) -> Kept:
    return Kept(api, namespace="ours", backoff=Backoff(random=lambda: 0.0, first=0.001))


async def test_what_was_saved_is_recalled_by_another_replica() -> None:
    api = FakeApi()
    policy = resource("one", generation=3)

    await kept(api).save([policy | {"status": {"x": 1}}])
    found = await kept(api).recall("uid-of-one")

    assert found is not None
    assert found["spec"] == policy["spec"]
    assert found["metadata"] == {
        "name": "one",
        "uid": "uid-of-one",
        "generation": 3,
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    assert "status" not in found


async def test_it_belongs_to_the_policy_and_goes_with_it() -> None:
    api = FakeApi()

    await kept(api).save([resource("one")])

    (revision,) = api.objects.values()
    assert revision["metadata"]["name"] == "policy-uid-of-one-1"
    assert revision["metadata"]["ownerReferences"] == [
        {
            "apiVersion": "secrets.noxus.ai/v1alpha1",
            "kind": "SecretInjectionPolicy",
            "name": "one",
            "uid": "uid-of-one",
        }
    ]


async def test_a_newer_generation_replaces_the_older_one_and_leaves_other_policies() -> None:
    api = FakeApi()
    store = kept(api)

    await store.save([resource("one"), resource("two")])
    await store.save([resource("one", generation=2), resource("two")])

    assert sorted(api.objects) == [f"{PATH}/policy-uid-of-one-2", f"{PATH}/policy-uid-of-two-1"]


async def test_what_is_known_to_be_there_costs_no_call() -> None:
    api = FakeApi()
    store = kept(api)
    await store.save([resource("one")])
    before = len(api.calls)

    await store.save([resource("one")])

    assert len(api.calls) == before


async def test_what_another_leader_has_saved_is_no_error() -> None:
    api = FakeApi()
    await kept(api).save([resource("one")])

    await kept(api).save([resource("one")])

    assert len(api.objects) == 1


async def test_one_too_large_for_the_api_server_is_told_and_stops_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    api = FakeApi()
    api.fail["POST", PATH] = ApiError(413, "RequestEntityTooLarge", "limit is 3145728")

    await kept(api).save([resource("one")])

    assert [it.message for it in caplog.records] == ["a policy is too large to keep"]


@pytest.mark.parametrize(
    "problem", [away(), ApiError(403, "Forbidden", "no"), ApiError(500, "InternalError", "oops")]
)
async def test_what_cannot_be_saved_is_an_error_of_the_caller(problem: ApiError) -> None:
    api = FakeApi()
    api.fail["POST", PATH] = problem

    with pytest.raises(ApiError):
        await kept(api).save([resource("one")])


async def test_an_older_one_that_is_gone_already_is_no_error() -> None:
    class Racing(FakeApi):
        async def delete(self, path: str, body: dict[str, Any] | None = None) -> None:
            await super().delete(path, body)
            await super().delete(path, body)

    api = Racing()
    store = kept(api)

    await store.save([resource("one")])
    await store.save([resource("one", generation=2)])

    assert len(api.objects) == 1


async def test_of_a_policy_that_was_never_kept_nothing_is_recalled() -> None:
    assert await kept(FakeApi()).recall("nobody") is None


async def test_while_the_api_server_is_away_recalling_waits() -> None:
    api = FakeApi()
    await kept(api).save([resource("one")])
    api.fail["GET", PATH] = away()
    task = asyncio.create_task(kept(api).recall("uid-of-one"))
    await until(lambda: api.calls.count(("GET", PATH)) > 3)
    waits = not task.done()
    del api.fail["GET", PATH]

    assert (await task) is not None
    assert waits


@pytest.mark.parametrize("status", [401, 403, 408, 429, 500, 503])
async def test_an_answer_that_may_pass_is_waited_out_and_told_once(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    api = FakeApi()
    await kept(api).save([resource("one")])
    api.fail["GET", PATH] = ApiError(status, "Reason", "not now")
    task = asyncio.create_task(kept(api).recall("uid-of-one"))
    await until(lambda: api.calls.count(("GET", PATH)) > 3)
    waits = not task.done()
    del api.fail["GET", PATH]

    assert (await task) is not None
    assert waits
    assert [it.message for it in caplog.records] == ["kept policies cannot be read"]


async def test_what_is_forbidden_for_a_minute_is_not_asked_for_again() -> None:
    api = FakeApi()
    now = 0.0
    api.fail["GET", PATH] = ApiError(403, "Forbidden", "it is forbidden")
    backoff = Backoff(random=lambda: 0.0, first=0.001, longest=0.002)
    store = Kept(api, namespace="ours", backoff=backoff, clock=lambda: now)

    task = asyncio.create_task(store.recall("one"))
    await until(lambda: api.calls.count(("GET", PATH)) > 3)
    now = 59.9
    seen = len(api.calls)
    await until(lambda: len(api.calls) > seen + 2)
    waits = not task.done()
    now = 60.0

    assert await task is None
    assert waits


async def test_what_is_refused_for_good_is_not_asked_for_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    api = FakeApi()
    api.fail["GET", PATH] = ApiError(400, "BadRequest", "it is wrong")

    assert await kept(api).recall("one") is None
    assert api.calls == [("GET", PATH)]
    assert [it.message for it in caplog.records] == ["kept policies cannot be read"]
