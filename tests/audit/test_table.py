"""The tables of an audit and of a plan, with one of everything."""

import io
import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.audit.example import PLAN, REPORT, WORKER
from webhook.audit.report import PodState, Report
from webhook.report.lines import some
from webhook.report.table import write_audit
from webhook.report.table_plan import write_plan

TRANSCRIPTS = Path(__file__).parent / "transcripts"


@pytest.fixture(autouse=True)
def _eighty_columns() -> None:
    os.environ["COLUMNS"] = "80"  # as tests/commands/kit.py has it


def audit_table(report: Report) -> str:
    stream = io.StringIO()
    write_audit(report, stream)
    return stream.getvalue()


def plan_table() -> str:
    stream = io.StringIO()
    write_plan(replace(PLAN, unreadable=("a Pod is not as Kubernetes wants it",)), stream)
    return stream.getvalue()


def test_an_audit_reads_as_its_transcript() -> None:
    totals = replace(REPORT.totals, unreadable=1)
    report = replace(REPORT, unreadable=("a Pod is not as Kubernetes wants it",), totals=totals)

    assert audit_table(report) == (TRANSCRIPTS / "audit.txt").read_text()


def test_a_plan_reads_as_its_transcript() -> None:
    assert plan_table() == (TRANSCRIPTS / "plan.txt").read_text()


@pytest.mark.parametrize("text", ["audit", "plan"])
def test_no_line_is_wider_than_the_terminal_but_for_names(text: str) -> None:
    lines = (TRANSCRIPTS / f"{text}.txt").read_text().splitlines()

    assert [line for line in lines if len(line) > 80] == []


def test_of_many_pods_with_the_same_finding_a_few_are_named_and_the_rest_counted() -> None:
    lacking = next(pod for pod in WORKER.pods if pod.state is PodState.LACKS)
    many = tuple(replace(lacking, name=f"w-{i}") for i in range(12))

    table = audit_table(replace(REPORT, workloads=(replace(WORKER, pods=many),)))

    assert table.count("lacks      ") == 1
    assert "  lacks      pods w-0, w-1, w-2 and 9 more: runs without what the policy now" in table


def test_two_or_three_are_all_named() -> None:
    assert some(["a"], "pod") == "pod a"
    assert some(["a", "b", "c"], "pod") == "pods a, b, c"


def test_nothing_to_tell_is_one_line_of_sums() -> None:
    empty = replace(REPORT, workloads=(), namespaces=())

    assert audit_table(empty).startswith("4 workloads in 2 opted-in namespaces, ")


def test_a_policy_in_dry_run_is_told_in_the_heading() -> None:
    observed = replace(REPORT, workloads=(replace(WORKER, dry_run=True),))

    assert audit_table(observed).startswith("noxus (enabled, policy noxus in DryRun) ─")
