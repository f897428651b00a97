"""Workloads tell Reloader what their pods are given, through the real API server."""

import json
from typing import Any

import pytest

from tests.e2e.conftest import OptedIn
from tests.e2e.harness import CREATED, INJECTION, OK, Webhook
from tests.e2e.reloader import RESTARTS, restarted_by
from tests.e2e.workloads import DEPLOYMENT, STATEFUL_SET, Kind, create, patch, read, stored
from tests.e2e.world import Namespace, container, frontend, pod, worker

Json = Any

SECRETS = "secret.reloader.stakater.com/reload"
OURS = "secrets.noxus.ai/reload"
TOLD = {
    SECRETS: "app-env,worker-env,tenant-a-llm",
    OURS: "secret/app-env,secret/worker-env,secret/tenant-a-llm",
}
FRONTEND = {SECRETS: "app-env", OURS: "secret/app-env"}


@pytest.fixture
def reloaded(opted_in: OptedIn) -> Namespace:
    """A fresh namespace under a policy that has workloads annotated."""
    return opted_in("reloaded")


def annotations(workload: Json) -> dict[str, str]:
    """What it says about reloading."""
    found = workload["metadata"].get("annotations") or {}
    return {key: it for key, it in found.items() if "reload" in key}


def asked(webhook: Webhook, namespace: Namespace) -> list[str]:
    """Return the reasons of what the mutating hook answered about workloads there, in order."""
    lines = webhook.decisions(namespace.name)
    return [it["reason"] for it in lines if it["hook"] == "mutate" and it["resource"] != "pods"]


@pytest.mark.parametrize("kind", RESTARTS, ids=lambda kind: kind.kind)
def test_a_workload_names_what_its_pods_are_given_and_its_template_does_not(
    reloaded: Namespace, kind: Kind
) -> None:
    made = stored(reloaded, kind, worker())

    assert annotations(made) == TOLD
    assert "annotations" not in kind.template(made)["metadata"]


def test_a_secret_changes_and_the_workloads_that_are_given_it_are_restarted(
    reloaded: Namespace,
) -> None:
    for name, template in {
        "frontend": frontend(),
        "tenant-a": worker(),
        "default": worker(pool="default"),
        "other": pod(),
    }.items():
        stored(reloaded, DEPLOYMENT, template, name=name)
    stored(reloaded, STATEFUL_SET, worker(), name="ordered")
    stands = {name: read(reloaded, DEPLOYMENT, name) for name in ("frontend", "tenant-a")}

    assert restarted_by(reloaded, "Secret", "tenant-a-llm") == {
        "Deployment/tenant-a",
        "StatefulSet/ordered",
    }
    assert restarted_by(reloaded, "Secret", "worker-env") == {
        "Deployment/tenant-a",
        "Deployment/default",
        "StatefulSet/ordered",
    }
    assert restarted_by(reloaded, "Secret", "unknown") == set()
    assert restarted_by(reloaded, "ConfigMap", "app-env") == set()
    after = {name: read(reloaded, DEPLOYMENT, name) for name in stands}
    assert after["frontend"]["spec"] == stands["frontend"]["spec"]
    assert after["tenant-a"]["spec"]["template"] != stands["tenant-a"]["spec"]["template"]
    assert annotations(after["tenant-a"]) == TOLD


def test_the_pods_are_given_what_the_workload_names(reloaded: Namespace) -> None:
    made = stored(reloaded, DEPLOYMENT, worker(), replicas=1)
    reloaded.plane.wait_for(reloaded.listed, "pod of the Deployment")
    (created,) = reloaded.listed()

    read_by = [it["secretRef"]["name"] for it in created["spec"]["containers"][0]["envFrom"]]
    assert annotations(made)[SECRETS].split(",") == read_by


def test_another_role_is_another_list_and_what_people_wrote_stays(reloaded: Namespace) -> None:
    workload = DEPLOYMENT.of(worker())
    workload["metadata"]["annotations"] = {SECRETS: "mine"}
    assert create(reloaded, DEPLOYMENT, workload).status == CREATED
    before = annotations(read(reloaded, DEPLOYMENT))
    role = {"noxus.ai/role": "frontend", "noxus.ai/worker-pool": None}
    template = {"metadata": {"labels": role}}

    changed = patch(reloaded, DEPLOYMENT, {"spec": {"template": template}})

    assert before == {SECRETS: f"mine,{TOLD[SECRETS]}", OURS: TOLD[OURS]}
    assert annotations(changed.body) == {SECRETS: "mine,app-env", OURS: "secret/app-env"}


def test_only_what_can_change_the_list_is_asked_about(
    reloaded: Namespace, webhook: Webhook
) -> None:
    stored(reloaded, DEPLOYMENT, frontend())
    for body, part in (
        ({"spec": {"replicas": 0}}, ""),
        ({"spec": {"replicas": 1}}, "scale"),
        ({"metadata": {"annotations": {"example.com/note": "x"}}}, ""),
        ({"metadata": {"labels": {"example.com/note": "x"}}}, ""),
        ({"status": {"replicas": 0}}, "status"),
    ):
        assert patch(reloaded, DEPLOYMENT, body, part).status == OK
    reloaded.plane.wait_for(reloaded.listed, "pod of the Deployment")
    assert asked(webhook, reloaded) == ["Annotated"]

    image = {"spec": {"template": {"spec": {"containers": [container(image="example/app:2")]}}}}
    assert patch(reloaded, DEPLOYMENT, image).status == OK
    # Once more where a controller wrote meanwhile, and the API server tries the patch again.
    assert set(asked(webhook, reloaded)[1:]) == {"NothingToDo"}

    spoilt = patch(reloaded, DEPLOYMENT, {"metadata": {"annotations": {SECRETS: "mine"}}})
    assert annotations(spoilt.body) == {SECRETS: "mine,app-env", OURS: "secret/app-env"}
    assert asked(webhook, reloaded)[-1] == "Annotated"


@pytest.mark.parametrize("way", [(), ("--server-side",)], ids=["client-side", "server-side"])
def test_applying_a_manifest_again_and_again_keeps_both_lists(
    reloaded: Namespace, way: tuple[str, ...]
) -> None:
    workload = DEPLOYMENT.of(worker())
    workload["metadata"]["annotations"] = {SECRETS: "mine"}
    both = {SECRETS: f"mine,{TOLD[SECRETS]}", OURS: TOLD[OURS]}
    for _ in range(3):
        done = reloaded.kubectl("apply", *way, stdin=workload)
        assert (done.returncode, annotations(read(reloaded, DEPLOYMENT))) == (0, both), done.stderr

    del workload["metadata"]["annotations"]
    done = reloaded.kubectl("apply", *way, stdin=workload)
    assert (done.returncode, annotations(read(reloaded, DEPLOYMENT))) == (0, TOLD), done.stderr
    again = reloaded.kubectl("apply", *way, stdin=workload)
    assert (again.returncode, annotations(read(reloaded, DEPLOYMENT))) == (0, TOLD), again.stderr


def test_while_the_webhook_is_away_workloads_are_stored_as_they_are(
    reloaded: Namespace, webhook: Webhook
) -> None:
    webhook.stop()
    try:
        made = stored(reloaded, DEPLOYMENT, frontend())
    finally:
        webhook.start()
    restart = {"kubectl.kubernetes.io/restartedAt": "2026-11-24T00:00:00Z"}
    body = {"spec": {"template": {"metadata": {"annotations": restart}}}}

    assert annotations(made) == {}
    assert annotations(patch(reloaded, DEPLOYMENT, body).body) == FRONTEND


def test_in_dry_run_nothing_is_written_and_the_author_is_told(
    reloaded: Namespace, webhook: Webhook
) -> None:
    del webhook
    plane = reloaded.plane
    rehearsed = Namespace(plane, plane.namespace("reloaded", {INJECTION: "dry-run"}))

    done = rehearsed.kubectl("apply", stdin=DEPLOYMENT.of(frontend()))

    assert done.stderr == "Warning: dry run: would tell Reloader of app-env\n"
    assert annotations(read(rehearsed, DEPLOYMENT)) == {}


def test_without_being_switched_on_nothing_is_written(
    namespace: Namespace, webhook: Webhook
) -> None:
    made = stored(namespace, DEPLOYMENT, frontend())

    assert (annotations(made), asked(webhook, namespace)) == ({}, ["NothingToDo"])
    assert json.dumps(made).count("reloader") == 0
