"""What can be known of deployers that were, or were not, enforced."""

import pytest

from tests.audit.kit import OPTED_IN, audit, namespace, only, pod, policies, with_sources, workload
from tests.core.kit import Json, of_role
from webhook.audit.report import Judged, Workload

POLICY = """
scopes:
  - name: shared
    roles: [frontend, worker]
    envFrom: [{secretRef: {name: app-env}}]
  - name: worker
    roles: [worker]
    deployers: {groups: [noxus-deployers]}
    envFrom: [{secretRef: {name: worker-env}}]
worker:
  pools:
    tenant-a: {envSecretRef: tenant-a-llm, deployers: {users: [jane]}}
"""
WRITTEN = {"noxus": "2025-12-01T00:00:00Z"}
BEFORE, AFTER = "2025-12-31T23:59:59Z", "2026-01-01T00:00:01Z"
DEPENDS = "names deployers: it is granted to whom they deploy, and refused to others"
WAY_OUT = (
    "have one of them write its template anew: an annotation in it will do, a restart will not"
)


def told(*objects: Json, written: dict[str, str] = WRITTEN) -> Workload:
    return only(audit(*objects, policy=policies(POLICY), written=written))


def worker(**more: str) -> Json:
    return workload("Deployment", "w", of_role("worker"), **more)


def test_a_workload_that_no_scope_with_deployers_concerns_is_judged() -> None:
    found = told(workload("Deployment", "f", of_role("frontend"), created=BEFORE, written=BEFORE))

    assert (found.judged, found.judged_why, found.undecided) == (Judged.YES, "", ())


def test_what_depends_on_who_deploys_is_undecided() -> None:
    found = told(workload("Job", "w", of_role("worker", pool="tenant-a"), created=AFTER))

    assert found.undecided == (
        f"scope 'worker' {DEPENDS}",
        f"worker pool 'tenant-a' {DEPENDS}",
    )


def test_a_workload_created_after_the_opt_in_was_judged() -> None:
    found = told(worker(created=AFTER, written=AFTER))

    assert (found.judged, found.judged_why) == (
        Judged.YES,
        f"it was created after namespace 'noxus' was opted in, at {OPTED_IN} at the latest",
    )


def test_a_template_written_before_the_opt_in_was_never_judged() -> None:
    found = told(worker(created=BEFORE, written=BEFORE))

    assert (found.judged, found.judged_why) == (
        Judged.NO,
        (
            f"its template was last written at {BEFORE}, and namespace 'noxus' was opted in at "
            f"{OPTED_IN} at the latest, so the deployers of scope 'worker' were not enforced; "
            f"{WAY_OUT}"
        ),
    )


def test_a_template_written_before_the_policy_was_changed_was_never_judged_by_it() -> None:
    found = told(worker(created=AFTER, written=AFTER), written={"noxus": "2026-06-01T00:00:00Z"})

    assert (found.judged, found.judged_why) == (
        Judged.NO,
        (
            f"its template was last written at {AFTER}, and policy 'noxus' was last changed at "
            "2026-06-01T00:00:00Z at the latest, so the deployers of scope 'worker' were not "
            f"enforced; {WAY_OUT}"
        ),
    )


def test_of_an_older_workload_that_was_written_since_nobody_knows() -> None:
    found = told(worker(created=BEFORE, written=AFTER))

    assert (found.judged, found.judged_why) == (
        Judged.UNKNOWN,
        (
            f"it was created at {BEFORE}, and namespace 'noxus' was opted in at {OPTED_IN} at the "
            "latest; it was written since, but not for certain its template, so the deployers of "
            f"scope 'worker' were perhaps not enforced; {WAY_OUT}"
        ),
    )


def test_what_happened_in_the_same_second_nobody_knows() -> None:
    assert told(worker(created=OPTED_IN, written=OPTED_IN)).judged is Judged.UNKNOWN


def test_in_dry_run_deployers_were_never_enforced() -> None:
    found = told(namespace(mode="dry-run"), worker(created=AFTER, written=AFTER))

    assert (found.judged, found.judged_why) == (
        Judged.NO,
        "dry run: the deployers of scope 'worker' were reported at most, and never enforced",
    )


@pytest.mark.parametrize(
    ("at", "written", "why"),
    [
        ("", WRITTEN, "namespace 'noxus' does not say when it was opted in"),
        (OPTED_IN, {}, "policy 'noxus' does not say when it was last changed"),
    ],
)
def test_where_a_time_is_missing_the_sentence_says_which(
    at: str, written: dict[str, str], why: str
) -> None:
    found = told(namespace(at=at), worker(created=AFTER, written=AFTER), written=written)

    assert (found.judged, found.judged_why) == (
        Judged.UNKNOWN,
        f"nobody knows whether the deployers of scope 'worker' were enforced: {why}",
    )


def test_a_secret_that_is_named_counts_as_one_that_is_injected() -> None:
    template = with_sources(of_role("worker", pool="tenant-a"), "tenant-a-llm")

    found = told(pod("bare", template, created=BEFORE))

    assert found.judged is Judged.NO
    assert "the deployers of scope 'worker', worker pool 'tenant-a' were not" in found.judged_why


def test_a_manifest_is_judged_when_it_is_applied() -> None:
    assert told(worker(uid="")).judged is Judged.YES
