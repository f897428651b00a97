"""The leader restarts what the policy gave a changed Secret to."""

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.cluster.kit import FakeApi, away, until
from tests.cluster.reload_kit import NOW, RECORDED, ago, budget, secret, workload
from tests.core.kit import policy
from webhook.cluster.api import ApiError
from webhook.cluster.reloading import Reloading
from webhook.cluster.restartable import NAMESPACES, Found, workloads
from webhook.cluster.rollouts import RESTARTED_AT
from webhook.cluster.telling import Telling
from webhook.core.policyset import PolicySet

Json = Any

SPEC = """
namespaces: [noxus, other]
reload: {mode: Rollout}
scopes:
  - name: shared
    roles: [frontend]
    envFrom: [{secretRef: {name: app-env}}, {configMapRef: {name: flag-set}}]
"""
SECRET = "/api/v1/namespaces/noxus/secrets/app-env"  # noqa: S105 - a path
FEATURES = "/api/v1/namespaces/noxus/configmaps/flag-set"
WEB = workload().path
FORBIDDEN = ApiError(403, "Forbidden", "no")


@dataclass
class Metadata(FakeApi):
    """Answers with the metadata of an object alone, and with lists in pages where there are any."""

    pages: dict[str, list[Json]] = field(default_factory=dict)

    async def get(self, path: str, **query: str) -> Json:
        found = await super().get(path, **query)
        return self.pages[path].pop(0) if path in self.pages else found

    async def read(self, path: str, **query: str) -> bytes:
        return json.dumps(await self.get(path, **query)).encode()

    async def metadata(self, path: str) -> Json:
        return (await self.get(path))["metadata"]


@dataclass
class Board:
    failures: list[str] = field(default_factory=list)
    restarts: int = 0
    waits: list[int] = field(default_factory=list)

    def api_failed(self, what: str) -> None:
        self.failures.append(what)

    def restarted(self) -> None:
        self.restarts += 1

    def waiting(self, count: int) -> None:
        self.waits.append(count)


@dataclass
class World:
    """A namespace with one Deployment that is given a Secret and a ConfigMap."""

    spec: str = SPEC
    api: Metadata = field(default_factory=Metadata)
    board: Board = field(default_factory=Board)
    told: list[Telling] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.api.put(f"{NAMESPACES}/noxus", _namespace("noxus"))
        self.api.objects[SECRET] = {"metadata": secret()}
        self.api.objects[FEATURES] = {"metadata": secret()}
        self.api.put(WEB, workload().body)
        self.reloading = Reloading(
            self.api,
            self,
            metrics=self.board,
            tell=self.told.append,
            now=lambda: NOW,
            every=0.001,
        )

    def current(self) -> PolicySet | None:
        return PolicySet([policy(self.spec)]) if self.spec else None

    def round(self) -> int:
        return asyncio.run(self.reloading.once())

    def annotations(self) -> Json:
        return self.api.objects[WEB]["metadata"]["annotations"]

    def template(self) -> Json:
        return self.api.objects[WEB]["spec"]["template"]["metadata"]["annotations"]


def _namespace(name: str) -> Json:
    return {"metadata": {"name": name, "labels": {"secrets.noxus.ai/injection": "enabled"}}}


def test_at_first_what_there_is_is_written_down() -> None:
    world = World()

    assert world.round() == 0
    assert world.annotations()[RECORDED].count("=") == 2
    assert world.annotations()[RECORDED].startswith("configmap/flag-set=")
    assert world.template() == {}
    writes = [path for method, path in world.api.calls if method == "PATCH"]
    assert world.round() == 0
    assert [path for method, path in world.api.calls if method == "PATCH"] == writes == [WEB]


def test_then_a_secret_that_changes_is_one_restart_which_is_told() -> None:
    world = World()
    world.round()
    before = world.annotations()[RECORDED]
    world.api.objects[SECRET] = {"metadata": secret(31)}

    assert world.round() == 0
    assert world.template() == {RESTARTED_AT: "2026-11-24T12:00:00Z"}
    assert world.annotations()[RECORDED] != before
    (said,) = world.told
    assert (said.namespace, said.subject.kind, said.subject.name) == ("noxus", "Deployment", "web")
    assert (said.reason, said.warning) == ("SecretsReloaded", False)
    assert said.note == ("restarted: secret/app-env changed, which policy noxus gives to its pods")
    world.round()
    assert (world.board.restarts, len(world.told)) == (1, 1)


def test_another_leader_does_not_restart_it_again() -> None:
    world = World()
    world.round()
    world.api.objects[SECRET] = {"metadata": secret(31)}
    world.round()
    next_leader = Reloading(
        world.api, world, metrics=world.board, tell=world.told.append, now=lambda: NOW
    )

    asyncio.run(next_leader.once())

    assert world.board.restarts == 1


def test_a_restart_that_is_late_is_a_warning() -> None:
    world = World()
    late = workload(recorded="secret/app-env=x", restarted=700, status={"updatedReplicas": 1})
    world.api.put(WEB, late.body)
    world.api.objects[SECRET] = {"metadata": secret(0)}

    assert world.round() == 1
    (said,) = world.told
    assert (said.warning, said.note) == (
        True,
        "restarted, and not done within the time limit",
    )


def test_somebody_elses_write_in_between_is_left_for_the_next_round() -> None:
    world = World()
    world.api.fail["PATCH", WEB] = ApiError(409, "Conflict", "modified")

    assert world.round() == 0
    assert world.board.failures == []


def test_a_write_that_fails_otherwise_is_counted() -> None:
    world = World()
    world.api.fail["PATCH", WEB] = away()

    assert world.round() == 0
    assert world.board.failures == ["reload"]


def test_what_cannot_be_written_does_not_hold_up_the_next() -> None:
    world = World()
    world.api.put(f"{WEB}2", workload("web2").body)
    world.round()
    world.api.objects[SECRET] = {"metadata": secret(31)}
    world.api.fail["PATCH", WEB] = FORBIDDEN

    assert world.round() == 1
    assert [it.subject.name for it in world.told] == ["web2"]
    assert world.board.failures == ["reload"]


def test_what_was_refused_is_not_tried_again_for_a_while() -> None:
    world = World()
    world.api.fail["PATCH", WEB] = FORBIDDEN

    world.round()
    world.round()

    assert world.api.calls.count(("PATCH", WEB)) == 1


def test_a_namespace_that_is_made_too_large_is_left_alone_and_told() -> None:
    for kind, count, said in (
        ("workloads", 2001, "it has more than 2000 workloads"),
        ("budgets", 501, "it has more than 500 PodDisruptionBudgets"),
    ):
        world = World()
        path = "/apis/apps/v1/namespaces/noxus/statefulsets"
        many = [workload(kind="StatefulSet").body] * count
        if kind == "budgets":
            path = "/apis/policy/v1/namespaces/noxus/poddisruptionbudgets"
            many = [budget({})] * count
        world.api.pages[path] = [{"items": many}]

        assert world.round() == 0
        assert world.board.failures == ["reload"]
        assert RECORDED not in (world.annotations() or {}), said


def test_labels_and_records_that_nobody_needs_are_not_kept() -> None:
    world = World()
    body = workload(recorded="x" * (16 * 1024 + 1)).body
    world.api.put(WEB, body)
    world.round()
    assert world.annotations()[RECORDED].startswith("configmap/flag-set=")

    world = World()
    body = workload().body
    body["spec"]["template"]["metadata"]["labels"]["much"] = "x" * 8192
    world.api.put(WEB, body)
    world.round()
    assert world.annotations() is None


def test_a_namespace_that_takes_too_long_does_not_hold_up_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World(SPEC.replace("[noxus, other]", "[another, noxus]"))
    world.api.put(f"{NAMESPACES}/another", _namespace("another"))
    path = "/apis/apps/v1/namespaces/another/deployments"
    world.api.fail["GET", path] = TimeoutError()  # type: ignore[assignment]

    assert world.round() == 0
    assert RECORDED in world.annotations()
    assert world.board.failures == ["reload"]
    assert "workloads cannot be restarted" in caplog.text


def test_what_fails_in_one_namespace_by_our_own_fault_does_not_hold_up_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World(SPEC.replace("[noxus, other]", "[another, noxus]"))
    world.api.put(f"{NAMESPACES}/another", _namespace("another"))
    path = "/apis/apps/v1/namespaces/another/deployments"
    world.api.fail["GET", path] = RuntimeError("ours")  # type: ignore[assignment]

    assert world.round() == 0
    assert RECORDED in world.annotations()
    assert "a round of restarts failed in a namespace" in caplog.messages


def test_of_a_workload_what_its_rollout_needs_is_kept_and_nothing_of_its_pods() -> None:
    world = World()
    body = workload(recorded="secret/app-env=1", restarted=20).body
    body["metadata"]["annotations"]["note"] = "x" * 1000
    body["metadata"]["managedFields"] = [{"manager": "kubectl"}]
    template = body["spec"]["template"]
    template["metadata"]["annotations"]["note"] = "x" * 1000
    template["spec"]["containers"][0]["env"] = [{"name": "A", "value": "canary"}]
    world.api.put(WEB, body)

    async def read() -> list[Found]:
        return [it async for it in workloads(world.api, "noxus")]

    (found,) = asyncio.run(read())
    assert found.workload.body == {
        "metadata": {
            "name": "web",
            "uid": "uid-web",
            "resourceVersion": world.api.objects[WEB]["metadata"]["resourceVersion"],
            "generation": 3,
            "annotations": {RECORDED: "secret/app-env=1"},
        },
        "spec": {
            "replicas": 2,
            "template": {
                "metadata": {
                    "labels": {"app": "web", "noxus.ai/role": "frontend"},
                    "annotations": {RESTARTED_AT: ago(20)},
                }
            },
        },
        "status": {
            "observedGeneration": 3,
            "replicas": 2,
            "updatedReplicas": 2,
            "availableReplicas": 2,
        },
    }


def test_an_answer_that_is_no_list_is_a_failure_of_the_api() -> None:
    world = World()
    world.api.pages[NAMESPACES] = [{"items": "none"}]

    with pytest.raises(ApiError, match="the API server's answer is no list"):
        world.round()


def test_a_list_is_read_to_its_end() -> None:
    world = World()
    world.api.pages[NAMESPACES] = [
        {"items": [], "metadata": {"continue": "more"}},
        {"items": [_namespace("noxus")], "metadata": {}},
    ]

    assert world.round() == 0
    assert RECORDED in world.annotations()
    assert world.api.queries[1] == {
        "limit": "20",
        "continue": "more",
        "labelSelector": "secrets.noxus.ai/injection=enabled",
    }


def test_without_that_in_the_policy_nothing_is_asked() -> None:
    for spec in ("", "reload: {mode: Annotate}", "scopes: []"):
        world = World(spec)

        assert world.round() == 0
        assert world.api.calls == []


def test_in_dry_run_and_under_other_policies_nothing_is_touched() -> None:
    for spec in (f"mode: DryRun\n{SPEC}", SPEC.replace("noxus", "elsewhere")):
        world = World(spec)

        assert world.round() == 0
        assert world.api.calls == [("GET", NAMESPACES)]


def test_a_secret_that_may_not_be_read_is_counted_and_the_others_go_on() -> None:
    world = World()
    world.api.fail["GET", SECRET] = FORBIDDEN
    del world.api.objects[FEATURES]

    assert world.round() == 0
    assert world.board.failures == ["reload"]
    assert world.annotations() is None


def test_a_namespace_that_lets_nobody_in_does_not_keep_others_waiting() -> None:
    world = World()
    world.api.put(f"{NAMESPACES}/other", _namespace("other"))
    world.api.fail["GET", "/apis/apps/v1/namespaces/other/deployments"] = FORBIDDEN
    world.api.fail["GET", SECRET] = away()

    assert world.round() == 0
    assert world.board.failures == ["reload", "reload"]


def test_a_template_that_is_none_is_given_nothing() -> None:
    world = World()
    broken = workload(spec={"template": {"spec": {"containers": 1}}})
    world.api.put(WEB, broken.body)

    assert world.round() == 0
    assert world.annotations() is None


async def test_it_goes_on_whatever_fails_until_it_is_told_to_stop() -> None:
    world = World()
    world.api.fail["GET", NAMESPACES] = away()
    running = asyncio.ensure_future(world.reloading.run())
    await until(lambda: world.board.failures)
    world.api.fail["GET", NAMESPACES] = RuntimeError("ours")  # type: ignore[assignment]
    await asyncio.sleep(0.01)
    world.api.fail.clear()
    await until(world.annotations)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running

    assert world.board.waits[-1] == 0
