"""What is said of each name over all readers, and when a run fails."""

import pytest

from webhook.flows.environment import Layer, Reader
from webhook.flows.report import Exposure, Flow, FlowsReport, Use, Verdict, flows_report

USE = Use("flow.yaml", 3, "a.b")


def keys(*names: str) -> frozenset[str]:
    return frozenset(names)


def report(*layers: tuple[Layer, ...], reads: str = "K") -> FlowsReport:
    readers = [Reader(f"r{i}", "noxus", None, its) for i, its in enumerate(layers)]
    flow = Flow("flow.yaml", ((reads, USE),), ())
    return flows_report([flow], readers, credentials=["REDIS_URL", "POSTGRESQL_URL"])


A = Layer("a", "s", keys=keys("K", "REDIS_URL"))
B = Layer("b", "t", keys=keys("K"))
UNKNOWN = Layer("u", "s")


@pytest.mark.parametrize(
    ("layers", "verdict"),
    [
        (((), ()), Verdict.NOWHERE),
        (((A,), ()), Verdict.PARTLY),
        (((UNKNOWN,), ()), Verdict.PARTLY),
        (((A,), (B,)), Verdict.DIFFERS),
        (((A,), (B, UNKNOWN)), Verdict.DIFFERS),
        (((A,), (A, UNKNOWN)), Verdict.PERHAPS),
        (((UNKNOWN,), (UNKNOWN,)), Verdict.PERHAPS),
        (((A,), (B, A)), Verdict.SAME),
    ],
)
def test_the_worst_that_can_be_said_of_a_name_is_said(
    layers: tuple[tuple[Layer, ...], ...], verdict: Verdict
) -> None:
    found = report(*layers)

    assert [name.verdict for name in found.names] == [verdict]
    assert found.failed is (verdict is Verdict.NOWHERE)


def test_readers_with_the_same_source_stand_together() -> None:
    (name,) = report((A,), (B,), (A,)).names

    assert [(group.readers, group.resolution.winner) for group in name.groups] == [
        (("r0", "r2"), "a"),
        (("r1",), "b"),
    ]


def test_of_a_name_that_is_nowhere_the_most_similar_one_is_told() -> None:
    assert report((Layer("a", "s", "P_", keys("LLM_KEY")),), reads="LLM_KYE").names[0].nearest == (
        "P_LLM_KEY"
    )
    assert report((A,), reads="SOMETHING_ELSE").names[0].nearest == ""
    assert report((A,), reads="K").names[0].nearest == ""


def test_credentials_within_reach_are_told_only_where_it_is_sure() -> None:
    found = report((A,), (B,), (UNKNOWN,), (A,))

    assert found.exposures == (Exposure(("r0", "r3"), (("REDIS_URL", "a"),)),)
    assert found.unknown == ("u",)


def test_an_expression_that_reads_nothing_and_a_broken_file_fail() -> None:
    near = Flow("flow.yaml", (), ((USE, "names no variable"),))

    assert flows_report([near], [], credentials=[]).failed
    assert flows_report([], [], credentials=[], unreadable=["x.yaml: not YAML"]).failed
    assert not flows_report([], [], credentials=[]).failed
