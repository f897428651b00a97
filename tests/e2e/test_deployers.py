"""Who deploys is asked of every workload, and whom the API server takes somebody for.

Pods are in test_deployers_pods, what controllers make of it in test_deployers_controllers.
"""

import json
from typing import Any

import pytest

from tests.e2e.conftest import OptedIn
from tests.e2e.deployers import (
    EDITORS,
    Person,
    let_edit,
    may,
    not_among,
    person,
)
from tests.e2e.harness import Webhook
from tests.e2e.workloads import (
    CRON_JOB,
    DAEMON_SET,
    DEPLOYMENT,
    JOB,
    KINDS,
    POD_TEMPLATE,
    STATEFUL_SET,
    WORKLOADS,
    Kind,
    create,
    patch,
    read,
)
from tests.e2e.world import (
    Namespace,
    container,
    frontend,
    sources,
    worker,
)

Json = Any

pytestmark = pytest.mark.usefixtures("component")

WORKER = worker(pool=None)
GIVEN = ["app-env", "vault-env"]
OTHER_IMAGE = {"spec": {"template": {"spec": {"containers": [container(image="example/app:2")]}}}}


@pytest.fixture
def namespace(opted_in: OptedIn) -> Namespace:
    """A fresh namespace under the policy with deployers, which editors may edit."""
    namespace = opted_in("entrusted")
    let_edit(namespace, EDITORS)
    return namespace


def metadata(kind: Kind) -> str:
    return f"{kind.place}.metadata"


def test_a_workload_of_any_kind_needs_a_deployer(
    namespace: Namespace, jane: Person, dora: Person
) -> None:
    refused = {kind: create(namespace, kind, kind.of(WORKER), **jane.who) for kind in KINDS}
    made = {kind: create(namespace, kind, kind.of(WORKER), **dora.who) for kind in KINDS}

    assert {kind: (it.status, it.message) for kind, it in refused.items()} == {
        kind: (403, WORKLOADS + not_among("jane", namespace, metadata(kind))) for kind in KINDS
    }
    assert {it.status for it in made.values()} == {201}


def test_kubectl_apply_says_so(namespace: Namespace, jane: Person) -> None:
    done = jane.kubectl(namespace, "apply", "-f-", stdin=json.dumps(DEPLOYMENT.of(WORKER)))

    assert done.stderr == (
        f'Error from server (Forbidden): error when creating "STDIN": {WORKLOADS}'
        f"{not_among('jane', namespace, metadata(DEPLOYMENT))}\n"
    )


def test_what_needs_no_deployer_is_deployed_by_whoever_may(
    namespace: Namespace, jane: Person
) -> None:
    made = {kind: create(namespace, kind, kind.of(frontend()), **jane.who) for kind in KINDS}

    assert {it.status for it in made.values()} == {201}


def test_nobody_becomes_a_deployer_by_saying_so(namespace: Namespace, jane: Person) -> None:
    workload = json.dumps(DEPLOYMENT.of(WORKER))
    for pretence in (
        ["--as=dora", "--as-group=noxus-deployers"],
        ["--as=system:serviceaccount:pipelines:deployer"],
        ["--as=system:serviceaccount:kube-system:deployment-controller"],
    ):
        words = ["create", "--validate=false", *pretence, "-f-"]

        done = jane.kubectl(namespace, *words, stdin=workload)

        # RBAC's own doing: who may impersonate somebody is that somebody.
        assert done.returncode == 1
        assert 'User "jane" cannot impersonate' in done.stderr


@pytest.fixture(scope="module")
def pipelines(component: None, jane: Person) -> Namespace:
    """A namespace with two ServiceAccounts, of which one may deploy."""
    del component
    namespace = Namespace(jane.plane, "pipelines")
    jane.plane.kubectl("create", "namespace", "pipelines")
    for name in ("deployer", "other"):
        namespace.account(name)
    return namespace


@pytest.mark.parametrize(("name", "deploys"), [("deployer", True), ("other", False)])
def test_a_pipeline_is_known_by_the_token_of_its_service_account(
    namespace: Namespace, pipelines: Namespace, name: str, deploys: bool
) -> None:
    plane = namespace.plane
    let_edit_alone(namespace, "system:serviceaccounts:pipelines")
    path = f"/api/v1/namespaces/pipelines/serviceaccounts/{name}/token"
    token = plane.api("POST", path, {"spec": {}}).body["status"]["token"]
    server = (f"--server={plane.url}", f"--certificate-authority={plane.folder / 'ca.crt'}")

    done = plane.kubectl(
        *("--kubeconfig=/dev/null", *server, f"--token={token}", "-n", namespace.name),
        *("apply", "-f-"),
        stdin=json.dumps(DEPLOYMENT.of(WORKER)),
        check=False,
    )

    user = f"system:serviceaccount:{pipelines.name}:{name}"
    assert (done.returncode == 0) is deploys
    said = not_among(user, namespace, metadata(DEPLOYMENT))
    assert deploys or done.stderr.endswith(f"{WORKLOADS}{said}\n")


def let_edit_alone(namespace: Namespace, group: str) -> None:
    """Give a group Kubernetes' own role, and return when it has that."""
    namespace.plane.kubectl(
        *("create", "rolebinding", group.replace(":", "-"), "-n", namespace.name),
        *("--clusterrole=edit", f"--group={group}"),
    )
    deployments = {"group": "apps", "resource": "deployments", "verb": "create"}
    namespace.plane.wait_for(lambda: may(namespace, deployments, group), "rights")


def test_who_may_edit_the_namespace_of_a_deployers_account_is_that_deployer(
    namespace: Namespace, pipelines: Namespace
) -> None:
    """A limit, of RBAC's making: `edit` holds the right to act as any account of the namespace."""
    let_edit_alone(namespace, "system:serviceaccounts:pipelines")
    let_edit_alone(pipelines, "pipeline-editors")
    pia = person(namespace.plane, "pia", "pipeline-editors")
    workload = json.dumps(DEPLOYMENT.of(WORKER))
    as_deployer = ("--as=system:serviceaccount:pipelines:deployer", "--validate=false")

    as_herself = pia.kubectl(namespace, "create", "--validate=false", "-f-", stdin=workload)
    done = pia.kubectl(namespace, "create", *as_deployer, "-f-", stdin=workload)

    assert 'User "pia" cannot create resource "deployments"' in as_herself.stderr
    assert done.stdout == "deployment.apps/web created\n"


def test_another_image_of_a_deployment_needs_a_deployer(
    namespace: Namespace, jane: Person, dora: Person
) -> None:
    create(namespace, DEPLOYMENT, DEPLOYMENT.of(WORKER), **dora.who)
    set_image = ("set", "image", "deployment/web", "app=example/app:2")

    by_jane = jane.kubectl(namespace, *set_image)
    before = read(namespace, DEPLOYMENT)["spec"]["template"]["spec"]["containers"][0]["image"]
    by_dora = dora.kubectl(namespace, *set_image)

    said = not_among("jane", namespace, metadata(DEPLOYMENT))
    assert by_jane.stderr.endswith(f"{WORKLOADS}{said}\n"), by_jane.stderr
    assert before == "example/app:1"
    assert by_dora.stdout == "deployment.apps/web image updated\n"


@pytest.mark.parametrize("kind", [it for it in KINDS if it is not JOB], ids=lambda it: it.resource)
def test_any_change_of_the_template_needs_a_deployer_whichever_kind_it_is(
    namespace: Namespace, jane: Person, dora: Person, kind: Kind
) -> None:
    create(namespace, kind, kind.of(WORKER), **dora.who)
    change: Json = {"metadata": {"annotations": {"a": "b"}}}
    for step in reversed(kind.place.split(".")):
        change = {step: change}

    by_jane = patch(namespace, kind, change, **jane.who)
    by_dora = patch(namespace, kind, change, **dora.who)

    said = WORKLOADS + not_among("jane", namespace, metadata(kind))
    assert (by_jane.status, by_jane.message) == (403, said)
    assert by_dora.status == 200, by_dora.message


def test_everybody_may_have_pods_made_anew_as_they_are(
    namespace: Namespace, jane: Person, dora: Person
) -> None:
    names = []
    for kind in (DEPLOYMENT, STATEFUL_SET, DAEMON_SET):
        create(namespace, kind, kind.of(WORKER), **dora.who)
        names.append(f"{kind.resource}/web")

    first = jane.kubectl(namespace, "rollout", "restart", *names)
    restarted = {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "later"}}}
    again = patch(namespace, DEPLOYMENT, {"spec": {"template": restarted}}, **jane.who)
    more = {**OTHER_IMAGE["spec"]["template"], **restarted}
    with_another_image = patch(namespace, DEPLOYMENT, {"spec": {"template": more}}, **jane.who)

    assert first.returncode == 0, first.stderr
    assert len(first.stdout.splitlines()) == len(names)
    assert again.status == 200, again.message
    assert with_another_image.status == 403


def test_everybody_may_scale_and_suspend(namespace: Namespace, jane: Person, dora: Person) -> None:
    for kind in (DEPLOYMENT, STATEFUL_SET, CRON_JOB, POD_TEMPLATE):
        create(namespace, kind, kind.of(WORKER), **dora.who)

    scaled = jane.kubectl(namespace, "scale", "--replicas=2", "deployment/web", "statefulset/web")
    suspended = patch(namespace, CRON_JOB, {"spec": {"suspend": True}}, **jane.who)

    assert (scaled.returncode, scaled.stderr) == (0, "")
    assert suspended.status == 200, suspended.message
    pods = namespace.plane.wait_for(
        lambda: found if len(found := namespace.listed()) > 1 else None, "pods"
    )
    assert {str(sources(it)) for it in pods} == {str({"app": GIVEN})}


def test_in_dry_run_it_is_told_and_allowed(jane: Person, webhook: Webhook) -> None:
    del webhook
    name = jane.plane.namespace("entrusted", {"secrets.noxus.ai/injection": "dry-run"})
    namespace = Namespace(jane.plane, name)
    let_edit(namespace, EDITORS)

    answer = create(namespace, DEPLOYMENT, DEPLOYMENT.of(WORKER), **jane.who)

    told = "user 'jane' is not among the deployers of what role worker is given"
    assert (answer.status, answer.warnings) == (201, [f"dry run: would refuse: {told}"])
