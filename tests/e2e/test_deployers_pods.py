"""Who deploys is asked of every pod, of its debug containers, and of whoever changes its images."""

import json
from typing import Any

import pytest

from tests.e2e.conftest import OptedIn
from tests.e2e.deployers import EDITORS, IMAGES, Person, let_edit, not_among, not_entrusted, person
from tests.e2e.harness import Webhook
from tests.e2e.workloads import DEPLOYMENT, WORKLOADS, create
from tests.e2e.world import (
    DEBUG_MUTATE,
    MUTATE,
    Namespace,
    container,
    debugger,
    frontend,
    sources,
    worker,
)

Json = Any

pytestmark = pytest.mark.usefixtures("component")

WORKER = worker(pool=None)
GIVEN = ["app-env", "vault-env"]


@pytest.fixture
def namespace(opted_in: OptedIn) -> Namespace:
    """A fresh namespace under the policy with deployers, which editors may edit."""
    namespace = opted_in("entrusted")
    let_edit(namespace, EDITORS)
    return namespace


def test_who_may_create_pods_alone_is_held_to_it_as_well(namespace: Namespace) -> None:
    paul = person(namespace.plane, "paul")
    namespace.plane.kubectl(
        *("-n", namespace.name, "create", "role", "pods"),
        *("--verb=create,update,patch,get,list", "--resource=pods"),
    )
    namespace.plane.kubectl(
        *("-n", namespace.name, "create", "rolebinding", "pods", "--role=pods", "--user=paul")
    )
    own = frontend(metadata={"name": "own"})
    namespace.plane.wait_for(lambda: namespace.create(own, **paul.who).status == 201, "rights")

    pod = namespace.create(WORKER, **paul.who)
    deployment = create(namespace, DEPLOYMENT, DEPLOYMENT.of(frontend()), **paul.who)

    assert (pod.status, pod.message) == (403, MUTATE + not_among("paul", namespace))
    assert 'User "paul" cannot create resource "deployments"' in deployment.message


@pytest.mark.parametrize("members", ["containers", "initContainers"])
def test_another_image_in_a_pod_needs_a_deployer(
    namespace: Namespace, jane: Person, dora: Person, members: str
) -> None:
    init = [container("init")]
    namespace.created(worker(pool=None, initContainers=init), **dora.who)
    name = {"containers": "app", "initContainers": "init"}[members]
    image = {"spec": {members: [{"name": name, "image": "example/app:2"}]}}
    strategic = "application/strategic-merge-patch+json"

    by_jane, by_dora = (
        namespace.plane.api(
            "PATCH", f"{namespace.pods}/one", image, content_type=strategic, **it.who
        )
        for it in (jane, dora)
    )

    reads = not_entrusted("jane", "change the images of this pod", "init")
    said = IMAGES + reads.replace("spec.containers[0]", "spec.initContainers[0]")
    assert (by_jane.status, by_jane.message) == (403, said)
    assert by_dora.status == 200, by_dora.message


def test_what_else_is_changed_in_a_pod_is_not_asked_about(
    namespace: Namespace, jane: Person, dora: Person, webhook: Webhook
) -> None:
    held = worker(pool=None, metadata={"finalizers": ["example.com/hold"]})
    there = namespace.created(held, **dora.who)
    before = len(webhook.decisions(namespace.name))

    there["metadata"] |= {"finalizers": [], "labels": {"other": "label"}}
    there["spec"]["activeDeadlineSeconds"] = 3600
    answer = namespace.replace(there, **jane.who)

    assert answer.status == 200, answer.message
    assert len(webhook.decisions(namespace.name)) == before


def test_images_of_a_pod_that_reads_nothing_of_theirs_are_not_theirs_to_change(
    namespace: Namespace, jane: Person
) -> None:
    there = namespace.created(frontend(), **jane.who)
    there["spec"]["containers"][0]["image"] = "example/app:2"

    assert namespace.replace(there, **jane.who).status == 200


def test_an_owner_is_not_believed(namespace: Namespace, jane: Person, dora: Person) -> None:
    owner = create(namespace, DEPLOYMENT, DEPLOYMENT.of(WORKER), **dora.who).body["metadata"]
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "controller": True}
    owners = [reference | {"name": owner["name"], "uid": owner["uid"]}]
    forged = worker(pool=None, metadata={"ownerReferences": owners})
    replica_set = DEPLOYMENT.of(WORKER, "other") | {"kind": "ReplicaSet"}
    replica_set["metadata"]["ownerReferences"] = owners

    pod = namespace.create(forged, **jane.who)
    done = jane.kubectl(namespace, "apply", "-f-", stdin=json.dumps(replica_set))

    assert (pod.status, pod.message) == (403, MUTATE + not_among("jane", namespace))
    said = not_among("jane", namespace, "spec.template.metadata")
    assert done.stderr.endswith(f"{WORKLOADS}{said}\n")


def test_a_debug_container_in_a_pod_that_reads_something_of_theirs_needs_a_deployer(
    namespace: Namespace, jane: Person, dora: Person
) -> None:
    namespace.created(WORKER, **dora.who)
    namespace.created(frontend(metadata={"name": "web"}), **jane.who)
    debug = ("debug", "--image=busybox", "--container=shell")

    by_jane = jane.kubectl(namespace, *debug, "one")
    elsewhere = jane.kubectl(namespace, *debug, "web")
    by_dora = dora.kubectl(namespace, *debug, "one")

    said = not_entrusted("jane", "debug this pod")
    assert by_jane.stderr.endswith(f"{DEBUG_MUTATE}{said}\n"), by_jane.stderr
    assert (elsewhere.returncode, by_dora.returncode) == (0, 0), by_dora.stderr
    assert sources(namespace.read("one")) == {"app": GIVEN, "shell": []}


def test_a_debug_container_may_not_bring_it_in_either(namespace: Namespace, jane: Person) -> None:
    there = namespace.created(frontend(), **jane.who)
    there["spec"]["ephemeralContainers"] = [debugger("shell", "vault-env")]

    answer = namespace.replace(there, "ephemeralcontainers", **jane.who)

    assert answer.status == 403
    assert "container 'shell' may not read Secret 'vault-env'" in answer.message
