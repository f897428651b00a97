"""Which workload of a namespace is restarted now, which waits, and what is written down."""

import pytest

from tests.cluster.reload_kit import NOW, budget, secret, workload
from webhook.cluster.restarting import Round, judge
from webhook.cluster.rollouts import Json, Workload
from webhook.cluster.versions import Version, version_of
from webhook.core.policy_upkeep import Reload

A, B = "secret/a", "secret/b"
RELOAD = Reload.model_validate({"mode": "Rollout"}, strict=False)
OLD = version_of(secret()).text
CHANGED = version_of(secret(60))


def judged(
    *workloads: Workload,
    versions: dict[str, Version] | None = None,
    budgets: list[Json] | None = None,
    sources: tuple[str, ...] = (A,),
) -> Round:
    found = {A: CHANGED} if versions is None else versions
    return judge([(it, sources) for it in workloads], found, budgets or [], RELOAD, NOW)


def test_what_is_seen_for_the_first_time_is_written_down_and_nothing_is_restarted() -> None:
    found = judged(workload())

    assert (found.due, found.waiting) == ((), 0)
    assert [it.versions for it in found.records] == [{A: CHANGED.text}]


def test_once_it_is_written_down_there_is_nothing_to_do() -> None:
    assert judged(workload(recorded=f"{A}={CHANGED.text}")) == Round((), (), 0, ())


def test_what_has_changed_is_a_restart_that_writes_down_all_there_is() -> None:
    found = judged(
        workload(recorded=f"{A}={OLD}"),
        versions={A: CHANGED, B: CHANGED},
        sources=(A, B),
    )

    (restart,) = found.due
    assert restart.changed == (A,)
    assert restart.versions == {A: CHANGED.text, B: CHANGED.text}
    assert (found.records, found.waiting) == ((), 1)


def test_several_changes_are_one_restart() -> None:
    found = judged(
        workload(recorded=f"{A}={OLD},{B}={OLD}"),
        versions={A: CHANGED, B: CHANGED},
        sources=(A, B),
    )

    (restart,) = found.due
    assert restart.changed == (A, B)


def test_a_change_that_is_too_new_waits_for_the_next() -> None:
    found = judged(
        workload(recorded=f"{A}={OLD},{B}={OLD}"),
        versions={A: CHANGED, B: version_of(secret(29))},
        sources=(A, B),
    )

    assert (found.due, found.waiting) == ((), 1)


def test_a_change_of_which_nobody_knows_the_time_does_not_wait() -> None:
    found = judged(workload(recorded=f"{A}={OLD}"), versions={A: Version("other", None)})

    assert len(found.due) == 1


def test_what_was_written_within_this_second_is_written_down_in_the_next_round() -> None:
    for seconds, expected in ((0, 0), (1, 0), (2, 1)):
        found = judged(workload(), versions={A: version_of(secret(seconds))})

        assert len(found.records) == expected


def test_without_a_quiet_time_it_waits_for_the_second_to_be_over() -> None:
    at_once = RELOAD.model_copy(update={"quiet_seconds": 0})
    for seconds, expected in ((1, 0), (2, 1)):
        versions = {A: version_of(secret(seconds))}
        named = [(workload(recorded=f"{A}={OLD}"), [A])]

        assert len(judge(named, versions, [], at_once, NOW).due) == expected


def test_a_change_in_the_future_is_not_waited_for_unless_clocks_differ_by_so_little() -> None:
    for ahead, expected in ((61, 1), (59, 0)):
        found = judged(workload(recorded=f"{A}={OLD}"), versions={A: version_of(secret(-ahead))})

        assert len(found.due) == expected


def test_a_restart_in_the_future_holds_up_nobody() -> None:
    for ahead, expected in ((61, ["web"]), (59, [])):
        ahead_of_us = workload(
            "api", recorded=f"{A}={CHANGED.text}", restarted=-ahead, status={"updatedReplicas": 1}
        )
        found = judged(ahead_of_us, workload(recorded=f"{A}={OLD}"))

        assert [it.workload.name for it in found.due] == expected
        assert found.late == ()


def test_what_is_missing_or_may_not_be_read_changes_nothing() -> None:
    assert judged(workload(recorded=f"{A}={OLD}"), versions={}) == Round((), (), 0, ())


def test_what_the_policy_no_longer_gives_is_forgotten_without_a_restart() -> None:
    found = judged(workload(recorded=f"{A}={CHANGED.text},{B}={OLD}"))

    assert found.due == ()
    assert [it.versions for it in found.records] == [{A: CHANGED.text}]


def test_one_after_the_other_by_name() -> None:
    due = [workload(name, recorded=f"{A}={OLD}") for name in ("worker", "api", "web")]
    found = judged(*due)

    assert [it.workload.name for it in found.due] == ["api", "web", "worker"]
    assert found.waiting == 3


def test_of_many_a_few_are_tried_and_some_are_written_down() -> None:
    due = judged(*(workload(f"w-{n:03}", recorded=f"{A}={OLD}") for n in range(60)))
    new = judged(*(workload(f"w-{n:03}") for n in range(60)))

    assert [it.workload.name for it in due.due] == [f"w-00{n}" for n in range(5)]
    assert (due.waiting, len(new.records)) == (60, 50)


ROLLING = {"updatedReplicas": 1}


def test_while_a_restart_is_under_way_the_next_one_waits() -> None:
    under_way = workload("api", recorded=f"{A}={CHANGED.text}", restarted=20, status=ROLLING)
    found = judged(under_way, workload(recorded=f"{A}={OLD}"))

    assert (found.due, found.waiting, found.late) == ((), 1, ())


def test_after_the_time_limit_it_does_not_and_that_is_told() -> None:
    late = workload("api", recorded=f"{A}={CHANGED.text}", restarted=600, status=ROLLING)
    found = judged(late, workload(recorded=f"{A}={OLD}"))

    (restart,) = found.due
    assert (restart.workload.name, found.late) == ("web", (late,))


@pytest.mark.parametrize(
    "other",
    [
        workload("api", recorded=f"{A}={CHANGED.text}", restarted=20),
        workload("api", recorded=f"{A}={CHANGED.text}", status=ROLLING),
        workload("api", recorded=f"{A}={CHANGED.text}", restarted=20, spec={"replicas": 0}),
    ],
    ids=["done", "not restarted", "scaled to zero"],
)
def test_nobody_waits_for_one_that_is_not_being_restarted(other: Workload) -> None:
    assert judged(other, workload(recorded=f"{A}={OLD}")).due


def test_what_a_budget_holds_up_waits_and_lets_others_pass() -> None:
    budgets = [budget({"matchLabels": {"app": "api"}})]
    due = [workload(name, recorded=f"{A}={OLD}") for name in ("api", "web")]
    found = judged(*due, budgets=budgets)

    (restart,) = found.due
    assert (restart.workload.name, found.waiting) == ("web", 2)


def test_what_has_no_pods_is_not_restarted_and_its_next_pods_read_what_is_there() -> None:
    found = judged(workload(recorded=f"{A}={OLD}", spec={"replicas": 0}))

    assert (found.due, found.waiting) == ((), 0)
    assert [it.versions for it in found.records] == [{A: CHANGED.text}]


def test_what_somebody_rolls_out_by_hand_waits_for_them() -> None:
    found = judged(workload(recorded=f"{A}={OLD}", spec={"paused": True}))

    assert (found.due, found.records, found.waiting) == ((), (), 1)
