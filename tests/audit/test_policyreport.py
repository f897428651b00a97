"""PolicyReports: what they hold; that an API server takes them is tested in tests/e2e."""

import io
from typing import Any

import yaml

from tests.audit.example import REPORT
from tests.audit.kit import audit, workload
from tests.core.kit import of_role, secret
from webhook.audit.report import Report
from webhook.report.policyreport import write_policy_reports

Json = dict[str, Any]


def documents(report: Report) -> list[Json]:
    stream = io.StringIO()
    write_policy_reports(report, stream)
    return list(yaml.safe_load_all(stream.getvalue()))


def test_each_namespace_has_a_report_with_the_sums_of_its_results() -> None:
    found = {it["metadata"]["namespace"]: it for it in documents(REPORT)}

    assert {name: it["summary"] for name, it in found.items()} == {
        "legacy": {"pass": 0, "fail": 0, "warn": 0, "error": 0, "skip": 1},
        "noxus": {"pass": 2, "fail": 1, "warn": 3, "error": 0, "skip": 0},
        "noxus-trial": {"pass": 1, "fail": 0, "warn": 1, "error": 0, "skip": 0},
    }
    assert {it["metadata"]["name"] for it in found.values()} == {"noxus-secrets-audit"}


def test_a_refusal_is_a_failure_with_its_reason_as_the_rule_and_the_whole_sentence() -> None:
    results = [it for report in documents(REPORT) for it in report["results"]]

    (failed,) = [it for it in results if it["result"] == "fail"]
    assert failed == {
        "source": "noxus-secrets",
        "policy": "noxus",
        "rule": "SecretNotEntitled",
        "category": "Secrets",
        "severity": "high",
        "result": "fail",
        "scored": True,
        "message": REPORT.workloads[1].refusals[0].message,
        "properties": {"role": "frontend", "mode": "enabled", "scopes": "shared"},
        "resources": [
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "name": "greedy-frontend",
                "namespace": "noxus",
            }
        ],
    }


def test_of_pods_those_are_told_that_are_not_as_they_should_be() -> None:
    results = [it for report in documents(REPORT) for it in report["results"]]

    told = {it["resources"][0]["name"]: it for it in results if it["rule"] == "NotInjected"}
    assert list(told) == ["w-2"]
    assert told["w-2"]["result"] == "warn"
    assert told["w-2"]["message"].startswith("runs without what the policy now gives it: ")


def test_what_nobody_judged_is_a_warning_and_what_is_outside_is_skipped() -> None:
    results = [it for report in documents(REPORT) for it in report["results"]]

    by_rule = {it["rule"]: (it["result"], it["message"]) for it in results}
    assert by_rule["DeployerNotJudged"] == ("warn", REPORT.workloads[4].judged_why)
    assert by_rule["OutsideOptIn"] == ("skip", REPORT.workloads[0].outside)


def test_thousands_of_results_are_spread_over_several_reports() -> None:
    greedy = of_role("frontend", {"containers": [{"name": "w", "envFrom": [secret("worker-env")]}]})
    report = audit(*(workload("Job", f"j{i}", greedy) for i in range(1001)))

    found = documents(report)

    assert [it["metadata"]["name"] for it in found] == [
        "noxus-secrets-audit",
        "noxus-secrets-audit-2",
        "noxus-secrets-audit-3",
    ]
    assert [it["summary"]["fail"] for it in found] == [500, 500, 1]
    assert all(len(yaml.safe_dump(it)) < 1_000_000 for it in found)


def test_a_namespace_without_anything_to_tell_has_an_empty_report() -> None:
    (found,) = documents(audit())

    assert (found["metadata"]["namespace"], found["results"]) == ("noxus", [])
