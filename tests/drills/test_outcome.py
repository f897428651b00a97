"""A drill tells what went wrong: it would be worth nothing if it could not."""

from typing import Any

import pytest

from tests.controlplane.client import Response
from tests.drills.drills import DRILLS, Drill
from tests.drills.faults import nothing
from tests.drills.outcome import Attempt, Outcome, Result, Sets, of_answer
from tests.drills.pods import CASES, named
from tests.e2e.world import secret

STRICT = Drill("strict", nothing)
NO_SETS = Sets()


def answer(status: int, message: str = "", **body: object) -> Response:
    return Response(status, {"message": message, **body}, [], b"")


def stored(case: str, *sources: str) -> Response:
    pod = named(CASES[case], "one", 0)
    (container,) = pod["spec"]["containers"]
    spec = {"containers": [{**container, "envFrom": [secret(name) for name in sources]}]}
    return answer(201, metadata=pod["metadata"], spec=spec)


@pytest.mark.parametrize(
    ("case", "told", "outcome"),
    [
        ("frontend", stored("frontend", "app-env"), Outcome.STORED),
        ("frontend", stored("frontend"), Outcome.WITHOUT_SOURCES),
        (
            "worker",
            stored("worker", "worker-env", "app-env", "tenant-a-llm"),
            Outcome.WITHOUT_SOURCES,
        ),
        ("greedy", stored("greedy", "worker-env"), Outcome.WRONGLY_STORED),
        ("greedy", answer(403, f"no: {CASES['greedy'].refused}"), Outcome.REFUSED),
        ("greedy", answer(403, "for another reason"), Outcome.WRONGLY_REFUSED),
        ("frontend", answer(403, f"no: {CASES['greedy'].refused}"), Outcome.WRONGLY_REFUSED),
        ("frontend", answer(403, "container 'app' was not injected"), Outcome.AGAIN),
        ("frontend", answer(500, "failed calling webhook: EOF"), Outcome.CALLING_ERROR),
        ("frontend", answer(500, "etcdserver: request timed out"), Outcome.AWAY),
    ],
)
def test_each_answer_is_one_outcome(case: str, told: Response, outcome: Outcome) -> None:
    assert of_answer(CASES[case], told) is outcome


def result(*outcomes: Outcome, sets: Sets = NO_SETS, **notes: Any) -> Result:  # noqa: ANN401
    right = (Outcome.STORED, Outcome.REFUSED)
    attempts = [
        Attempt(at, 0.5, outcome, "frontend", "why") for at, outcome in enumerate(right + outcomes)
    ]
    return Result("strict", 10.0, attempts, sets=sets, notes=notes)


RIGHT = (Outcome.STORED, Outcome.REFUSED)


@pytest.mark.parametrize("wrong", [it for it in Outcome if it not in RIGHT])
def test_any_other_outcome_than_the_right_ones_is_a_complaint(wrong: Outcome) -> None:
    assert f"1: {wrong}" in STRICT.complaints(result(wrong))


def test_where_all_is_right_there_is_no_complaint() -> None:
    assert STRICT.complaints(result()) == []


@pytest.mark.parametrize("drill", DRILLS, ids=lambda drill: drill.name)
def test_no_drill_allows_a_pod_without_its_sources_or_a_wrong_refusal(drill: Drill) -> None:
    never = {Outcome.WITHOUT_SOURCES, Outcome.WRONGLY_STORED, Outcome.WRONGLY_REFUSED}

    assert not drill.allowed & never
    assert bool(drill.allowed) is bool(drill.why)


def test_what_is_stored_counts_whatever_its_creator_was_told() -> None:
    told = Result("strict", 10.0, result().attempts, stored_wrongly=2)

    assert STRICT.complaints(told) == ["2 pods are stored without their sources"]


def test_pods_that_a_controller_did_not_make_are_a_complaint() -> None:
    some = result(sets=Sets(wanted=10, there=9))

    assert STRICT.complaints(some) == ["controllers made 9/10 pods"]


def test_more_failures_than_connections_to_the_lost_replica_are_a_complaint() -> None:
    lenient = Drill("lenient", nothing, frozenset({Outcome.CALLING_ERROR}), "a reason")
    two = (Outcome.CALLING_ERROR, Outcome.CALLING_ERROR)

    assert lenient.complaints(result(*two, connections_lost=2)) == []
    assert lenient.complaints(result(*two, connections_lost=1)) == [
        "2 creations failed at 1 lost connections"
    ]


def test_refusals_in_other_namespaces_are_a_complaint() -> None:
    assert STRICT.complaints(result(elsewhere_failed=3)) == [
        "3 pods of other namespaces were refused"
    ]


def test_a_drill_in_which_nothing_happened_is_a_complaint() -> None:
    assert STRICT.complaints(Result("strict", 10.0, [])) == ["nothing was asked"]


def test_the_longest_pause_is_the_longest_time_without_a_right_answer() -> None:
    waited = Result(
        "strict",
        10.0,
        [
            Attempt(1.0, 0.5, Outcome.STORED, "frontend"),
            Attempt(2.0, 0.5, Outcome.CALLING_ERROR, "frontend"),
            Attempt(5.0, 0.5, Outcome.REFUSED, "greedy"),
        ],
    )

    assert waited.longest_gap == 4.5
