"""What a workload says of its rollout, what holds it up, and when data has changed."""

from typing import Any

import pytest

from tests.cluster.reload_kit import NOW, ago, budget, secret, workload
from webhook.cluster.rollouts import Budgets
from webhook.cluster.versions import version_of
from webhook.rotation.written import instant

Json = Any


def test_a_rollout_is_done_when_all_pods_are_new_and_available() -> None:
    assert workload().is_done
    assert workload(kind="DaemonSet").is_done
    assert workload(kind="StatefulSet").is_done


@pytest.mark.parametrize(
    "status",
    [
        {"observedGeneration": 2},
        {"updatedReplicas": 1},
        {"availableReplicas": 1},
        {"replicas": 3},  # an old one is still there
    ],
)
def test_until_then_it_is_not(status: Json) -> None:
    assert not workload(status=status).is_done


@pytest.mark.parametrize("count", ["updatedNumberScheduled", "numberAvailable"])
def test_that_of_a_daemon_set_needs_a_pod_on_every_node(count: str) -> None:
    assert not workload(kind="DaemonSet", status={count: 1}).is_done


def test_without_pods_there_is_nothing_to_restart() -> None:
    assert workload(spec={"replicas": 0}).is_empty
    assert workload(kind="DaemonSet", status={"desiredNumberScheduled": 0}).is_empty
    assert not workload().is_empty
    assert not workload(kind="DaemonSet").is_empty


def test_what_somebody_rolls_out_by_hand_is_left_to_them() -> None:
    assert workload(spec={"paused": True}).is_held
    assert workload(kind="StatefulSet", spec={"updateStrategy": {"type": "OnDelete"}}).is_held
    assert not workload(
        kind="DaemonSet", spec={"updateStrategy": {"type": "RollingUpdate"}}
    ).is_held


def test_what_was_recorded_is_read_whatever_stands_there() -> None:
    found = workload(recorded="secret/a=1, secret/b=2,rubbish,=3").recorded

    assert found == {"secret/a": "1", "secret/b": "2", "": "3"}
    assert workload().recorded == {}


APP = {"matchLabels": {"app": "web"}}


@pytest.mark.parametrize(
    ("selector", "holds"),
    [
        (APP, True),
        ({}, True),
        (None, False),
        ({"matchLabels": {"app": "other"}}, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, False),
    ],
)
def test_a_budget_without_disruptions_holds_up_what_it_selects(
    selector: Json, *, holds: bool
) -> None:
    assert Budgets([budget(selector)]).holding(workload()) == ("keep" if holds else None)


def test_a_budget_that_allows_one_or_counts_no_pods_holds_up_nothing() -> None:
    assert Budgets([budget(APP, allowed=1), budget(APP, pods=0)]).holding(workload()) is None


def test_a_selector_or_a_number_of_budgets_that_nobody_needs_holds_everything() -> None:
    other = {"matchLabels": {f"key-{n}": "value" for n in range(20)}}
    assert Budgets([budget(other)]).holding(workload()) is None
    assert Budgets([budget({"matchLabels": {**other["matchLabels"], "one": "more"}})]).holding(
        workload()
    )
    assert Budgets([budget(other)] * 100).holding(workload()) is None
    assert Budgets([budget(other)] * 101).holding(workload()) == "keep"


def test_a_version_changes_with_the_data_and_not_with_labels() -> None:
    version = version_of(secret())

    assert version_of(secret(noted=99)) == version
    assert version.at == instant(ago(3600))
    assert version_of(secret(5)).text != version.text
    assert version_of(secret(key="other")).text != version.text
    assert version_of(secret(uid="made-anew")).text != version.text


def test_where_nobody_noted_who_owns_the_data_any_change_counts() -> None:
    bare = {"uid": "u", "resourceVersion": "7"}

    assert version_of(bare) == version_of(dict(bare))
    assert version_of(bare).at is None
    assert version_of(bare).text != version_of(bare | {"resourceVersion": "8"}).text


def test_a_time_is_one_with_a_zone() -> None:
    assert instant("2026-11-24T12:00:00Z") == NOW
    assert [instant(it) for it in ("2026-11-24T12:00:00", "soon", None)] == [None] * 3
