"""`noxus-secrets audit` and `plan` of a real cluster: what they tell, read, and cost."""

import contextlib
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.audit import bulk, measuring
from tests.audit.definition import policy_report_definition
from tests.controlplane.plane import ControlPlane
from tests.e2e import crd
from tests.e2e.conftest import OptedIn
from tests.e2e.harness import CREATED, OK, ROOT
from tests.e2e.world import (
    EXAMPLE,
    POLICIES,
    Namespace,
    container,
    frontend,
    secret,
    sources,
    worker,
)

Json = Any

KINDS = (
    *("deployments.apps", "statefulsets.apps", "daemonsets.apps", "replicasets.apps"),
    *("jobs.batch", "cronjobs.batch"),
    *("namespaces", "pods", "replicationcontrollers", "podtemplates"),
)


def deployment(name: str, template: Json, **spec: Any) -> Json:  # noqa: ANN401
    meta = {"name": name}
    selector = {"matchLabels": {"name": name}}
    given = {**template["metadata"]["labels"], "name": name}
    template = {"metadata": {**template["metadata"], "labels": given}, "spec": template["spec"]}
    template["metadata"].pop("name", None)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta,
        "spec": {"selector": selector, "template": template, **spec},
    }


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """The policy of the namespaces that the tests here use, as a file."""
    file = tmp_path / "policy.yaml"
    file.write_text(yaml.safe_dump(POLICIES["standard"]))
    return file


def run(
    plane: ControlPlane, *words: str | Path, kubeconfig: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "webhook", *words],
        cwd=ROOT,
        env={**os.environ, "KUBECONFIG": str(kubeconfig or plane.kubeconfig), "COLUMNS": "80"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def audited(plane: ControlPlane, *words: str | Path, **more: Any) -> Json:  # noqa: ANN401
    done = run(plane, "audit", "-o", "json", *words, **more)
    assert done.stderr == ""
    return json.loads(done.stdout)


def created(space: Namespace, *objects: Json) -> None:
    for it in objects:
        path = f"/apis/apps/v1/namespaces/{space.name}/deployments"
        answer = space.plane.api("POST", path, it)
        assert answer.status == CREATED, answer.message


def pods_of(space: Namespace, number: int) -> None:
    space.plane.wait_for(lambda: len(space.listed()) >= number, f"{number} pods")


def test_what_the_webhook_injected_is_current_and_what_came_before_it_lacks_something(
    unlabelled: Namespace, policy: Path
) -> None:
    plane = unlabelled.plane
    created(unlabelled, deployment("old", worker(), replicas=2))
    pods_of(unlabelled, 2)
    unlabelled.opt_in()
    created(unlabelled, deployment("new", worker(), replicas=1), deployment("none", frontend()))
    created(unlabelled, deployment("asleep", frontend(), replicas=0))
    pods_of(unlabelled, 4)

    report = audited(plane, "--policy", policy, "-n", unlabelled.name)

    states = {it["name"]: [p["state"] for p in it["pods"]] for it in report["workloads"]}
    assert states == {
        "old": ["lacks", "lacks"],
        "new": ["current"],
        "none": ["current"],
        "asleep": [],
    }
    assert {it["verdict"] for it in report["workloads"]} == {"injected"}
    (old,) = [it for it in report["workloads"] if it["name"] == "old"]
    assert old["pods"][0]["message"] == (
        "runs without what the policy gives it: container 'app' lacks app-env, worker-env, "
        f"tenant-a-llm; kubectl -n {unlabelled.name} rollout restart deployment/old"
    )
    # Without a kubelet no new pod is ever ready, and a rollout would wait for that.
    plane.kubectl("-n", unlabelled.name, "delete", "pods", "-l", "name=old", "--grace-period=0")
    pods_of(unlabelled, 4)
    after = audited(plane, "--policy", policy, "-n", unlabelled.name)
    assert after["totals"]["podsLacking"] == 0


def test_what_the_audit_refuses_the_api_server_refuses_for_the_same_reason(
    unlabelled: Namespace, policy: Path
) -> None:
    greedy = frontend(container("app", "worker-env"))
    created(unlabelled, deployment("greedy", greedy, replicas=0))
    unlabelled.opt_in()

    done = run(unlabelled.plane, "audit", "-o", "json", "--policy", policy, "-n", unlabelled.name)

    (found,) = json.loads(done.stdout)["workloads"]
    assert (done.returncode, found["verdict"], found["replicas"]) == (1, "refused", 0)
    answer = unlabelled.create(greedy)
    told = found["refusals"][0]["message"].replace("spec.template.spec", "spec")
    assert answer.message.endswith(told)


def test_what_would_be_gained_is_what_the_api_server_stores(
    namespace: Namespace, policy: Path
) -> None:
    mixed = worker(
        container("app", "tenant-a-llm", envFrom=[secret("custom"), secret("app-env")]),
        container("side"),
    )
    created(namespace, deployment("mixed", mixed, replicas=1))
    pods_of(namespace, 1)

    (found,) = audited(namespace.plane, "--policy", policy, "-n", namespace.name)["workloads"]

    gets = {it["name"]: [e["name"] for e in it["gets"]] for it in found["containers"]}
    assert gets == sources(namespace.listed()[0])


def test_a_namespace_that_is_not_opted_in_is_told_of_where_it_looks_like_noxus(
    unlabelled: Namespace, policy: Path
) -> None:
    created(unlabelled, deployment("w", worker(), replicas=0))

    report = audited(unlabelled.plane, "--policy", policy)

    (found,) = [it for it in report["workloads"] if it["namespace"] == unlabelled.name]
    assert (found["verdict"], found["mode"]) == ("outside", "")


@contextlib.contextmanager
def reader(plane: ControlPlane, *resources: str) -> Iterator[Path]:
    """Give a kubeconfig of a user who may get and list these, and nothing else."""
    rules = [
        {
            "apiGroups": [it.partition(".")[2]],
            "resources": [it.partition(".")[0]],
            "verbs": ["get", "list"],
        }
        for it in resources
    ]
    role = {"metadata": {"name": "auditor"}, "rules": rules}
    binding = {
        "metadata": {"name": "auditor"},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": "auditor",
        },
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "auditor"}],
    }
    paths = {
        f"/apis/rbac.authorization.k8s.io/v1/{plural}": body
        for plural, body in (("clusterroles", role), ("clusterrolebindings", binding))
    }
    for path, body in paths.items():
        assert plane.api("POST", path, body).status == CREATED
    try:
        yield plane.kubeconfig_for("auditor")
    finally:
        for path in paths:
            plane.api("DELETE", f"{path}/auditor")


def test_get_and_list_of_namespaces_workloads_and_pods_is_all_it_needs(
    namespace: Namespace, policy: Path
) -> None:
    plane = namespace.plane
    created(namespace, deployment("f", frontend(), replicas=0))
    with reader(plane, *KINDS) as kubeconfig:

        def allowed() -> bool:
            return run(plane, "audit", "--policy", policy, kubeconfig=kubeconfig).returncode != 2

        plane.wait_for(allowed, "the rights to be known")
        as_reader = audited(plane, "--policy", policy, kubeconfig=kubeconfig)

    assert namespace.name in {it["namespace"] for it in as_reader["workloads"]}


def test_a_right_that_is_missing_is_named(namespace: Namespace, policy: Path) -> None:
    plane = namespace.plane
    with reader(plane, "namespaces") as kubeconfig:

        def named() -> str | None:
            done = run(plane, "audit", "--policy", policy, kubeconfig=kubeconfig)
            assert (done.returncode, done.stdout) == (2, "")
            return done.stderr if "deployments" in done.stderr else None

        message = plane.wait_for(named, "a complaint about Deployments")

    assert message == (
        "noxus-secrets: deployments cannot be read: 403 Forbidden: deployments.apps is forbidden: "
        'User "auditor" cannot list resource "deployments" in API group "apps" at the cluster '
        "scope; let this user list deployments: audit and plan need get and list on namespaces, "
        "pods and all kinds of workloads, and nothing on Secrets\n"
    )


@pytest.fixture
def policy_reports(control_plane: ControlPlane) -> Iterator[None]:
    """The API server knows PolicyReports."""
    definition = policy_report_definition()
    control_plane.kubectl("apply", "--server-side", "-f", definition)
    name = "crd/policyreports.wgpolicyk8s.io"
    control_plane.kubectl("wait", "--for=condition=Established", "--timeout=60s", name)
    yield
    control_plane.kubectl("delete", name)


@pytest.mark.usefixtures("policy_reports")
def test_policy_reports_can_be_applied_and_say_what_is_refused(
    unlabelled: Namespace, policy: Path
) -> None:
    plane = unlabelled.plane
    greedy = frontend(container("app", "worker-env"))
    created(unlabelled, deployment("greedy", greedy, replicas=0))
    created(unlabelled, deployment("fine", frontend(), replicas=0))
    unlabelled.opt_in()
    done = run(plane, "audit", "-o", "policyreport", "--policy", policy, "-n", unlabelled.name)
    path = f"/apis/wgpolicyk8s.io/v1alpha2/namespaces/{unlabelled.name}/policyreports"
    plane.wait_for(lambda: plane.api("GET", path).status == OK, "PolicyReports")

    # Strictly, so that a field which the definition does not know is an error.
    plane.kubectl("apply", "--server-side", "--validate=strict", "-f-", stdin=done.stdout)

    (report,) = plane.api("GET", path).body["items"]
    assert report["summary"] == {"pass": 1, "fail": 1, "warn": 0, "error": 0, "skip": 0}
    (sent,) = yaml.safe_load_all(done.stdout)
    assert report["results"] == sent["results"]


def test_on_a_terminal_a_bar_shows_how_far_it_is(namespace: Namespace, policy: Path) -> None:
    created(namespace, deployment("f", frontend(), replicas=0))
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "webhook", "audit", "--policy", policy, "-o", "json"],
        cwd=ROOT,
        env={**os.environ, "KUBECONFIG": str(namespace.plane.kubeconfig), "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=slave,
    ) as process:
        os.close(slave)
        assert process.stdout is not None
        report = json.loads(process.stdout.read())
    shown = b""
    with contextlib.suppress(OSError):  # how a terminal ends that nobody writes to any more
        while part := os.read(master, 65_536):
            shown += part
    os.close(master)

    assert report["kind"] == "Audit"
    assert b"reading" in shown


@pytest.fixture
def cluster_policy(control_plane: ControlPlane, opted_in: OptedIn) -> Iterator[Namespace]:
    """A namespace under a policy that is a resource of the cluster."""
    space = opted_in("standard")
    crd.install(control_plane)
    spec = {**POLICIES["standard"]["spec"], "namespaces": [space.name]}
    answer = control_plane.api("POST", crd.PATH, crd.resource(spec))
    assert answer.status == CREATED, answer.message
    yield space
    crd.uninstall_policies(control_plane)


def test_without_a_policy_the_clusters_own_is_what_counts(cluster_policy: Namespace) -> None:
    created(cluster_policy, deployment("w", worker(), replicas=0))

    (found,) = audited(cluster_policy.plane, "-n", cluster_policy.name)["workloads"]

    assert (found["policy"], found["verdict"], found["judged"]) == ("noxus", "injected", "yes")


def test_a_plan_from_the_clusters_policy_to_a_file_tells_what_would_change(
    cluster_policy: Namespace, tmp_path: Path
) -> None:
    plane = cluster_policy.plane
    created(cluster_policy, deployment("f", frontend(), replicas=0))
    scopes = [
        {**it, "roles": [*it["roles"], "frontend"]} if it["name"] == "worker" else it
        for it in EXAMPLE["spec"]["scopes"]
    ]
    spec = {**POLICIES["standard"]["spec"], "scopes": scopes, "namespaces": [cluster_policy.name]}
    after = tmp_path / "after.yaml"
    after.write_text(yaml.safe_dump(crd.resource(spec)))
    words = ("plan", "--from", "cluster", "--fail-on-widening", "-n", cluster_policy.name)

    changed = run(plane, *words, "--to", after)
    same = run(plane, *words, "--to", "cluster")

    assert (changed.returncode, changed.stderr) == (1, "")
    assert (
        "deployment/f  frontend  changes\n"
        "  gains      app: worker-env\n"
        "\n"
        "widened: Secret 'worker-env' reaches role frontend, which it did not reach\n"
        "1 workload compared: 1 change; 0 newly refused; 0 no longer refused; 1 widening\n"
    ) in changed.stdout
    assert (same.returncode, same.stdout, same.stderr) == (
        *(0, "nothing changes: 1 workload compared, and no Secret reaches further\n"),
        "",
    )


def test_deployers_of_a_workload_older_than_the_opt_in_were_never_enforced(
    control_plane: ControlPlane,
) -> None:
    crd.install(control_plane)
    before = Namespace(control_plane, control_plane.namespace("standard"))
    created(before, deployment("w", worker(pool=None), replicas=0))
    spec = {
        "namespaces": [before.name],
        "scopes": [
            {
                "name": "worker",
                "roles": ["worker"],
                "deployers": {"groups": ["noxus-deployers"]},
                "envFrom": [{"secretRef": {"name": "worker-env"}}],
            }
        ],
    }
    try:
        assert control_plane.api("POST", crd.PATH, crd.resource(spec)).status == CREATED
        control_plane.wait_for(lambda: _label_later(before), "another second")

        (found,) = audited(control_plane, "-n", before.name)["workloads"]
    finally:
        crd.uninstall_policies(control_plane)

    assert found["judged"] == "no"
    assert found["judgedWhy"].endswith(
        "so the deployers of scope 'worker' were not enforced; have one of them write its template "
        "anew: an annotation in it will do, a restart will not"
    )
    assert found["undecided"] == [
        "scope 'worker' names deployers: it is granted to whom they deploy, and refused to others"
    ]


def _label_later(space: Namespace) -> bool:
    """Opt in, in a later second than that in which the Deployment was written."""
    path = f"/apis/apps/v1/namespaces/{space.name}/deployments/w"
    written = space.plane.api("GET", path).body["metadata"]["creationTimestamp"]
    body = {"metadata": {"labels": {"secrets.noxus.ai/injection": "enabled"}}}
    none = {"metadata": {"labels": {"secrets.noxus.ai/injection": None}}}
    where, kind = f"/api/v1/namespaces/{space.name}", "application/merge-patch+json"
    space.plane.api("PATCH", where, none, content_type=kind)
    labelled = space.plane.api("PATCH", where, body, content_type=kind).body
    times = [it["time"] for it in labelled["metadata"]["managedFields"]]
    return bool(max(times) > written)


@pytest.mark.cluster
@pytest.mark.timeout(300)
def test_the_counts_of_a_full_cluster_are_those_of_a_script_that_knows_nothing_of_us(
    tmp_path: Path,
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(yaml.safe_dump(bulk.policy(EXAMPLE)))
    with ControlPlane() as plane:
        measuring.stop_controllers(plane)
        bulk.fill(plane, bulk.Bulk(workloads=320, pods=640, namespaces=4))

        measured = measuring.audit(plane, policy, tmp_path / "report.json")
        counted = measuring.counted(plane, tmp_path)

    totals = {name: number for name, number in measured.report["totals"].items() if number}
    assert totals == counted
    assert set(totals) >= {"refused", "injected", "nothing", "outside", "skipped", "podsLacking"}
    assert (measured.code, measured.err) == (1, "")
    # 10,000 pods take 79 MB (benchmarks/audit.py), 57 of them the program and its libraries.
    assert measured.megabytes < 120
