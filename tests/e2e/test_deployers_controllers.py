"""What the controllers of Kubernetes make is held to nobody, so that its workload must have been.

Among it what somebody could have them make in another way than by a template that was judged.
"""

import copy
from typing import Any

import pytest

from tests.controlplane.client import Response
from tests.controlplane.plane import ControlPlane
from tests.e2e.conftest import OptedIn
from tests.e2e.deployers import EDITORS, REVISIONS, Person, let_edit, not_among
from tests.e2e.harness import CREATED, OK, Webhook
from tests.e2e.workloads import (
    CRON_JOB,
    DAEMON_SET,
    DEPLOYMENT,
    JOB,
    KINDS,
    MERGE,
    POD_TEMPLATE,
    REPLICA_SET,
    STATEFUL_SET,
    WORKLOADS,
    Kind,
    create,
    make_due,
    patch,
    read,
)
from tests.e2e.world import MUTATE, Namespace, container, frontend, sources, worker

Json = Any

pytestmark = pytest.mark.usefixtures("component")

CONTROLLER = "system:serviceaccount:kube-system:"
WORKER = worker(pool=None)
GIVEN = {"app": ["app-env", "vault-env"]}
REVISION = Kind("apps/v1", "ControllerRevision", "controllerrevisions", "data.spec.template")
NODE = "/api/v1/nodes/somewhere"
OTHER_IMAGE = {"spec": {"template": {"spec": {"containers": [container(image="example/app:2")]}}}}
# A pod without a node never gets ready: another way, and no pod of a new template would be made.
ALL_AT_ONCE: dict[Kind, Json] = {
    DEPLOYMENT: {"strategy": {"type": "Recreate"}},
    STATEFUL_SET: {"podManagementPolicy": "Parallel"},
}
RUNNING: dict[Kind, Json] = {
    JOB: {"suspend": False},
    CRON_JOB: {},
    DAEMON_SET: {},
}


@pytest.fixture
def namespace(opted_in: OptedIn) -> Namespace:
    """A fresh namespace under the policy with deployers, which editors may edit."""
    namespace = opted_in("entrusted")
    let_edit(namespace, EDITORS)
    return namespace


def run(namespace: Namespace, kind: Kind, who: Person, name: str = "web") -> Response:
    """Make a workload that makes pods."""
    running = RUNNING.get(kind, {"replicas": 1})
    spec = running | ALL_AT_ONCE.get(kind, {})
    return create(namespace, kind, kind.of(WORKER, name, **spec), **who.who)


def pods_of(namespace: Namespace, image: str = "example/app:1") -> list[Json]:
    return [it for it in namespace.listed() if it["spec"]["containers"][0]["image"] == image]


def wait_for_pods(namespace: Namespace, count: int, image: str = "example/app:1") -> list[Json]:
    def there() -> list[Json] | None:
        found = pods_of(namespace, image)
        return found if len(found) == count else None

    return namespace.plane.wait_for(there, f"{count} pods of {image}")


def set_image(who: Person, namespace: Namespace, image: str) -> None:
    done = who.kubectl(namespace, "set", "image", "deployment/web", f"app={image}")
    assert done.returncode == 0, done.stderr


def test_pods_of_every_kind_are_given_what_its_deployer_may_deploy(
    namespace: Namespace, dora: Person, webhook: Webhook
) -> None:
    kinds = [kind for kind in KINDS if kind is not POD_TEMPLATE]  # which nobody makes pods of
    somewhere_for_a_daemon_set(dora.plane)
    try:
        for kind in kinds:
            assert run(namespace, kind, dora, kind.resource).status == CREATED
        make_due(namespace, CRON_JOB.resource)

        pods = wait_for_pods(namespace, len(kinds))
    finally:
        dora.plane.api("DELETE", NODE)

    assert [sources(it) for it in pods] == [GIVEN] * len(kinds)
    made = {
        (line["resource"], line["user"].removeprefix(CONTROLLER))
        for line in webhook.decisions(namespace.name)
        if line["user"].startswith(CONTROLLER)
    }
    assert made == {
        ("replicasets", "deployment-controller"),
        ("jobs", "cronjob-controller"),
        ("controllerrevisions", "daemon-set-controller"),
        ("controllerrevisions", "statefulset-controller"),
        ("pods", "daemon-set-controller"),
        ("pods", "job-controller"),
        ("pods", "replicaset-controller"),
        ("pods", "replication-controller"),
        ("pods", "statefulset-controller"),
    }


def somewhere_for_a_daemon_set(plane: ControlPlane) -> None:
    """Make a node, without the taint that the API server gives one which is not ready."""
    plane.api("POST", "/api/v1/nodes", {"metadata": {"name": NODE.rpartition("/")[2]}})
    answer = plane.api("PATCH", NODE, {"spec": {"taints": None}}, content_type=MERGE)
    assert answer.status == OK, answer.message


def test_a_job_that_somebody_makes_of_a_cron_job_is_his_own(
    namespace: Namespace, jane: Person, dora: Person
) -> None:
    run(namespace, CRON_JOB, dora)

    done = jane.kubectl(namespace, "create", "job", "now", "--from=cronjob/web")
    by_dora = dora.kubectl(namespace, "create", "job", "now", "--from=cronjob/web")

    said = not_among("jane", namespace, "spec.template.metadata")
    assert done.stderr.endswith(f"{WORKLOADS}{said}\n"), done.stderr
    assert by_dora.returncode == 0, by_dora.stderr


def test_rolling_back_needs_a_deployer(namespace: Namespace, jane: Person, dora: Person) -> None:
    run(namespace, DEPLOYMENT, dora)
    wait_for_pods(namespace, 1)
    set_image(dora, namespace, "example/app:2")
    wait_for_pods(namespace, 1, "example/app:2")
    undo = ("rollout", "undo", "deployment/web")

    by_jane = jane.kubectl(namespace, *undo)
    by_dora = dora.kubectl(namespace, *undo)

    said = not_among("jane", namespace, "spec.template.metadata")
    assert by_jane.stderr.endswith(f"{WORKLOADS}{said}\n"), by_jane.stderr
    assert by_dora.returncode == 0, by_dora.stderr
    (pod,) = wait_for_pods(namespace, 1)
    assert sources(pod) == GIVEN


def test_what_a_deployer_once_deployed_can_be_run_again_by_whoever_scales(
    namespace: Namespace, jane: Person, dora: Person
) -> None:
    """A limit: an old ReplicaSet is what a deployer deployed, until somebody deletes it."""
    run(namespace, DEPLOYMENT, dora)
    wait_for_pods(namespace, 1)
    set_image(dora, namespace, "example/app:2")
    wait_for_pods(namespace, 1, "example/app:2")
    # Of old, and still read by the controller, which then rolls back in its own name.
    annotation = {"deprecated.deployment.rollback.to": "1"}

    answer = patch(namespace, DEPLOYMENT, {"metadata": {"annotations": annotation}}, **jane.who)

    assert answer.status == OK, answer.message
    (pod,) = wait_for_pods(namespace, 1)
    assert sources(pod) == GIVEN


def test_but_no_replica_set_can_be_made_to_hold_something_else(
    namespace: Namespace, jane: Person, dora: Person
) -> None:
    run(namespace, DEPLOYMENT, dora)
    path = REPLICA_SET.path(namespace.name)
    (own,) = dora.plane.wait_for(lambda: dora.plane.api("GET", path).body["items"], "ReplicaSet")
    copied = {**own, "metadata": {"name": "copy", "labels": own["metadata"]["labels"]}}

    answers = [
        patch(namespace, REPLICA_SET, OTHER_IMAGE, name=own["metadata"]["name"], **jane.who),
        create(namespace, REPLICA_SET, copied, **jane.who),
    ]

    said = WORKLOADS + not_among("jane", namespace, "spec.template.metadata")
    assert [(it.status, it.message) for it in answers] == [(403, said)] * 2


@pytest.mark.parametrize(
    "user",
    ["system:serviceaccount:operators:operator", "system:serviceaccount:kube-system:operator"],
)
def test_a_controller_that_is_none_of_kubernetes_own_is_held_to_it(
    namespace: Namespace, dora: Person, user: str
) -> None:
    owner = run(namespace, REPLICA_SET, dora).body["metadata"]
    reference = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "controller": True}
    owners = [reference | {"name": owner["name"], "uid": owner["uid"]}]
    pod = worker(pool=None, metadata={"ownerReferences": owners})

    # As of an operator that was given every right.
    answer = namespace.create(pod, user=user, groups=["system:masters"])

    assert (answer.status, answer.message) == (403, MUTATE + not_among(user, namespace))


@pytest.mark.parametrize("whole", [True, False], ids=["a whole template", "what differs alone"])
def test_a_revision_of_a_stateful_set_cannot_be_replaced_by_another(
    namespace: Namespace, jane: Person, dora: Person, whole: bool
) -> None:
    """While an update is held back, the controller makes pods of what it finds by that name."""
    held_back = {"rollingUpdate": {"partition": 1}}
    workload = STATEFUL_SET.of(WORKER, replicas=1, updateStrategy=held_back)
    create(namespace, STATEFUL_SET, workload, **dora.who)
    wait_for_pods(namespace, 1)
    assert patch(namespace, STATEFUL_SET, OTHER_IMAGE, **dora.who).status == OK
    name = dora.plane.wait_for(
        lambda: read(namespace, STATEFUL_SET)["status"].get("currentRevision"), "revision"
    )
    revision = read(namespace, REVISION, name)
    meta = {key: revision["metadata"][key] for key in ("name", "labels", "ownerReferences")}
    forged = {**copy.deepcopy(revision), "metadata": meta}
    REVISION.template(forged)["spec"]["containers"][0]["image"] = "example/other:1"
    if not whole:  # the controller merges it into the template of the StatefulSet
        other = {"containers": [{"name": "app", "image": "example/other:1"}]}
        forged["data"]["spec"]["template"] = {"spec": other}
    path = REVISION.path(namespace.name)

    changed = jane.plane.api(
        "PUT", f"{path}/{name}", {**forged, "metadata": revision["metadata"]}, **jane.who
    )
    deleted = jane.plane.api("DELETE", f"{path}/{name}", **jane.who)
    written = create(namespace, REVISION, forged, **jane.who)
    (pod,) = pods_of(namespace)
    jane.plane.api("DELETE", f"{namespace.pods}/{pod['metadata']['name']}", **jane.who)

    assert (changed.status, deleted.status) == (422, OK)  # what is in one never changes
    assert (written.status, written.message.startswith(REVISIONS)) == (403, True)
    assert "user 'jane' may not write ControllerRevisions" in written.message
    # What cannot be found any more is made of the template that was judged.
    (again,) = dora.plane.wait_for(namespace.listed, "the pod that comes again")
    assert again["metadata"]["uid"] != pod["metadata"]["uid"]
    assert again["spec"]["containers"][0]["image"] in {"example/app:1", "example/app:2"}


def test_by_default_nobody_may_write_revisions_but_administrators_of_the_cluster(
    dora: Person,
) -> None:
    for name in ("admin", "edit", "view"):
        path = f"/apis/rbac.authorization.k8s.io/v1/clusterroles/{name}"
        rules = dora.plane.api("GET", path).body["rules"]
        verbs = {
            verb
            for rule in rules
            if {"controllerrevisions", "*"} & {*rule["resources"]}
            for verb in rule["verbs"]
        }
        assert verbs == {"get", "list", "watch"}, name


def test_while_the_webhook_is_away_nothing_new_is_deployed_and_what_is_there_goes_on(
    namespace: Namespace, dora: Person, webhook: Webhook
) -> None:
    run(namespace, DEPLOYMENT, dora)
    (pod,) = wait_for_pods(namespace, 1)
    pod["metadata"]["finalizers"] = ["example.com/hold"]
    held = namespace.replace(pod, **dora.who)
    webhook.stop()
    try:
        refused = {
            "workloads": run(namespace, DEPLOYMENT, dora, "other"),
            "images": namespace.replace(with_image(held.body), **dora.who),
            "revisions": create(namespace, REVISION, revision(), **dora.who),
        }
        also = patch(namespace, DEPLOYMENT, OTHER_IMAGE, **dora.who)
        allowed = [
            patch(namespace, DEPLOYMENT, {"spec": {"replicas": 0}}, "scale", **dora.who),
            patch(namespace, DEPLOYMENT, {"metadata": {"labels": {"a": "b"}}}, **dora.who),
            namespace.replace(without_finalizer(held.body), **dora.who),
        ]
        dora.plane.wait_for(lambda: not namespace.listed() or None, "end of the pod")
        dora.plane.wait_for(
            lambda: not read(namespace, DEPLOYMENT)["status"].get("replicas") or None,
            "status that the controller writes",
        )
    finally:
        webhook.start()

    calling = "Internal error occurred: failed calling webhook"
    assert also.message.startswith(f'{calling} "workloads.enabled.validate.secrets.noxus.ai"')
    for what, answer in refused.items():
        assert answer.status == 500
        assert answer.message.startswith(f'{calling} "{what}.enabled.validate.secrets.noxus.ai"')
    assert [it.message for it in allowed if it.status != OK] == []


def with_image(pod: Json) -> Json:
    changed = copy.deepcopy(pod)
    changed["spec"]["containers"][0]["image"] = "example/app:2"
    return changed


def without_finalizer(pod: Json) -> Json:
    changed = copy.deepcopy(pod)
    changed["metadata"]["finalizers"] = []
    del changed["metadata"]["resourceVersion"]
    return changed


def revision() -> Json:
    template = DEPLOYMENT.template(DEPLOYMENT.of(frontend()))
    return {"metadata": {"name": "own"}, "data": {"spec": {"template": template}}, "revision": 1}
