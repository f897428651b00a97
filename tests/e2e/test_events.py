"""Events as people meet them: at the workload, by kubectl, written with the rights that we ask for.

The webhook runs as it does in a cluster, with the policy from the API server and as our
ServiceAccount; owners are made by the real controllers.
"""

import asyncio
import copy
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from tests.cluster.events_kit import REFUSAL as REFUSED
from tests.cluster.events_kit import FakeCounts, said
from tests.controlplane.plane import ControlPlane
from tests.e2e.harness import CREATED, INJECTION, OK, ROOT, Webhook, is_registered, register
from tests.e2e.workloads import DEPLOYMENT, JOB, started_unjudged
from tests.e2e.world import (
    Namespace,
    container,
    debugger,
    frontend,
    frontend_reads_worker_env,
    policy,
    worker,
)
from webhook.cluster.api import Api
from webhook.cluster.events import EventSink

Json = Any

BASE = ROOT / "manifests" / "base"
OURS = "noxus-secrets"
USER = f"system:serviceaccount:{OURS}:noxus-secret-webhook"
GROUPS = ("system:serviceaccounts", f"system:serviceaccounts:{OURS}")
POLICIES = "/apis/secrets.noxus.ai/v1alpha1/secretinjectionpolicies"
ROLE = "/apis/rbac.authorization.k8s.io/v1/clusterroles/noxus-secret-webhook"
CANARY = "canary-7f3a"
REFUSAL = frontend_reads_worker_env("spec.containers[0].envFrom[0].secretRef")


class InCluster(Webhook):
    """A webhook that reads its policies from the API server."""

    def _policy_flags(self) -> Sequence[str]:
        return ("--policy-from", "cluster", "--namespace", OURS, "--identity", "webhook-1")


@pytest.fixture(scope="module")
def running(control_plane: ControlPlane) -> Iterator[Webhook]:
    for name in ("00-namespace", "10-customresourcedefinition", "15-serviceaccount", "16-rbac"):
        control_plane.kubectl("apply", "--server-side", "-f", BASE / f"{name}.yaml")
    control_plane.wait_for(lambda: control_plane.api("GET", POLICIES).status == OK, "our resource")
    made = control_plane.api("POST", POLICIES, policy("events"))
    assert made.status == CREATED, made.message
    kubeconfig = control_plane.kubeconfig_for(USER, GROUPS)
    try:
        with InCluster(flags=("--kubeconfig", str(kubeconfig))) as it:
            yield it
    finally:
        # Whatever runs after us in this control plane shall not meet hooks that nobody answers.
        for kind in ("mutating", "validating"):
            control_plane.kubectl(
                "delete", "--ignore-not-found", f"{kind}webhookconfiguration", "noxus-secrets"
            )
        control_plane.api("DELETE", f"{POLICIES}/events")


@pytest.fixture
def webhook(control_plane: ControlPlane, running: Webhook) -> Webhook:
    if not is_registered(control_plane, running):
        register(control_plane, running)
    return running


@pytest.fixture
def namespace(control_plane: ControlPlane, webhook: Webhook) -> Namespace:
    del webhook
    return Namespace(control_plane, control_plane.namespace("events", {INJECTION: "enabled"}))


@pytest.fixture
def unlabelled(control_plane: ControlPlane, webhook: Webhook) -> Namespace:
    del webhook
    return Namespace(control_plane, control_plane.namespace("events"))


@pytest.fixture
def dry_run_namespace(control_plane: ControlPlane, webhook: Webhook) -> Namespace:
    del webhook
    return Namespace(control_plane, control_plane.namespace("events", {INJECTION: "dry-run"}))


def greedy() -> Json:
    return frontend(container("app", "worker-env", env=[{"name": "TOKEN", "value": CANARY}]))


def deployment(like: Json, replicas: int = 1) -> Json:
    labels = like["metadata"]["labels"]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": like["spec"]},
        },
    }


def events(namespace: Namespace) -> list[Json]:
    """Return our Events in a namespace, oldest first."""
    path = f"/apis/events.k8s.io/v1/namespaces/{namespace.name}/events"
    found = namespace.plane.api("GET", path).body["items"]
    ours = [it for it in found if it["reportingController"] == "secrets.noxus.ai/webhook"]
    assert CANARY not in json.dumps(ours)
    return sorted(ours, key=lambda it: str(it["eventTime"]))


def one_event(namespace: Namespace) -> Json:
    """Return our Event, of which there is to be one."""
    (event,) = namespace.plane.wait_for(lambda: events(namespace), "Event")
    return event


def replica_set(namespace: Namespace) -> Json:
    path = f"/apis/apps/v1/namespaces/{namespace.name}/replicasets"
    (found,) = namespace.plane.wait_for(
        lambda: namespace.plane.api("GET", path).body["items"], "ReplicaSet"
    )
    return found


def test_a_refused_deployment_shows_why_at_its_replica_set(unlabelled: Namespace) -> None:
    namespace = unlabelled
    started_unjudged(namespace, DEPLOYMENT, greedy())

    event = one_event(namespace)
    owner = replica_set(namespace)["metadata"]

    assert event["regarding"] == {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "namespace": namespace.name,
        "name": owner["name"],
        "uid": owner["uid"],
    }
    assert (event["type"], event["reason"], event["action"]) == (
        "Warning",
        "SecretsRefused",
        "Refuse",
    )
    assert event["note"] == REFUSAL
    assert event["reportingInstance"] == "webhook-1"
    described = namespace.plane.kubectl(
        "--namespace", namespace.name, "describe", "replicaset", owner["name"]
    ).stdout
    listed = namespace.plane.kubectl(
        "--namespace", namespace.name, "events", "--for", f"replicaset/{owner['name']}"
    ).stdout
    for text in (described, listed):
        (line,) = [line for line in text.splitlines() if "SecretsRefused" in line]
        assert REFUSAL in line


def test_what_all_pods_of_a_deployment_get_is_one_event(
    namespace: Namespace, webhook: Webhook
) -> None:
    namespace.apply(deployment(worker(), replicas=3))
    namespace.plane.wait_for(lambda: len(namespace.listed()) == 3, "three pods")
    webhook.stop()  # which writes the count at once
    webhook.start()

    event = one_event(namespace)

    assert (event["type"], event["reason"], event["action"]) == (
        "Normal",
        "SecretsInjected",
        "Inject",
    )
    assert event["regarding"]["name"] == replica_set(namespace)["metadata"]["name"]
    assert event["note"] == (
        "a pod of role worker gets scopes shared, worker, pool/tenant-a by policy events"
    )
    assert event["series"]["count"] == 3


def test_a_job_whose_pod_is_refused_shows_why(unlabelled: Namespace) -> None:
    namespace = unlabelled
    started_unjudged(namespace, JOB, greedy(), "once")

    event = one_event(namespace)

    assert (event["regarding"]["apiVersion"], event["regarding"]["kind"]) == ("batch/v1", "Job")
    described = namespace.plane.kubectl("--namespace", namespace.name, "describe", "job", "once")
    assert "SecretsRefused" in described.stdout


@pytest.mark.parametrize(
    ("like", "kind", "note"),
    [
        (greedy(), "Warning", f"dry run: would refuse: {REFUSAL}"),
        (
            frontend(),
            "Normal",
            "dry run: a pod of role frontend would get scope shared by policy events",
        ),
    ],
)
def test_dry_run_says_what_enforcement_would_have_done(
    dry_run_namespace: Namespace, like: Json, kind: str, note: str
) -> None:
    dry_run_namespace.apply(deployment(like))

    event = one_event(dry_run_namespace)

    assert (event["type"], event["reason"], event["note"]) == (kind, "SecretsDryRun", note)
    assert event["regarding"]["kind"] == "ReplicaSet"
    assert len(dry_run_namespace.listed()) == 1


def test_a_server_side_dry_run_leaves_no_event(namespace: Namespace, webhook: Webhook) -> None:
    for like in (greedy(), frontend()):
        namespace.create(like, query="?dryRun=All")
    assert len(webhook.decisions(namespace.name)) == 3  # one hook refuses, or both allow

    namespace.created(worker())  # what is told of it is told after what would be told before

    assert one_event(namespace)["note"].startswith("a pod of role worker gets scopes")


def test_a_bare_pod_has_events_of_its_own(namespace: Namespace) -> None:
    answer = namespace.create(greedy())
    assert answer.status == 403
    refused = one_event(namespace)
    listed = namespace.plane.kubectl("--namespace", namespace.name, "events", "--for", "pod/one")
    stored = namespace.created(frontend())
    namespace.plane.wait_for(lambda: len(events(namespace)) == 2, "two Events")
    given = events(namespace)[1]

    assert (refused["regarding"]["kind"], refused["regarding"]["name"]) == ("Pod", "one")
    assert refused["note"] in answer.message
    assert "SecretsRefused" in listed.stdout
    assert given["reason"] == "SecretsInjected"
    assert given["regarding"]["uid"] == stored["metadata"]["uid"]


def test_a_pod_that_has_no_name_yet_is_told_of_by_the_beginning_of_it(
    namespace: Namespace,
) -> None:
    nameless = greedy()
    del nameless["metadata"]["name"]
    nameless["metadata"]["generateName"] = "web-"
    assert namespace.create(nameless).status == 403

    assert one_event(namespace)["regarding"] == {
        "apiVersion": "v1",
        "kind": "Pod",
        "namespace": namespace.name,
        "name": "web-",
    }


def test_a_debug_container_that_is_refused_is_told_of_its_pod(namespace: Namespace) -> None:
    stored = namespace.created(frontend())
    answer = namespace.debug(stored, debugger("debug", "worker-env"))
    assert answer.status == 403
    namespace.plane.wait_for(lambda: len(events(namespace)) == 2, "two Events")

    event = events(namespace)[1]

    assert (event["reason"], event["regarding"]["uid"]) == (
        "SecretsRefused",
        stored["metadata"]["uid"],
    )
    assert event["note"].startswith("container 'debug' may not read Secret 'worker-env'")


def test_two_hundred_refusals_of_one_workload_make_a_handful_of_calls(
    namespace: Namespace, webhook: Webhook
) -> None:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1", "uid": "u-1"}
    before = webhook.metric("events_sent")
    for _ in range(200):
        refused = copy.deepcopy(greedy())
        refused["metadata"]["ownerReferences"] = [owner | {"controller": True}]
        assert namespace.create(refused).status == 403
    namespace.plane.wait_for(
        lambda: webhook.metric("events_dropped", why="duplicate") >= 199, "count of repeats"
    )

    assert webhook.metric("events_sent") - before <= 3
    assert one_event(namespace)["regarding"]["name"] == "web-1"


def test_without_the_right_to_write_events_pods_are_decided_all_the_same(
    namespace: Namespace, webhook: Webhook
) -> None:
    plane = namespace.plane
    role = plane.api("GET", ROLE).body
    rules = [it for it in role["rules"] if "events" not in it["resources"]]
    assert len(rules) == len(role["rules"]) - 1
    merge = "application/merge-patch+json"
    plane.api("PATCH", ROLE, {"rules": rules}, content_type=merge)
    try:
        plane.wait_for(lambda: not may_create_events(namespace), "role without Events")
        namespace.created(frontend())
        assert namespace.create(greedy()).status == 403
        plane.wait_for(
            lambda: webhook.metric("events_dropped", why="error") >= 2, "count of dropped Events"
        )
    finally:
        plane.api("PATCH", ROLE, {"rules": role["rules"]}, content_type=merge)

    assert events(namespace) == []
    assert webhook.metric("api_errors", what="events") >= 2
    lines = [it for it in webhook.log_lines() if it.get("message") == "an Event could not be sent"]
    assert len(lines) == 1  # one of a kind in a minute
    assert lines[0]["reason"].startswith("403 Forbidden: events.events.k8s.io is forbidden: User")
    plane.wait_for(lambda: may_create_events(namespace), "role as it was")


async def test_what_could_not_be_sent_while_the_api_server_was_away_is_sent_later(
    control_plane: ControlPlane,
) -> None:
    namespace = Namespace(control_plane, control_plane.namespace())
    counts = FakeCounts()
    gone = said(namespace="gone")
    control_plane.stop_apiserver()
    async with Api(control_plane.kubeconfig) as api:
        sink = EventSink(
            api,
            identity="webhook-1",
            metrics=counts,
            clock=time.monotonic,
            now=time.time,
            random=random.random,
        )
        sending = asyncio.create_task(sink.run())
        try:
            sink.offer(gone)
            sink.offer(said(namespace=namespace.name))
            await until(lambda: counts.failed["events"] > 0)
        finally:
            await asyncio.to_thread(control_plane.start_apiserver)
        await until(lambda: bool(counts.sent))
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)

    assert one_event(namespace)["note"] == REFUSED
    assert counts.dropped == {"error": 1}  # of the namespace that is gone


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(40):
        while True:
            if true():
                return
            await asyncio.sleep(0.02)


def may_create_events(namespace: Namespace) -> bool:
    path = f"/apis/events.k8s.io/v1/namespaces/{namespace.name}/events?dryRun=All"
    answer = namespace.plane.api("POST", path, {}, user=USER, groups=GROUPS)
    return answer.status != 403
