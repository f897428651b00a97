"""Every way to name a Secret, in every list of containers, in pods and every kind of workload.

The places are those of the real API server's schema. In each, requests are sent in a server-side
dry run: what is refused is so before anything is stored.
"""

import copy
from typing import Any

import pytest

from tests.controlplane.client import Response
from tests.controlplane.plane import ControlPlane
from tests.e2e.harness import OK, Webhook
from tests.e2e.places import in_templates, naming, places
from tests.e2e.schema import concrete
from tests.e2e.workloads import (
    DEPLOYMENT,
    JOB,
    KINDS,
    REPLICA_SET,
    REPLICATION_CONTROLLER,
    STATEFUL_SET,
    WORKLOADS,
    Kind,
    make_due,
    patch,
    stored,
)
from tests.e2e.world import (
    EXAMPLE,
    Namespace,
    container,
    debugger,
    frontend,
    frontend_reads_worker_env,
    labels,
    secret,
    worker,
)

Json = Any

OTHERS = {
    source["secretRef"]["name"]
    for scope in EXAMPLE["spec"]["scopes"]
    for source in scope.get("envFrom", ())
} - {"worker-env"}


@pytest.fixture(scope="module")
def paths(control_plane: ControlPlane) -> dict[str, str]:
    return places(control_plane)


def try_out(namespace: Namespace, kind: Kind, workload: Json) -> Response:
    return namespace.plane.api("POST", f"{kind.path(namespace.name)}?dryRun=All", workload)


def assert_tells_of_it_alone(message: str) -> None:
    """A refusal names no Secret that the object did not mention."""
    assert not [it for it in OTHERS if it in message], message


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.resource)
def test_b3_a_workload_may_name_it_nowhere(
    namespace: Namespace, paths: dict[str, str], kind: Kind
) -> None:
    passed = {}
    for path, type_ in in_templates(paths):
        answer = try_out(namespace, kind, kind.of(naming(path, type_, "worker-env")))
        place = concrete(path).replace("spec", f"{kind.place}.spec", 1)
        sentence = f"may not read Secret 'worker-env' ({place}"
        if not (answer.message.startswith(WORKLOADS) and sentence in answer.message):
            passed[path] = answer.message or answer.status
        assert_tells_of_it_alone(answer.message)

    assert passed == {}


@pytest.mark.parametrize("kind", [it for it in KINDS if it is not JOB], ids=lambda it: it.resource)
def test_b3_nor_may_an_update_bring_it_in(
    namespace: Namespace, paths: dict[str, str], kind: Kind
) -> None:
    there = stored(namespace, kind, frontend())
    path_of_it = f"{kind.path(namespace.name)}/web?dryRun=All"
    passed = {}
    for path, type_ in in_templates(paths):
        body = copy.deepcopy(there)
        del body["metadata"]["resourceVersion"]
        template = kind.template(kind.of(naming(path, type_, "worker-env")))
        kind.template(body)["spec"] = template["spec"]
        answer = namespace.plane.api("PUT", path_of_it, body)
        if not answer.message.startswith(WORKLOADS) or "'worker-env'" not in answer.message:
            passed[path] = answer.message or answer.status

    assert passed == {}


def test_b2_no_template_can_hold_debug_containers(namespace: Namespace) -> None:
    for kind in KINDS:
        pod = frontend(ephemeralContainers=[debugger("shell", "worker-env")])
        answer = try_out(namespace, kind, kind.of(pod))

        assert answer.status == 422
        assert "ephemeral containers not allowed in pod template" in answer.message


DISGUISES: dict[str, list[Json]] = {
    "optional": [{"secretRef": {"name": "worker-env", "optional": True}}],
    "with a prefix": [secret("worker-env", prefix="W_")],
    "repeated": [secret("app-env"), secret("worker-env"), secret("worker-env")],
}


@pytest.mark.parametrize("members", ["containers", "initContainers"])
@pytest.mark.parametrize("elements", DISGUISES.values(), ids=DISGUISES)
def test_b4_a_reference_in_disguise_is_a_reference_in_every_kind(
    namespace: Namespace, elements: list[Json], members: str
) -> None:
    place = f"{members}[0].envFrom[{len(elements) - 1}].secretRef"
    greedy = container("app", envFrom=elements)
    pod = frontend(greedy)
    if members == "initContainers":
        pod = frontend(container("main"), initContainers=[greedy])
    for kind in KINDS:
        answer = try_out(namespace, kind, kind.of(pod))

        assert answer.status == 403
        assert frontend_reads_worker_env(f"{kind.place}.spec.{place}") in answer.message


@pytest.mark.parametrize("role", [None, "Worker", "workers", "sandbox"])
def test_b9_leaving_the_role_out_or_misspelling_it_opens_nothing_in_any_kind(
    namespace: Namespace, role: str | None
) -> None:
    pod = frontend(container("app", "worker-env"), metadata={"labels": labels(role)})
    for kind in KINDS:
        answer = try_out(namespace, kind, kind.of(pod))

        assert answer.status == 403
        assert "container 'app' may not read Secret 'worker-env'" in answer.message
        assert_tells_of_it_alone(answer.message)


def test_b10_the_label_of_a_template_cannot_be_changed_under_what_it_reads(
    namespace: Namespace,
) -> None:
    for kind in (it for it in KINDS if it is not JOB):
        stored(namespace, kind, worker(container("app", "worker-env"), pool=None))
        change: Json = {"metadata": {"labels": {"noxus.ai/role": "frontend"}}}
        for step in reversed(kind.place.split(".")):
            change = {step: change}

        answer = patch(namespace, kind, change)

        field = f"{kind.place}.spec.containers[0].envFrom[0].secretRef"
        assert (answer.status, answer.message) == (
            403,
            WORKLOADS + frontend_reads_worker_env(field),
        )


CONTROLLERS = {
    "cronjob-controller": "jobs",  # what it makes is refused before it makes pods
    "deployment-controller": "replicasets",
    "job-controller": "pods",
    "replicaset-controller": "pods",
    "replication-controller": "pods",
    "statefulset-controller": "pods",
}


def test_b12_whoever_makes_the_pods_of_a_workload_that_was_never_judged_they_are(
    unlabelled: Namespace, webhook: Webhook
) -> None:
    greedy = frontend(container("app", "worker-env"))
    for kind in KINDS:
        stored(unlabelled, kind, greedy)
    unlabelled.opt_in()
    other = container("app", "worker-env", image="example/app:2")
    for kind in (DEPLOYMENT, STATEFUL_SET, REPLICA_SET, REPLICATION_CONTROLLER):
        assert patch(unlabelled, kind, {"spec": {"replicas": 1}}, "scale").status == OK
    image = {"spec": {"template": {"spec": {"containers": [other]}}}}
    assert patch(unlabelled, DEPLOYMENT, image).status == OK  # it adds nothing
    assert patch(unlabelled, JOB, {"spec": {"suspend": False}}).status == OK
    make_due(unlabelled, "web")

    def refused() -> bool:
        denied = {
            (line["user"].rpartition(":")[2], line["resource"])
            for line in webhook.decisions(unlabelled.name)
            if line["decision"] == "deny"
        }
        return denied >= CONTROLLERS.items()

    unlabelled.plane.wait_for(refused, "refusal of what each controller makes")
    assert unlabelled.listed() == []


def test_b14_b22_what_is_excepted_from_injection_is_excepted_from_nothing_else(
    namespace: Namespace,
) -> None:
    """None of it is the author's to claim, and together they are no more."""
    annotations = {
        "kubernetes.io/config.mirror": "0123",
        "secrets.noxus.ai/injected": "shared,worker",
    }
    proxy = container("istio-proxy", "worker-env")
    pods = [
        frontend(container("app"), proxy),
        frontend(proxy, metadata={"annotations": annotations}, nodeName="node-1"),
        frontend(container("app"), initContainers=[proxy]),
    ]
    for kind in KINDS:
        for pod in pods:
            answer = try_out(namespace, kind, kind.of(pod))

            assert answer.status == 403
            assert "container 'istio-proxy' may not read Secret 'worker-env'" in answer.message


def test_b15_a_workload_that_is_being_deleted_is_judged(namespace: Namespace) -> None:
    for kind in (it for it in KINDS if it is not JOB):
        stored(namespace, kind, frontend())
        patch(namespace, kind, {"metadata": {"finalizers": ["example.com/hold"]}})
        namespace.plane.api("DELETE", f"{kind.path(namespace.name)}/web")
        change: Json = {"spec": {"containers": [container("app", "worker-env")]}}
        for step in reversed(kind.place.split(".")):
            change = {step: change}

        greedy = patch(namespace, kind, change)
        released = patch(namespace, kind, {"metadata": {"finalizers": None}})

        assert (greedy.status, released.status) == (403, OK)
        assert "container 'app' may not read Secret 'worker-env'" in greedy.message
