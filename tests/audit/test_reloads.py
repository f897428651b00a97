"""Workloads of which Reloader is told something else than the policy gives to their pods now."""

from typing import Any

import pytest

from tests.audit.kit import POLICY, audit, namespace, only, policies, workload
from tests.core.kit import of_role
from webhook.core.words import RELOAD_ANNOTATION

Json = Any

ON = policies(f"{POLICY}reload: {{mode: Annotate}}\n")
RELOADER = "secret.reloader.stakater.com/reload"
TOLD = {RELOADER: "app-env,worker-env", RELOAD_ANNOTATION: "secret/app-env,secret/worker-env"}


def worker(annotations: Json = None, kind: str = "Deployment") -> Json:
    made = workload(kind, "w", of_role("worker"))
    if annotations is not None:
        made["metadata"]["annotations"] = annotations
    return made


def test_of_a_workload_that_tells_what_its_pods_are_given_nothing_is_said() -> None:
    own = TOLD | {RELOADER: "mine,app-env,worker-env"}

    assert only(audit(worker(TOLD), policy=ON)).warnings == ()
    assert only(audit(worker(own), policy=ON)).warnings == ()
    assert only(audit(worker())).warnings == ()


@pytest.mark.parametrize("annotations", [None, {"a": "b"}])
@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
def test_one_that_is_older_than_the_setting_is_told_how_to_come_by_it(
    annotations: Json, kind: str
) -> None:
    found = only(audit(worker(annotations, kind), policy=ON))

    assert found.warnings == (
        (
            "Reloader is told of nothing, where it should be of secret/app-env, secret/worker-env: "
            f"kubectl -n noxus rollout restart {kind.lower()}/w"
        ),
    )


def test_what_the_policy_no_longer_gives_is_stale() -> None:
    old = {RELOADER: "app-env,old-env", RELOAD_ANNOTATION: "secret/app-env,secret/old-env"}

    assert only(audit(worker(old), policy=ON)).warnings == (
        (
            "Reloader is told of secret/app-env, secret/old-env, where it should be of "
            "secret/app-env, secret/worker-env: kubectl -n noxus rollout restart deployment/w"
        ),
    )
    assert only(audit(worker(TOLD))).warnings == (
        (
            "Reloader is told of secret/app-env, secret/worker-env, where it should be of nothing: "
            "kubectl -n noxus rollout restart deployment/w"
        ),
    )


def test_where_nothing_is_written_nothing_is_stale() -> None:
    dry = policies(f"mode: DryRun\n{POLICY}reload: {{mode: Annotate}}\n")

    assert only(audit(worker(), policy=dry)).warnings == ()
    assert only(audit(namespace(mode="dry-run"), worker(), policy=ON)).warnings == ()
    assert only(audit(namespace(mode=None), worker(), policy=ON)).warnings == ()
    assert only(audit(worker(kind="Job"), policy=ON)).warnings == ()


def test_one_that_is_refused_is_to_be_mended_first() -> None:
    made = workload("Deployment", "w", of_role("worker", pool="none"))

    found = only(audit(made, policy=ON))

    assert found.refusals
    assert found.warnings == ()
