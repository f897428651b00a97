"""Kinds that Kubernetes does not know: a policy lists them, and `check` prints the rule to add."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.controlplane.plane import ControlPlane
from tests.e2e.conftest import OptedIn
from tests.e2e.entries import registered
from tests.e2e.harness import ROOT, Webhook, base_hooks
from tests.e2e.workloads import WORKLOADS, Kind, create, patch
from tests.e2e.world import (
    POLICIES,
    Namespace,
    container,
    frontend,
    frontend_reads_worker_env,
    secret,
)

Json = Any

ROLLOUT = Kind("argoproj.io/v1alpha1", "Rollout", "rollouts")
CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "rollouts.argoproj.io"},
    "spec": {
        "group": "argoproj.io",
        "scope": "Namespaced",
        "names": {"kind": "Rollout", "plural": "rollouts", "singular": "rollout"},
        "versions": [
            {
                "name": "v1alpha1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "x-kubernetes-preserve-unknown-fields": True,
                    }
                },
                "subresources": {
                    "status": {},
                    "scale": {
                        "specReplicasPath": ".spec.replicas",
                        "statusReplicasPath": ".status.replicas",
                    },
                },
            }
        ],
    },
}


def printed_rule(folder: Path) -> Json:
    """Return the rule that `check` prints about the policy, as an operator copies it."""
    file = folder / "policy.yaml"
    file.write_text(yaml.safe_dump(POLICIES["rollouts"], sort_keys=False))
    command = [sys.executable, "-m", "webhook", "check", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    (note,) = (line for line in done.stdout.splitlines() if ": note: spec.workloads[0]: " in line)
    return yaml.safe_load(note.partition(" the rule ")[2])


@pytest.fixture(scope="module", autouse=True)
def rollouts(
    control_plane: ControlPlane,
    running_webhook: Webhook,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    """The kind is there, and our configuration has the rule for it."""
    control_plane.kubectl("apply", "-f-", stdin=json.dumps(CRD))
    control_plane.kubectl("wait", "--for=condition=Established", "crd/rollouts.argoproj.io")
    rule = printed_rule(tmp_path_factory.mktemp("check"))
    hooks = base_hooks()
    for entry in (it for document in hooks for it in document["webhooks"]):
        if entry["name"].startswith("workloads."):
            entry["rules"].append(rule)

    def ask(namespace: Namespace) -> None:
        create(namespace, ROLLOUT, {**rollout(), "metadata": {"generateName": "probe-"}})

    with registered(control_plane, running_webhook, hooks, ask):
        yield
    control_plane.kubectl("delete", "crd", "rollouts.argoproj.io")


@pytest.fixture
def namespace(opted_in: OptedIn) -> Namespace:
    """A fresh namespace that is opted in, under the policy that lists the kind."""
    return opted_in("rollouts")


def template(*secrets: str) -> Json:
    pod = frontend(container("app", *secrets))
    return {"metadata": {"labels": pod["metadata"]["labels"]}, "spec": pod["spec"]}


def rollout(*secrets: str) -> Json:
    return ROLLOUT.of(frontend(container("app", *secrets)))


def why(place: str) -> str:
    return WORKLOADS + frontend_reads_worker_env(f"{place}.spec.containers[0].envFrom[0].secretRef")


def test_it_is_judged_where_the_policy_says_that_its_template_is(namespace: Namespace) -> None:
    refused = namespace.kubectl("apply", stdin=rollout("worker-env"))
    made = namespace.kubectl("apply", stdin=rollout())

    assert refused.stderr == (
        'Error from server (Forbidden): error when creating "STDIN": ' + why("spec.template") + "\n"
    )
    assert (made.returncode, made.stdout) == (0, "rollout.argoproj.io/web created\n")


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ({"template": template("worker-env")}, "spec.template"),
        ({"parts": {"canary": {"template": template("worker-env")}}}, "spec.parts.canary.template"),
    ],
    ids=["its template", "one of several"],
)
def test_an_update_may_add_nothing_at_any_place(
    namespace: Namespace, spec: Json, place: str
) -> None:
    create(namespace, ROLLOUT, rollout())

    answer = patch(namespace, ROLLOUT, {"spec": spec})

    assert (answer.status, answer.message) == (403, why(place))


def test_what_is_no_change_of_its_own_fields_is_not_asked_about(
    namespace: Namespace, webhook: Webhook
) -> None:
    create(namespace, ROLLOUT, rollout())
    before = len(webhook.decisions(namespace.name))

    answers = [
        patch(namespace, ROLLOUT, {"spec": {"replicas": 3}}, "scale"),
        patch(namespace, ROLLOUT, {"status": {"phase": "Healthy"}}, "status"),
        patch(namespace, ROLLOUT, {"metadata": {"labels": {"a": "b"}, "finalizers": ["a.io/b"]}}),
        patch(namespace, ROLLOUT, {"metadata": {"finalizers": None}}),
    ]

    assert [it.status for it in answers] == [200] * 4
    assert len(webhook.decisions(namespace.name)) == before


def test_what_was_there_before_is_not_held_against_an_update(
    control_plane: ControlPlane, webhook: Webhook
) -> None:
    unlabelled = Namespace(control_plane, control_plane.namespace("rollouts"))
    create(unlabelled, ROLLOUT, rollout("worker-env"))
    unlabelled.opt_in()

    answer = patch(unlabelled, ROLLOUT, {"spec": {"strategy": {"canary": {}}}})

    assert answer.status == 200, answer.message
    assert webhook.decisions(unlabelled.name)[-1]["resource"] == "rollouts"


@pytest.mark.parametrize(
    "spec",
    [{}, {"template": None}, {"template": {}, "parts": []}, {"parts": None}, {"template": "text"}],
    ids=str,
)
def test_an_object_of_another_shape_is_not_held_up(namespace: Namespace, spec: Json) -> None:
    made = create(namespace, ROLLOUT, rollout() | {"spec": spec})
    changed = patch(namespace, ROLLOUT, {"spec": {"other": 1}})

    assert (made.status, changed.status) == (201, 200), made.message + changed.message


def test_under_a_policy_that_does_not_list_it_it_is_nobodys_business(
    opted_in: OptedIn, webhook: Webhook
) -> None:
    namespace = opted_in("standard")

    answer = create(namespace, ROLLOUT, rollout("worker-env"))

    assert answer.status == 201, answer.message
    assert [it["reason"] for it in webhook.decisions(namespace.name)] == ["NotJudged"]


def test_of_several_templates_each_is_judged(namespace: Namespace) -> None:
    parts = {"a": {"template": template()}, "b": {"template": template("worker-env")}}
    body = rollout()
    body["spec"]["parts"] = parts
    body["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [secret("app-env")]

    answer = create(namespace, ROLLOUT, body)

    assert (answer.status, answer.message) == (403, why("spec.parts.b.template"))
