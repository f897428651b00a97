"""Events are sent beside the requests: whole, seldom, and never to a request's harm."""

import asyncio
import json
import logging

import pytest

from tests.cluster.events_kit import NOON, REFUSAL, WEB, FakeApi, Json, Rig, said, workload
from tests.wire.kit import WEB as POD
from tests.wire.kit import review, send, with_record
from webhook.cluster.eventqueue import MAX_WAITING
from webhook.cluster.events import BURST, EVERY, LAST_SECONDS, TRIES
from webhook.cluster.telling import Reason
from webhook.core.words import Hook
from webhook.wire.answer import Answer
from webhook.wire.subject import Subject

EVENTS = "/apis/events.k8s.io/v1/namespaces/noxus/events"


@pytest.fixture
async def rig() -> Rig:
    return Rig()


def greedy(number: int = 0) -> Answer:
    """The answer to a pod of a workload that reads what it may not."""
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"web-{number}", "uid": "u"}
    container = {"name": "web", "envFrom": [{"secretRef": {"name": "worker-env"}}]}
    meta = POD["metadata"] | {"ownerReferences": [owner | {"controller": True}]}
    return send(review({**POD, "metadata": meta, "spec": {"containers": [container]}}))


async def test_an_event_holds_what_people_and_machines_look_for(rig: Rig) -> None:
    rig.sink.offer(said())
    await rig.settle()

    ((verb, path, body),) = rig.api.calls
    name = body["metadata"].pop("name")
    assert (verb, path) == ("create", EVENTS)
    assert body == {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"namespace": "noxus"},
        "eventTime": "2026-11-24T12:00:00.000000Z",
        "reportingController": "secrets.noxus.ai/webhook",
        "reportingInstance": "webhook-1",
        "action": "Refuse",
        "reason": "SecretsRefused",
        "type": "Warning",
        "note": REFUSAL,
        "regarding": {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "namespace": "noxus",
            "name": "web-7d9c",
            "uid": WEB.uid,
        },
    }
    assert name.startswith("web-7d9c.")
    assert len(name) == len("web-7d9c.") + 16
    assert rig.counts.sent == {"SecretsRefused": 1}


@pytest.mark.parametrize(
    ("reason", "kind", "action"),
    [
        (Reason.INJECTED, "Normal", "Inject"),
        (Reason.REFUSED, "Warning", "Refuse"),
        (Reason.DRY_RUN, "Normal", "Observe"),
    ],
)
async def test_the_type_says_whether_somebody_must_act(
    rig: Rig, reason: Reason, kind: str, action: str
) -> None:
    rig.sink.offer(said(reason=reason))
    await rig.settle()
    body = rig.api.calls[0][2]
    assert (body["reason"], body["type"], body["action"]) == (reason, kind, action)
    assert rig.counts.sent == {reason: 1}


async def test_a_pod_that_has_no_uid_yet_is_named_without(rig: Rig) -> None:
    rig.sink.offer(said(subject=Subject("v1", "Pod", "web", "")))
    await rig.settle()
    assert rig.api.calls[0][2]["regarding"] == {
        "apiVersion": "v1",
        "kind": "Pod",
        "namespace": "noxus",
        "name": "web",
    }


@pytest.mark.parametrize(
    ("owner", "prefix"), [("x" * 253, "x" * 236 + "."), ("Some Thing", "event."), ("", "event.")]
)
async def test_an_event_has_a_name_that_the_api_takes(rig: Rig, owner: str, prefix: str) -> None:
    rig.sink.offer(said(subject=WEB._replace(name=owner)))
    await rig.settle()
    name = rig.api.calls[0][2]["metadata"]["name"]
    assert name[:-16] == prefix
    assert len(name) <= 253


async def test_replicas_and_moments_have_events_of_their_own() -> None:
    names = set()
    for identity, passed in (("webhook-1", 0.0), ("webhook-2", 0.0), ("webhook-1", 0.001)):
        rig = Rig(identity=identity)
        rig.clock.passed = passed
        rig.sink.offer(said())
        await rig.settle()
        names.add(rig.api.calls[0][2]["metadata"]["name"])
    assert len(names) == 3


async def test_a_long_identity_is_clipped_to_what_the_api_takes() -> None:
    rig = Rig(identity="w" * 200)
    rig.sink.offer(said())
    await rig.settle()
    assert rig.api.calls[0][2]["reportingInstance"] == "w" * 125 + "…"


async def test_what_happens_again_becomes_a_series(rig: Rig) -> None:
    rig.sink.offer(said())
    await rig.settle()
    rig.clock.passed = 5.0
    rig.sink.offer(said())
    rig.clock.passed = 7.5
    rig.sink.offer(said())
    await rig.live(60)

    name = rig.api.calls[0][2]["metadata"]["name"]
    assert rig.api.calls[1:] == [
        (
            "patch",
            f"{EVENTS}/{name}",
            {"series": {"count": 3, "lastObservedTime": "2026-11-24T12:00:07.500000Z"}},
        )
    ]
    assert rig.counts.sent == {"SecretsRefused": 2}
    assert rig.counts.dropped == {"duplicate": 2}


async def test_ten_thousand_refusals_of_one_workload_make_a_handful_of_calls(rig: Rig) -> None:
    """In a minute: more than 160 a second, each through the whole decision."""
    answer = greedy()
    for _ in range(100):
        for _ in range(100):
            rig.sink.decided(answer, 0.0001)
        await rig.live(0.6)
    await rig.live(60)

    assert rig.api.verbs() == ["create", "patch", "patch", "patch"]
    assert rig.api.calls[-1][2]["series"]["count"] == 10_000
    assert rig.counts.dropped == {"duplicate": 9_999}


async def test_a_storm_of_workloads_is_slowed_down_dropped_and_counted(rig: Rig) -> None:
    for number in range(1000):
        rig.sink.offer(said(subject=workload(number)))
    assert rig.counts.dropped == {"queue_full": 1000 - MAX_WAITING}

    await rig.settle()
    assert len(rig.api.calls) == BURST
    await rig.live(10)
    assert len(rig.api.calls) == BURST + 10 / EVERY
    await rig.live(60)
    assert len(rig.api.calls) == MAX_WAITING


async def test_decisions_of_which_there_is_nothing_to_say_cost_nothing(rig: Rig) -> None:
    rig.sink.decided(send(review()), 0.0001)
    rig.sink.decided(send(review(dryRun=True), hook=Hook.VALIDATE), 0.0001)
    assert await rig.settle() is None
    assert rig.api.calls == []
    assert not rig.counts.dropped


async def test_nothing_is_written_where_the_api_server_never_asks_us(rig: Rig) -> None:
    answer = greedy()
    forged = with_record(answer, namespace="kube-system")
    rig.sink.decided(forged, 0.0001)
    assert await rig.settle() is None
    assert rig.api.calls == []


async def test_a_fault_in_telling_is_logged_and_harms_no_request(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    answer = greedy()
    broken = with_record(answer, namespace=None)
    rig.sink.decided(broken, 0.0001)
    rig.sink.decided(broken, 0.0001)
    assert [record.getMessage() for record in caplog.records] == ["an Event could not be made"]
    assert rig.counts.dropped == {"error": 2}


@pytest.mark.parametrize("status", [0, 401, 408, 429, 500, 503])
async def test_what_may_pass_is_tried_again_with_longer_waits(rig: Rig, status: int) -> None:
    rig.api.failures = [status] * 3
    rig.sink.offer(said())

    waits = []
    while (wait := await rig.settle()) is not None:
        waits.append(round(wait, 6))
        rig.clock.passed += wait

    assert waits == [1, 2, 4]
    names = [body["metadata"]["name"] for _, _, body in rig.api.calls]
    assert len(names) == 4
    assert len(set(names)) == 1
    assert rig.counts.failed == {"events": 3}
    assert rig.counts.sent == {"SecretsRefused": 1}
    assert not rig.counts.dropped


async def test_what_does_not_pass_is_given_up(rig: Rig) -> None:
    rig.api.failures = [503] * TRIES
    rig.sink.offer(said())
    await rig.live(60)
    assert len(rig.api.calls) == TRIES
    assert rig.counts.dropped == {"error": 1}

    rig.sink.offer(said("another"))
    await rig.live(60)
    assert rig.counts.sent == {"SecretsRefused": 1}


async def test_news_do_not_cut_a_wait_short(rig: Rig) -> None:
    rig.api.failures = [503]
    rig.sink.offer(said())
    await rig.settle()
    rig.sink.offer(said("another"))
    assert await rig.settle() == 1
    assert len(rig.api.calls) == 1


@pytest.mark.parametrize("status", [403, 404, 422])
async def test_what_the_api_server_does_not_want_is_given_up_at_once(
    rig: Rig, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """No permission, a namespace that is going or gone, an Event that is not valid."""
    rig.api.failures = [status, status, None]
    for number in range(3):
        rig.sink.offer(said(subject=workload(number)))
    assert await rig.settle() is None

    assert rig.api.verbs() == ["create"] * 3
    assert rig.counts.failed == {"events": 2}
    assert rig.counts.dropped == {"error": 2}
    assert rig.counts.sent == {"SecretsRefused": 1}
    (line,) = caplog.records  # one of a kind in a minute
    assert (line.levelno, line.getMessage()) == (logging.WARNING, "an Event could not be sent")
    assert vars(line)["fields"] == {"reason": f"{status} Because: no: {status}", "before": 0}


async def test_an_event_that_exists_is_ours_from_a_try_whose_answer_was_lost(rig: Rig) -> None:
    rig.api.failures = [0, 409]
    rig.sink.offer(said())
    await rig.live(10)
    assert rig.api.verbs() == ["create", "create"]
    assert rig.counts.sent == {"SecretsRefused": 1}
    assert not rig.counts.dropped


async def test_an_event_that_the_api_server_removed_is_created_anew(rig: Rig) -> None:
    rig.sink.offer(said())
    await rig.settle()
    rig.api.failures = [404]
    rig.clock.passed = 100.0
    rig.sink.offer(said())
    rig.sink.offer(said())
    await rig.settle()

    assert rig.api.verbs() == ["create", "patch", "create"]
    first, again = rig.api.calls[0][2], rig.api.calls[2][2]
    assert first["metadata"]["name"] != again["metadata"]["name"]
    assert again["eventTime"] == "2026-11-24T12:01:40.000000Z"
    assert again["series"] == {"count": 2, "lastObservedTime": "2026-11-24T12:01:40.000000Z"}
    assert rig.counts.dropped == {"duplicate": 2}


async def test_a_conflict_of_a_patch_is_no_success(rig: Rig) -> None:
    rig.sink.offer(said())
    await rig.settle()
    rig.api.failures = [409]
    rig.clock.passed = 100.0
    rig.sink.offer(said())
    await rig.settle()
    assert rig.counts.dropped == {"duplicate": 1, "error": 1}


async def test_what_happens_while_it_is_written_is_not_lost(rig: Rig) -> None:
    rig.api.meanwhile = [said()]
    rig.sink.offer(said())
    await rig.live(60)
    assert rig.api.verbs() == ["create", "patch"]
    assert rig.api.calls[1][2]["series"]["count"] == 2


async def test_a_fault_in_sending_is_logged_without_its_message_and_the_next_is_sent(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.api.failures = [ValueError("a value of a variable")]
    rig.sink.offer(said())
    rig.sink.offer(said("another"))
    await rig.settle()

    assert rig.counts.dropped == {"error": 1}
    assert rig.counts.sent == {"SecretsRefused": 1}
    fields = json.dumps([vars(record)["fields"] for record in caplog.records])
    assert "ValueError" in fields
    assert "a value of a variable" not in fields


async def test_it_sleeps_until_there_is_news(rig: Rig) -> None:
    running = asyncio.create_task(rig.sink.run())
    await asyncio.sleep(0.01)
    assert rig.api.calls == []

    rig.sink.offer(said())
    await asyncio.sleep(0.01)
    assert rig.api.verbs() == ["create"]

    await stopped(running)


async def test_it_wakes_by_itself_when_a_wait_is_over() -> None:
    loop = asyncio.get_running_loop()
    rig = Rig()
    rig.sink._clock = loop.time
    rig.sink._not_before = loop.time() + 0.03
    rig.sink.offer(said())
    running = asyncio.create_task(rig.sink.run())
    await asyncio.sleep(0.01)
    assert rig.api.calls == []
    await asyncio.sleep(0.05)
    assert rig.api.verbs() == ["create"]
    await stopped(running)


async def test_being_stopped_sends_what_waits(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    running = asyncio.create_task(rig.sink.run())
    rig.sink.offer(said())
    await asyncio.sleep(0.01)
    rig.sink.offer(said())  # due in 15 s
    rig.sink.offer(said("another"))
    await stopped(running)

    assert sorted(rig.api.verbs()) == ["create", "create", "patch"]
    assert caplog.records == []


async def test_what_was_being_sent_when_it_was_stopped_is_sent(rig: Rig) -> None:
    class Slow(FakeApi):
        async def create(self, path: str, body: Json) -> Json:
            made = await super().create(path, body)
            if len(self.calls) == 1:
                await asyncio.sleep(60)
            return made

    rig.sink._api = slow = Slow()
    running = asyncio.create_task(rig.sink.run())
    rig.sink.offer(said())
    await asyncio.sleep(0.01)
    await stopped(running)

    first, again = slow.calls
    assert first == again
    assert rig.counts.sent == {"SecretsRefused": 1}


async def test_stopping_takes_a_second_at_most(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    class Stuck(FakeApi):
        async def create(self, path: str, body: Json) -> Json:
            await asyncio.sleep(60)
            return await super().create(path, body)

    caplog.set_level(logging.INFO)
    rig.sink._api = Stuck()
    for number in range(3):
        rig.sink.offer(said(subject=workload(number)))
    begin = asyncio.get_running_loop().time()
    await rig.sink.flush()

    assert asyncio.get_running_loop().time() - begin < LAST_SECONDS + 0.5
    (line,) = caplog.records
    assert line.getMessage() == "some Events were not sent"
    assert vars(line)["fields"] == {"count": 3}


async def test_stopping_does_not_wait_for_an_api_server_that_is_away(rig: Rig) -> None:
    rig.api.failures = [0]
    rig.sink.offer(said())
    rig.sink.offer(said("another"))
    await rig.sink.flush()
    assert rig.api.verbs() == ["create"]


async def stopped(running: asyncio.Task[None]) -> None:
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


def test_noon_is_noon() -> None:
    assert NOON % 86_400 == 43_200
