"""Ways around an admission webhook that others have fallen for, tried through the API server.

The numbers are those of the list of known bypasses, by which the suite is kept complete. B1 to B4
are in test_bypasses_by_reference, B7 (no policy) in test_failures, B11 (other webhooks) in
test_other_webhooks, B16 (large pods) in test_modes. Workloads are in test_reference_kinds.
"""

import json
from typing import Any

import pytest
import yaml

from tests.e2e.conftest import OptedIn
from tests.e2e.harness import ROOT, Webhook
from tests.e2e.world import (
    MUTATE,
    Namespace,
    container,
    frontend,
    frontend_reads_worker_env,
    pod,
    secret,
    sources,
    worker,
)

Json = Any

INJECTED = "secrets.noxus.ai/injected"
NODE: Json = {"user": "system:node:node-1", "groups": ["system:nodes", "system:masters"]}


def refused(namespace: Namespace, body: Json, sentence: str) -> None:
    answer = namespace.create(body)
    assert (answer.status, answer.message) == (403, MUTATE + sentence)
    assert namespace.listed() == []


def test_b6_a_namespace_that_nobody_governs_is_closed_and_not_open(opted_in: OptedIn) -> None:
    answer = opted_in("ungoverned").create(pod())

    assert answer.status == 403
    assert "no SecretInjectionPolicy covers it" in answer.message


def test_b8_an_annotation_that_says_injected_is_not_believed(namespace: Namespace) -> None:
    forged = worker(metadata={"annotations": {INJECTED: "shared,worker,pool/tenant-a"}})

    assert sources(namespace.created(forged)) == {"app": ["app-env", "worker-env", "tenant-a-llm"]}


def test_b8_an_annotation_that_says_too_much_is_corrected(namespace: Namespace) -> None:
    forged = frontend(metadata={"annotations": {INJECTED: "shared,worker,pool/tenant-a"}})

    stored = namespace.created(forged)

    assert sources(stored) == {"app": ["app-env"]}
    assert stored["metadata"]["annotations"][INJECTED] == "shared"


@pytest.mark.parametrize("role", [None, "Worker", "workers", "sandbox"])
def test_b9_leaving_the_role_out_or_misspelling_it_opens_nothing(
    namespace: Namespace, role: str | None
) -> None:
    answer = namespace.create(pod(role, None, container("app", "worker-env")))

    assert answer.status == 403
    assert "may not read Secret 'worker-env'" in answer.message
    assert sources(namespace.created(pod(role))) == {"app": []}


def test_b9_the_strictest_policy_accepts_no_pod_without_a_role(opted_in: OptedIn) -> None:
    answer = opted_in("strict").create(pod())

    assert answer.status == 403
    assert answer.message == (
        f"{MUTATE}no Noxus role, so nothing is injected: label the pod noxus.ai/role: <role>"
    )


def test_b10_a_borrowed_pool_needs_its_namespace(opted_in: OptedIn) -> None:
    namespace = opted_in("standard")
    elsewhere = opted_in("elsewhere")
    spoofed = worker(container("app", "tenant-a-llm"))

    answer = elsewhere.create(spoofed)

    assert namespace.create(spoofed).status == 201
    assert answer.status == 403
    claim = "metadata.labels[noxus.ai/worker-pool] claims worker pool 'tenant-a'"
    assert f"{claim}: it is not meant for namespace {elsewhere.name!r}" in answer.message


def test_b10_a_borrowed_scope_needs_its_service_account(namespace: Namespace) -> None:
    namespace.account("noxus-worker")
    asks = {"annotations": {"secrets.noxus.ai/scopes": "ai-providers"}}

    answer = namespace.create(worker(metadata=asks))
    right = namespace.created(worker(metadata=asks, serviceAccountName="noxus-worker"))

    assert answer.status == 403
    assert answer.message == (
        f"{MUTATE}metadata.annotations[secrets.noxus.ai/scopes] asks for scope 'ai-providers': it "
        "is not meant for ServiceAccount 'default'; remove it from the annotation, or set "
        "spec.serviceAccountName to one that it is meant for"
    )
    assert sources(right) == {"app": ["app-env", "worker-env", "llm-keys", "tenant-a-llm"]}


def test_b10_a_label_that_is_changed_later_changes_nothing_in_the_pod(
    namespace: Namespace,
) -> None:
    there = namespace.created(frontend())
    there["metadata"]["labels"] = {"noxus.ai/role": "worker", "noxus.ai/worker-pool": "tenant-a"}

    answer = namespace.replace(there)

    assert answer.status == 200
    assert sources(namespace.read("one")) == {"app": ["app-env"]}


def test_b13_the_webhook_may_read_no_secret_but_its_own_certificate() -> None:
    # That the API server sees it the same way is tested in tests/manifests/test_rights.py.
    rules = [
        rule
        for path in sorted((ROOT / "manifests" / "base").glob("*.yaml"))
        for document in yaml.safe_load_all(path.read_text())
        if document["kind"] in {"Role", "ClusterRole"}
        for rule in document["rules"]
    ]

    of_secrets = [rule for rule in rules if {"secrets", "*"} & set(rule["resources"])]
    assert [(rule.get("resourceNames"), rule["verbs"]) for rule in of_secrets] == [
        (["noxus-secret-webhook-tls"], ["get", "list", "watch", "update"]),
        (None, ["create"]),
    ]


def test_b13_the_address_of_the_secret_is_the_pods_own_namespace(namespace: Namespace) -> None:
    answer = namespace.create(frontend(container("app", "other-namespace/worker-env")))

    # Kubernetes has no references into other namespaces, neither by this name.
    assert answer.status == 422
    assert "spec.containers[0].envFrom[0].secretRef.name: Invalid value" in answer.message


def test_b15_a_pod_that_says_it_is_being_deleted_is_judged(namespace: Namespace) -> None:
    dying = {
        "deletionTimestamp": "2026-01-01T00:00:00Z",
        "deletionGracePeriodSeconds": 30,
        "finalizers": ["example.com/hold"],
    }
    greedy = frontend(container("app", "worker-env"), metadata=dying)

    field = "spec.containers[0].envFrom[0].secretRef"
    refused(namespace, greedy, frontend_reads_worker_env(field))


def test_b18_a_namespace_in_the_object_is_that_of_the_request_or_the_api_server_refuses_it(
    namespace: Namespace, opted_in: OptedIn
) -> None:
    other = opted_in("standard")
    mismatched = frontend(metadata={"namespace": other.name})

    answer = namespace.create(mismatched)

    assert answer.status == 400
    assert "does not match the namespace sent on the request" in answer.message
    assert other.listed() == []
    assert sources(namespace.created(frontend(metadata={"namespace": ""}))) == {"app": ["app-env"]}


def test_b18_a_generated_name_is_no_way_around(namespace: Namespace) -> None:
    greedy = frontend(
        container("app", "worker-env"), metadata={"name": None, "generateName": "web-"}
    )

    field = "spec.containers[0].envFrom[0].secretRef"
    refused(namespace, greedy, frontend_reads_worker_env(field))


@pytest.mark.parametrize("there", [None, []], ids=["null", "empty"])
def test_b19_a_list_that_is_null_or_empty_is_patched_like_one_that_is_absent(
    namespace: Namespace, there: list[Json] | None
) -> None:
    nothing: Json = None if there is None else {}
    body = frontend(
        {**container(), "envFrom": there, "env": there}, metadata={"annotations": nothing}
    )

    stored = namespace.created(body)

    assert sources(stored) == {"app": ["app-env"]}
    assert stored["metadata"]["annotations"] == {INJECTED: "shared"}


def test_b19_annotations_that_need_escaping_stand_beside_ours(namespace: Namespace) -> None:
    own = {"example.com/a.b_c-d": "~1/0~", INJECTED: "~/"}

    stored = namespace.created(frontend(metadata={"annotations": own}))

    assert stored["metadata"]["annotations"] == own | {INJECTED: "shared"}


@pytest.mark.parametrize("greedy_last", [True, False])
def test_b20_of_repeated_keys_the_one_is_judged_that_is_stored(
    namespace: Namespace, greedy_last: bool
) -> None:
    lists = ['"envFrom": [{"secretRef": {"name": "own"}}]']
    lists.insert(1 if greedy_last else 0, '"envFrom": [{"secretRef": {"name": "worker-env"}}]')
    whole = json.dumps(frontend()).replace('"image"', f'{", ".join(lists)}, "image"')

    answer = namespace.plane.api("POST", namespace.pods, whole.encode())

    if greedy_last:
        field = "spec.containers[0].envFrom[0].secretRef"
        assert answer.message == MUTATE + frontend_reads_worker_env(field)
    else:
        assert sources(namespace.read("one")) == {"app": ["own", "app-env"]}


def test_b20_keys_in_another_case_are_no_fields(namespace: Namespace) -> None:
    odd = {**container(), "EnvFrom": [secret("worker-env")], "envfrom": [secret("worker-env")]}

    assert sources(namespace.created(frontend(odd))) == {"app": ["app-env"]}


def test_b20_a_pod_as_yaml_is_judged_like_one_as_json(namespace: Namespace) -> None:
    text = yaml.safe_dump(frontend(container("app", "worker-env"))).encode()

    answer = namespace.create(text, content_type="application/yaml")

    field = "spec.containers[0].envFrom[0].secretRef"
    assert (answer.status, answer.message) == (403, MUTATE + frontend_reads_worker_env(field))


def test_b22_the_annotation_of_a_mirror_pod_does_not_make_one(namespace: Namespace) -> None:
    forged = frontend(metadata={"annotations": {"kubernetes.io/config.mirror": "0123"}})

    answer = namespace.create(forged)

    # It is injected as any other; that mirror pods may not name Secrets is Kubernetes' own rule.
    assert answer.status == 403
    assert answer.message == 'pods "one" is forbidden: a mirror pod may not reference secrets'


def test_b22_a_mirror_pod_of_a_node_is_left_as_it_is(namespace: Namespace) -> None:
    mirror = frontend(
        nodeName="node-1", metadata={"annotations": {"kubernetes.io/config.mirror": "0123"}}
    )

    answer = namespace.create(mirror, **NODE)

    assert answer.status == 201, answer.message
    assert sources(answer.body) == {"app": []}


def test_b26_a_pod_that_missed_its_injection_can_lose_its_finalizer(unlabelled: Namespace) -> None:
    held = frontend(container("app", "worker-env"), metadata={"finalizers": ["example.com/hold"]})
    unlabelled.created(held)
    unlabelled.opt_in()
    path = f"{unlabelled.pods}/one"

    deleted = unlabelled.plane.api("DELETE", f"{path}?gracePeriodSeconds=0")
    dying = unlabelled.read("one")
    dying["metadata"]["finalizers"] = []
    released = unlabelled.replace(dying)

    assert (deleted.status, released.status) == (200, 200)
    assert unlabelled.plane.api("GET", path).status == 404


def test_b27_resizing_and_the_status_of_a_pod_are_none_of_our_business(
    unlabelled: Namespace, webhook: Webhook
) -> None:
    # It could not be created here now, and goes on living all the same.
    small = {"requests": {"cpu": "100m"}}
    there = unlabelled.created(frontend(container("app", "worker-env", resources=small)))
    unlabelled.opt_in()
    before = len(webhook.decisions(unlabelled.name))

    there["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "200m"}}
    resized = unlabelled.replace(there, "resize")
    running = {**unlabelled.read("one"), "status": {"phase": "Running"}}
    reported = unlabelled.replace(running, "status")

    assert (resized.status, reported.status) == (200, 200), resized.message + reported.message
    assert reported.body["spec"]["containers"][0]["resources"] == {"requests": {"cpu": "200m"}}
    assert reported.body["status"]["phase"] == "Running"
    assert len(webhook.decisions(unlabelled.name)) == before
