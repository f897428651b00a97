"""Workloads are judged when they are applied, and nothing else about them depends on us."""

import copy
from typing import Any

import pytest

from tests.controlplane.plane import ControlPlane
from tests.e2e.harness import Webhook
from tests.e2e.schema import secret_paths, served_schemas
from tests.e2e.workloads import (
    CRON_JOB,
    DAEMON_SET,
    DEPLOYMENT,
    JOB,
    KINDS,
    POD_TEMPLATE,
    REPLICA_SET,
    REPLICATION_CONTROLLER,
    STATEFUL_SET,
    WORKLOADS,
    Kind,
    create,
    listed,
    patch,
    read,
    stored,
)
from tests.e2e.world import (
    Namespace,
    container,
    frontend,
    frontend_reads_worker_env,
    secret,
    sources,
    worker,
)

Json = Any

GREEDY = frontend(container("app", "worker-env"))
# Of a Job, the API itself lets nobody change what its pods read.
CHANGEABLE = [kind for kind in KINDS if kind is not JOB]


def why(kind: Kind, field: str = "containers[0].envFrom[0]") -> str:
    """The refusal of GREEDY as the template of such a workload."""
    return WORKLOADS + frontend_reads_worker_env(f"{kind.place}.spec.{field}.secretRef")


def asked(webhook: Webhook, namespace: Namespace) -> list[tuple[str, str]]:
    """Return which workloads it was asked to judge there: operation and resource."""
    lines = [it for it in webhook.decisions(namespace.name) if it["hook"] == "validate"]
    return [(it["operation"], it["resource"]) for it in lines if it["resource"] != "pods"]


def test_kubectl_apply_tells_the_author_of_each_kind_what_is_wrong_with_it(
    namespace: Namespace,
) -> None:
    done = namespace.kubectl("apply", stdin=listed(kind.of(GREEDY) for kind in KINDS))

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f'Error from server (Forbidden): error when creating "STDIN": {why(kind)}' for kind in KINDS
    ]


def test_kubectl_apply_makes_each_kind_without_what_comes_with_the_pod(
    namespace: Namespace,
) -> None:
    done = namespace.kubectl("apply", stdin=listed(kind.of(worker()) for kind in KINDS))

    assert (done.returncode, done.stderr) == (0, "")
    for kind in KINDS:
        assert sources(kind.template(read(namespace, kind))) == {"app": []}


def test_of_an_update_it_is_told_what_it_adds(namespace: Namespace) -> None:
    namespace.apply(DEPLOYMENT.of(frontend()))

    done = namespace.kubectl("apply", stdin=DEPLOYMENT.of(GREEDY))

    assert done.returncode == 1
    assert done.stderr.endswith(
        f'for: "STDIN": error when patching "STDIN": {why(DEPLOYMENT)}\n'
    ), done.stderr
    assert sources(DEPLOYMENT.template(read(namespace, DEPLOYMENT))) == {"app": []}


def test_an_update_of_any_kind_may_add_nothing_that_its_pods_may_not_read(
    namespace: Namespace,
) -> None:
    answers = {}
    for kind in CHANGEABLE:
        workload = stored(namespace, kind, frontend())
        kind.template(workload)["spec"]["containers"][0]["envFrom"] = [secret("worker-env")]
        answer = replace(namespace, kind, workload)
        answers[kind] = (answer.status, answer.message)

    assert answers == {kind: (403, why(kind)) for kind in CHANGEABLE}


def test_what_was_there_before_is_not_held_against_an_update(unlabelled: Namespace) -> None:
    for kind in CHANGEABLE:
        stored(unlabelled, kind, GREEDY)
    unlabelled.opt_in()
    answers = {}
    for kind in CHANGEABLE:
        workload = read(unlabelled, kind)
        app = kind.template(workload)["spec"]["containers"][0]
        app["image"] = "example/app:2"
        changed = replace(unlabelled, kind, workload)
        app["envFrom"].append(secret("tenant-a-llm"))
        added = replace(unlabelled, kind, workload)
        answers[kind] = (changed.status, added.status, "'worker-env'" in added.message)

    assert answers == dict.fromkeys(CHANGEABLE, (200, 403, False))


def test_a_suspended_job_may_be_labelled_anew_and_is_judged_as_what_it_says_it_is(
    namespace: Namespace,
) -> None:
    job = stored(namespace, JOB, worker(container("app", "worker-env"), pool=None))
    labels = JOB.template(job)["metadata"]["labels"]
    labels["noxus.ai/role"] = "frontend"

    answer = replace(namespace, JOB, job)
    labels["noxus.ai/role"] = "worker"
    labels["other"] = "label"
    other = replace(namespace, JOB, job)

    assert (answer.status, answer.message) == (403, why(JOB))
    assert other.status == 200, other.message


def replace(namespace: Namespace, kind: Kind, workload: Json) -> Any:  # noqa: ANN401
    """Try to write a workload; its status, which is others', may have changed since it was read."""
    body = copy.deepcopy(workload)
    del body["metadata"]["resourceVersion"]
    path = f"{kind.path(namespace.name)}/{body['metadata']['name']}?dryRun=All"
    return namespace.plane.api("PUT", path, body)


SCALED = (DEPLOYMENT, STATEFUL_SET, REPLICA_SET, REPLICATION_CONTROLLER)
SETTINGS: dict[Kind, Json] = {
    DEPLOYMENT: {"replicas": 2, "paused": True, "revisionHistoryLimit": 3},
    STATEFUL_SET: {"replicas": 2, "updateStrategy": {"rollingUpdate": {"partition": 1}}},
    DAEMON_SET: {"minReadySeconds": 3, "updateStrategy": {"rollingUpdate": {"maxUnavailable": 2}}},
    REPLICA_SET: {"replicas": 2},
    REPLICATION_CONTROLLER: {"replicas": 2},
    JOB: {"suspend": False, "parallelism": 2, "activeDeadlineSeconds": 60},
    CRON_JOB: {"suspend": True, "schedule": "1 1 1 1 *"},
}


def test_what_leaves_the_template_alone_is_not_asked_about(
    namespace: Namespace, webhook: Webhook
) -> None:
    for kind in KINDS:
        stored(namespace, kind, frontend())
    created = asked(webhook, namespace)

    answers = [patch(namespace, kind, {"spec": {"replicas": 1}}, "scale") for kind in SCALED]
    answers += [
        patch(namespace, kind, {"metadata": {"labels": {"a": "b"}, "finalizers": ["a.io/b"]}})
        for kind in KINDS
    ]
    answers += [patch(namespace, kind, {"spec": spec}) for kind, spec in SETTINGS.items()]
    statuses = [kind for kind in KINDS if kind is not POD_TEMPLATE]
    answers += [patch(namespace, kind, {"status": {}}, "status") for kind in statuses]
    answers += [patch(namespace, kind, {"metadata": {"finalizers": None}}) for kind in KINDS]

    assert [it.message for it in answers if it.status != 200] == []
    # The Deployment's own ReplicaSet is a workload, too, and comes when it comes.
    own = ("CREATE", "replicasets")
    assert [it for it in asked(webhook, namespace) if it != own] == [
        it for it in created if it != own
    ]


CONTROLLER = "system:serviceaccount:kube-system:"


def test_what_controllers_write_into_workloads_is_not_asked_about(
    namespace: Namespace, webhook: Webhook
) -> None:
    strategy = {"strategy": {"type": "Recreate"}}  # an old pod without a node never gets ready
    stored(namespace, DEPLOYMENT, frontend(), replicas=1, **strategy)
    stored(namespace, STATEFUL_SET, frontend(), name="set", replicas=1)
    stored(namespace, JOB, frontend(), name="job", suspend=False)
    namespace.plane.wait_for(lambda: len(namespace.listed()) == 3, "pods of three workloads")
    image = {"name": "app", "image": "example/app:2"}
    patch(namespace, DEPLOYMENT, {"spec": {"template": {"spec": {"containers": [image]}}}})

    def rolled_out() -> bool:
        web = [it for it in namespace.listed() if it["metadata"]["labels"]["app"] == "web"]
        return [it["spec"]["containers"][0]["image"] for it in web] == ["example/app:2"]

    namespace.plane.wait_for(rolled_out, "pod of the other image")

    lines = [it for it in webhook.decisions(namespace.name) if it["resource"] != "pods"]
    assert {(it["operation"], it["resource"], it["user"]) for it in lines} == {
        ("CREATE", "deployments", "admin"),
        ("CREATE", "replicasets", f"{CONTROLLER}deployment-controller"),
        ("CREATE", "statefulsets", "admin"),
        ("CREATE", "jobs", "admin"),
        ("UPDATE", "deployments", "admin"),
    }
    written = {
        (event["user"]["username"], event["objectRef"]["resource"])
        for event in namespace.plane.audit_events()
        if event["objectRef"].get("namespace") == namespace.name and event["verb"] == "update"
    }
    assert (f"{CONTROLLER}deployment-controller", "replicasets") in written


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.resource)
def test_outside_its_template_a_workload_has_no_room_for_a_secret(
    control_plane: ControlPlane, kind: Kind
) -> None:
    group, _, version = kind.api_version.rpartition("/")
    api = f"apis/{group}/{version}" if group else f"api/{version}"
    name = f"io.k8s.api.{group or 'core'}.{version}.{kind.kind}"

    found = secret_paths(served_schemas(control_plane, api), name, LOOKED_AT_ELSEWHERE)

    assert found.keys() == NO_SECRET.get(kind, set())


LOOKED_AT_ELSEWHERE = (
    "io.k8s.api.core.v1.PodTemplateSpec",
    "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta",
)
NO_SECRET = {
    CRON_JOB: {"status.active[]"},  # its Jobs
    STATEFUL_SET: {  # what new volumes are filled from, see test_openapi
        "spec.volumeClaimTemplates[].spec.dataSource",
        "spec.volumeClaimTemplates[].spec.dataSourceRef",
    },
}


def test_a_template_as_large_as_the_api_server_takes_is_compared_and_judged(
    namespace: Namespace, webhook: Webhook
) -> None:
    padding = [{"name": f"PADDING_{i}", "value": "x" * 30_000} for i in range(45)]
    workload = stored(namespace, DEPLOYMENT, frontend(container(env=padding)))
    before = len(asked(webhook, namespace))
    workload["metadata"]["labels"] = {"other": "label"}
    labelled = replace(namespace, DEPLOYMENT, workload)
    app = DEPLOYMENT.template(workload)["spec"]["containers"][0]
    app["env"] += [{**it, "name": f"MORE_{i}"} for i, it in enumerate(padding)]
    app["envFrom"] = [secret("worker-env")]
    answer = replace(namespace, DEPLOYMENT, workload)

    assert labelled.status == 200, labelled.message
    assert (answer.status, answer.message) == (403, why(DEPLOYMENT))
    assert [it for it in asked(webhook, namespace)[before:] if it[0] == "UPDATE"] == [
        ("UPDATE", "deployments")
    ]


def test_while_the_webhook_is_away_workloads_are_applied_and_changed(
    namespace: Namespace, webhook: Webhook
) -> None:
    webhook.stop()
    try:
        done = namespace.kubectl("apply", stdin=listed(kind.of(GREEDY) for kind in KINDS))
        again = namespace.kubectl("apply", stdin=listed(kind.of(frontend()) for kind in CHANGEABLE))
    finally:
        webhook.start()

    assert (done.returncode, done.stderr) == (0, "")
    assert (again.returncode, again.stderr) == (0, "")


def test_in_dry_run_kubectl_shows_what_enforcement_would_do(dry_run_namespace: Namespace) -> None:
    done = dry_run_namespace.kubectl("apply", stdin=listed(kind.of(GREEDY) for kind in KINDS))

    assert done.returncode == 0
    # kubectl prints the same warning once.
    assert done.stderr == (
        "Warning: dry run: would refuse: container 'app' reads Secret 'worker-env': role frontend "
        "is not entitled to it (only worker)\n"
    )
    assert len(done.stdout.splitlines()) == len(KINDS)
    assert create(dry_run_namespace, DEPLOYMENT, DEPLOYMENT.of(worker(), name="two")).warnings == []


def test_none_of_our_conditions_has_failed_to_be_evaluated(control_plane: ControlPlane) -> None:
    metrics = control_plane.api("GET", "/metrics").raw.decode()
    lines = [it for it in metrics.splitlines() if "secrets.noxus.ai" in it]

    assert any("match_condition_exclusions_total" in it for it in lines)
    assert [it for it in lines if "match_condition_evaluation_errors_total" in it] == []
