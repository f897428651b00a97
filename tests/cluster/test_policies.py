"""Policies as resources: each by itself, the last good one kept, and nothing loaded twice."""

import asyncio
import contextlib
import copy
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from tests.cluster.kit import ApiError, FakeApi, away, until
from webhook.cluster.backoff import Backoff
from webhook.cluster.policies import PATH, ClusterPolicySource
from webhook.core.policy import Policy
from webhook.loading.resource import load_resource

Json = dict[str, Any]


def resource(name: str, *, generation: int = 1, created: str = "01", **spec: Any) -> Json:  # noqa: ANN401
    scope = {"name": "shared", "roles": ["frontend"], "envFrom": [{"secretRef": {"name": "app"}}]}
    return {
        "apiVersion": "secrets.noxus.ai/v1alpha1",
        "kind": "SecretInjectionPolicy",
        "metadata": {
            "name": name,
            "uid": f"uid-of-{name}",
            "generation": generation,
            "creationTimestamp": f"2026-01-{created}T00:00:00Z",
            "resourceVersion": str(generation),
        },
        "spec": {"scopes": [scope], "namespaces": [name], **spec},
    }


BROKEN = {"guard": {"unknwonRole": "Warn"}}
WHY = "spec.guard.unknwonRole: unknown field; did you mean 'unknownRole'?"


class Rig:
    """A source that runs against an API server in memory, and what it told."""

    def __init__(self) -> None:
        self.api = FakeApi()
        self.now = 100.0
        self.loads: list[str] = []
        self.kept: dict[str, Json] = {}
        self.stumbles = 0  # so often recalling fails by a fault of ours
        self.generations: Mapping[str, int] = {}
        self.counts = {"invalid": 0, "conflicts": 0, "failed": 0, "loaded": 0, "errors": 0}
        self.up: bool | None = None
        self.source = ClusterPolicySource(
            self.api,
            load=self._load,
            recall=self._recall,
            meter=self,
            board=self,
            backoff=Backoff(random=lambda: 0.0, first=0.001, longest=0.002),
            clock=lambda: self.now,
        )

    def _load(self, item: Json) -> Policy:
        self.loads.append(f"{item['metadata']['name']}/{item['metadata']['generation']}")
        if item["spec"].get("crash"):
            raise ZeroDivisionError("value of a policy")
        return load_resource(item)

    async def _recall(self, uid: str) -> Json | None:
        if self.stumbles:
            self.stumbles -= 1
            raise LookupError("value of a policy")
        return self.kept.get(uid)

    def policy_loaded(self, *, generation: int, at: float) -> None:
        del generation, at
        self.counts["loaded"] += 1

    def policy_failed(self) -> None:
        self.counts["failed"] += 1

    def policies_in_force(
        self, generations: Mapping[str, int], *, invalid: int, conflicts: int
    ) -> None:
        self.generations = dict(generations)
        self.counts |= {"invalid": invalid, "conflicts": conflicts}

    def api_failed(self, what: str) -> None:
        assert what == "policies"
        self.counts["errors"] += 1

    def policies_followed(self, *, up: bool, synced_at: float) -> None:
        del synced_at
        self.up = up

    def put(self, *resources: Json) -> None:
        for each in resources:
            self.api.objects[f"{PATH}/{each['metadata']['name']}"] = copy.deepcopy(each)

    def change(self, item: Json, kind: str = "MODIFIED") -> None:
        self.api.events.setdefault(PATH, []).append({"type": kind, "object": copy.deepcopy(item)})

    def governing(self, namespace: str) -> str | None:
        policies = self.source.current()
        policy = None if policies is None else policies.govern(namespace)
        return None if policy is None else policy.label


@pytest.fixture
def rig() -> Rig:
    return Rig()


@contextlib.asynccontextmanager
async def running(rig: Rig) -> AsyncIterator[Rig]:
    task = asyncio.create_task(rig.source.run())
    try:
        yield rig
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_before_the_api_server_told_of_any_there_are_none_which_is_not_an_empty_set(
    rig: Rig,
) -> None:
    assert rig.source.current() is None
    async with running(rig):
        await until(lambda: rig.source.current() is not None)

    assert not rig.source.current()


async def test_each_governs_its_namespaces_and_is_known_by_name_and_generation(rig: Rig) -> None:
    rig.put(resource("one", generation=3), resource("two"))

    async with running(rig):
        await until(rig.source.current)

    assert (rig.governing("one"), rig.governing("two"), rig.governing("x")) == (
        "one/3",
        "two/1",
        None,
    )
    assert rig.generations == {"one": 3, "two": 1}


async def test_a_change_is_in_force_and_loads_nothing_but_what_changed(rig: Rig) -> None:
    rig.put(resource("one"), resource("two"))

    async with running(rig):
        await until(rig.source.current)
        rig.now = 200.0
        rig.change(resource("one", generation=2))
        await until(lambda: rig.governing("one") == "one/2")

    assert rig.loads == ["one/1", "two/1", "one/2"]
    assert (rig.source.status().generation, rig.source.status().loaded_at) == (2, 200.0)


async def test_a_status_that_was_written_changes_nothing(rig: Rig) -> None:
    rig.put(resource("one"))

    async with running(rig):
        await until(rig.source.current)
        before = rig.source.current()
        changed = rig.source.listen()
        rig.change(resource("one") | {"status": {"observedGeneration": 1}})
        await until(changed.is_set)

    assert rig.source.current() is before
    assert rig.counts["loaded"] == 1
    assert rig.source.states()[0].status == {"observedGeneration": 1}


async def test_what_does_not_load_leaves_its_last_good_generation_and_all_others_in_force(
    rig: Rig,
) -> None:
    rig.put(resource("one"), resource("two"))

    async with running(rig):
        await until(rig.source.current)
        rig.change(resource("one", generation=2, **BROKEN))
        await until(lambda: rig.counts["invalid"])
        rig.change(resource("two", generation=2))
        await until(lambda: rig.governing("two") == "two/2")

    assert rig.governing("one") == "one/1"
    state = next(it for it in rig.source.states() if it.name == "one")
    assert (state.generation, state.problems) == (2, (WHY,))
    assert rig.source.status().error == f"policy one: {WHY}"
    assert rig.counts["failed"] == 1


async def test_what_is_mended_is_in_force_and_no_longer_told_of(rig: Rig) -> None:
    rig.put(resource("one", **BROKEN))

    async with running(rig):
        await until(lambda: rig.counts["invalid"])
        assert not rig.source.current()
        rig.change(resource("one", generation=2))
        await until(rig.source.current)

    assert (rig.counts["invalid"], rig.source.status().error) == (0, "")


async def test_a_replica_that_starts_while_a_policy_is_broken_takes_the_last_good_one_that_was_kept(
    rig: Rig,
) -> None:
    rig.kept["uid-of-one"] = resource("one", generation=4)
    rig.put(resource("one", generation=5, **BROKEN))

    async with running(rig):
        await until(rig.source.current)

    assert rig.governing("one") == "one/4"
    assert rig.source.states()[0].problems == (WHY,)


async def test_what_was_kept_and_no_longer_loads_either_is_not_in_force(rig: Rig) -> None:
    rig.kept["uid-of-one"] = resource("one", generation=4, **BROKEN)
    rig.put(resource("one", generation=5, **BROKEN))

    async with running(rig):
        await until(lambda: rig.counts["invalid"])

    assert not rig.source.current()


async def test_a_fault_of_ours_in_one_policy_is_told_without_a_value_and_leaves_the_others(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.put(resource("one", crash=True), resource("two"))

    async with running(rig):
        await until(rig.source.current)

    assert rig.governing("two") == "two/1"
    (state,) = [it for it in rig.source.states() if it.name == "one"]
    assert state.problems == ("internal error; the webhook's log has the details",)
    assert "value of a policy" not in caplog.text


async def test_a_policy_that_is_deleted_no_longer_governs(rig: Rig) -> None:
    rig.put(resource("one"))

    async with running(rig):
        await until(rig.source.current)
        rig.change(resource("one"), "DELETED")
        await until(lambda: not rig.source.current())

    assert rig.source.states() == ()
    assert rig.generations == {}


async def test_one_that_is_deleted_and_made_again_under_its_name_is_another(rig: Rig) -> None:
    rig.put(resource("one"))
    again = resource("one", **BROKEN)
    again["metadata"]["uid"] = "another"

    async with running(rig):
        await until(rig.source.current)
        rig.change(resource("one"), "DELETED")
        rig.change(again, "ADDED")
        await until(lambda: rig.counts["invalid"])

    assert rig.governing("one") is None


async def test_of_two_that_cover_a_namespace_the_older_governs_and_the_other_is_told(
    rig: Rig,
) -> None:
    rig.put(
        resource("a", created="02", namespaces=["noxus", "more"]),
        resource("b", created="01", namespaces=["noxus"]),
    )

    async with running(rig):
        await until(rig.source.current)

    assert (rig.governing("noxus"), rig.governing("more")) == ("b/1", "a/1")
    assert rig.counts["conflicts"] == 1
    (older, younger) = rig.source.states()
    assert older.conflict is None
    assert younger.conflict is not None
    assert younger.conflict.governs == "b"


async def test_of_two_of_one_second_the_lower_name_governs(rig: Rig) -> None:
    rig.put(resource("b", namespaces=["x"]), resource("a", namespaces=["x"]))

    async with running(rig):
        await until(rig.source.current)

    assert rig.governing("x") == "a/1"


async def test_while_the_api_server_is_away_policies_stay_and_readiness_says_so(rig: Rig) -> None:
    rig.put(resource("one"))

    async with running(rig):
        await until(rig.source.current)
        rig.api.fail["WATCH", PATH] = away()
        rig.api.events[PATH].append(away())
        await until(lambda: rig.counts["errors"] > 1)
        status = rig.source.status()

    assert rig.governing("one") == "one/1"
    assert status.error == "the API server cannot be reached: ClientConnectorError"
    assert status.generation == 1


async def test_one_that_cannot_be_reached_from_the_start_is_why_there_is_no_policy(
    rig: Rig,
) -> None:
    rig.api.fail["GET", PATH] = ApiError(403, "Forbidden", "it is forbidden")

    async with running(rig):
        await until(lambda: rig.counts["errors"] > 1)

    assert rig.source.current() is None
    assert rig.source.status().error == "403 Forbidden: it is forbidden"
    assert rig.up is False


async def test_where_the_resource_is_not_served_the_way_out_is_told(rig: Rig) -> None:
    rig.api.fail["GET", PATH] = ApiError(404, "", "the API server said no more than that")

    async with running(rig):
        await until(lambda: rig.counts["errors"] > 1)

    assert rig.source.status().error == (
        "the API server does not serve SecretInjectionPolicy objects: apply the "
        "CustomResourceDefinition of the manifests"
    )


async def test_what_failed_to_load_by_a_fault_of_ours_is_loaded_when_the_work_begins_anew(
    rig: Rig,
) -> None:
    rig.kept["uid-of-one"] = resource("one", generation=4)
    rig.put(resource("one", generation=5, **BROKEN))
    rig.stumbles = 1

    with pytest.raises(ExceptionGroup):
        await rig.source.run()
    rig.api.fail = {("GET", PATH): away(), ("WATCH", PATH): away()}  # so that nothing new can come
    async with running(rig):
        await until(rig.source.current)

    assert rig.governing("one") == "one/4"


async def test_who_no_longer_listens_is_forgotten(rig: Rig) -> None:
    first, second = rig.source.listen(), rig.source.listen()
    rig.source.unlisten(first)

    async with running(rig):
        await until(second.is_set)

    assert not first.is_set()
