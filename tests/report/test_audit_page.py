"""What the page of an audit says, as text."""

from dataclasses import replace

import pytest

from tests.report import clusters, pages
from tests.report.document import Document
from webhook.audit.report import Report
from webhook.report.pages.columns import MAX_COLUMNS, Column, columns


def said(report: Report) -> str:
    """Return the text of a page, with single spaces."""
    return " ".join(" ".join(Document(pages.audit(report)).text).split())


def test_the_head_says_of_what_when_and_by_which_policy() -> None:
    text = said(clusters.trial())

    assert "context kind-noxus · 2026-11-24T12:00:00Z · policy noxus" in text
    assert "Made by noxus-secrets 0.1.0 . It holds names only, never a value." in text


@pytest.mark.parametrize(
    ("refused", "pods", "verdict"),
    [
        (0, 0, "Nothing would be refused."),
        (1, 0, "1 workload would be refused."),
        (2, 0, "2 workloads would be refused."),
        (0, 1, "1 pod of today would be refused."),
        (2, 3, "2 workloads and 3 pods of today would be refused."),
    ],
)
def test_the_verdict_is_one_sentence(refused: int, pods: int, verdict: str) -> None:
    report = clusters.trial()
    totals = replace(report.totals, refused=refused, pods_refused=pods)

    assert verdict in said(replace(report, totals=totals))


def test_a_cluster_without_anything_says_so_everywhere() -> None:
    text = said(clusters.report(pools=0))

    assert "There was nothing to judge." in text
    assert "No workload was found." in text
    assert "Every pod runs with what the policy gives it." in text
    assert "Nothing outside opted-in namespaces looks like Noxus." in text
    assert "No workload escaped the check of who deploys it." in text


def test_a_cluster_without_a_policy_says_what_follows() -> None:
    report = replace(clusters.trial(), policies=())

    assert "There is no policy, so nothing is injected or refused." in said(report)
    assert "· no policy" in said(report)


def test_manifests_are_not_said_to_have_no_pods() -> None:
    one = clusters.workload("noxus-worker", "worker", "tenant-0", "noxus")
    text = said(replace(clusters.report(one), source="files"))

    assert "Manifests tell nothing of the pods that run." in text
    assert "as the policy says" not in text


def test_a_refusal_is_told_as_a_whole_sentence() -> None:
    message = clusters.other_pool("tenant-0-llm")

    assert message in said(clusters.trial())


def test_what_cannot_be_read_is_listed() -> None:
    sentence = "default/Deployment/odd: spec.template is missing"
    report = replace(clusters.trial(), unreadable=(sentence,))

    assert f"Objects that could not be read 1 {sentence}" in said(report)


def test_pods_that_lack_the_same_are_told_of_together() -> None:
    one = clusters.with_pods(clusters.workload("noxus-backend", "backend", None, "noxus"), 3, 2)
    text = said(clusters.report(one))

    assert (
        "deployment/ noxus-backend in noxus , backend 2 of 3 pods lacks Secrets "
        "noxus-backend-6b8d9c7f5d-00000 , noxus-backend-6b8d9c7f5d-00001 runs without what the "
        "policy now gives it: container 'api' lacks app-env; restart deployment/noxus-backend "
        "· created 2026-10-01T08:30:00Z or later"
    ) in text


def test_the_columns_are_the_secrets_in_injection_order_and_the_pools_last() -> None:
    listed = columns(clusters.trial()).listed

    assert [column.secret for column in listed] == [
        *("app-env", "worker-env", "plugin-secrets", "llm-keys"),
        *("tenant-0-llm", "tenant-1-llm", "tenant-2-llm"),
    ]


def test_a_column_says_who_gives_the_secret_and_how_many_read_it() -> None:
    listed = columns(clusters.trial()).listed

    assert listed[4] == Column("tenant-0-llm", ("pool/tenant-0",), readers=2, refused=1)
    assert listed[3] == Column("llm-keys", ("ai-providers",), readers=0, refused=0)


def test_the_secrets_of_many_pools_share_the_last_column() -> None:
    report = clusters.cluster(100, pods_each=0, pools=10_000)
    found = columns(report)

    assert len(found.listed) == 5 < MAX_COLUMNS
    assert found.listed[4].of_pools == 10_000
    assert found.place["tenant-9999-llm"] == 4
    assert f"{10_000:,} of them, one a pool" in said(report)


def test_a_secret_that_no_policy_names_any_more_still_has_a_column() -> None:
    report = replace(clusters.trial(), policies=())

    assert "app-env" in columns(report).place
    assert "in no policy" in said(report)


def test_pools_without_a_workload_are_counted_and_the_first_named() -> None:
    one = clusters.workload("noxus-worker", "worker", "tenant-0", "noxus")
    text = said(clusters.report(one, pools=31))

    assert "30 more pools without a workload: tenant-1 , tenant-2 ," in text
    assert "and 10 more" in text


def test_a_long_list_can_be_shown_in_parts() -> None:
    many = [clusters.workload(f"w{i}", "worker", "tenant-1", "noxus") for i in range(11)]
    refused = [clusters.refused(one, "tenant-0-llm") for one in many]

    assert "Show 3 more" in said(clusters.report(*refused))


def test_what_flows_read_stands_in_the_row_of_each_worker_and_in_a_list_of_names() -> None:
    text = " ".join(" ".join(Document(pages.flows()).text).split())

    assert "Flows read by {{secret.NAME}}" in text
    assert "CRM_TOKEN from worker-env" in text
    assert "and 6 more names" in text
    assert "What flows read 12 Where each name comes from, on the workers of this audit." in text
    assert "To mend flows/wrong.json:7 : nodes[0].key names no variable" in text
    assert "Credentials of the platform that flows can read" in text


def test_a_page_that_nobody_asked_about_flows_says_nothing_of_them() -> None:
    assert "Flows read" not in said(clusters.trial())
