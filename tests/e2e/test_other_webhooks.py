"""Other mutating webhooks before and after ours, in the order in which the API server calls them.

A webhook that changes a pod after ours has ours called once more; one that asks for the same is
called once more after that. What it does then, nobody mends: the validating hook refuses it.
"""

from typing import Any

import pytest

from tests.e2e.other_webhook import Change, OtherWebhook
from tests.e2e.world import (
    MUTATE,
    VALIDATE,
    Namespace,
    config_map,
    container,
    frontend,
    frontend_reads_worker_env,
    pod,
    secret,
    sources,
    worker,
)

Json = Any

BEFORE, AFTER = "aaa-other", "zzz-other"
WORKER = ["app-env", "worker-env", "tenant-a-llm"]
CREATE_AGAIN = (
    "create it again (controllers do so by themselves), and if that does not help, look for the "
    "webhook's mutating hook"
)
both_orders = pytest.mark.parametrize("order", [BEFORE, AFTER])


def adds_sidecar(pod: Json, name: str = "proxy") -> list[Json]:
    if any(it["name"] == name for it in pod["spec"]["containers"]):
        return []
    sidecar = {"op": "add", "path": "/spec/containers/0", "value": container(name)}
    return [sidecar]


def adds_excluded_sidecar(pod: Json) -> list[Json]:
    return adds_sidecar(pod, "istio-proxy")


def adds_native_sidecar(pod: Json) -> list[Json]:
    if pod["spec"].get("initContainers"):
        return []
    sidecar = container("proxy", restartPolicy="Always")
    return [{"op": "add", "path": "/spec/initContainers", "value": [sidecar]}]


def reverses(pod: Json) -> list[Json]:
    there = pod["spec"]["containers"][0].get("envFrom", [])
    if len(there) < 2:
        return []
    path = "/spec/containers/0/envFrom"
    return [{"op": "replace", "path": path, "value": there[::-1]}]


def strips(pod: Json) -> list[Json]:
    if not pod["spec"]["containers"][0].get("envFrom"):
        return []
    return [{"op": "remove", "path": "/spec/containers/0/envFrom"}]


def makes_optional(pod: Json) -> list[Json]:
    if not pod["spec"]["containers"][0].get("envFrom"):
        return []
    path = "/spec/containers/0/envFrom/0/secretRef/optional"
    return [{"op": "add", "path": path, "value": True}]


def labels_worker(pod: Json) -> list[Json]:
    if "noxus.ai/role" in (pod["metadata"].get("labels") or {}):
        return []
    return [{"op": "add", "path": "/metadata/labels", "value": {"noxus.ai/role": "worker"}}]


def promotes_a_second_time(pod: Json) -> list[Json]:
    """Add an unrelated source at first, so that ours changes nothing; at the end be a worker."""
    there = [it.get("configMapRef") for it in pod["spec"]["containers"][0].get("envFrom", [])]
    if not any(there):
        return [
            *strips(pod),
            {"op": "add", "path": "/spec/containers/0/envFrom", "value": [config_map("own")]},
        ]
    return [{"op": "replace", "path": "/metadata/labels/noxus.ai~1role", "value": "worker"}]


def adds_worker_env(pod: Json) -> list[Json]:
    there = pod["spec"]["containers"][0].get("envFrom", [])
    if secret("worker-env") in there:
        return []
    path = "/spec/containers/0/envFrom"
    return [{"op": "add", "path": path, "value": [*there, secret("worker-env")]}]


def adds_own_source_first(pod: Json) -> list[Json]:
    there = pod["spec"]["containers"][0].get("envFrom", [])
    if config_map("own") in there:
        return []
    path = "/spec/containers/0/envFrom"
    return [{"op": "add", "path": path, "value": [config_map("own"), *there]}]


@both_orders
def test_a_sidecar_that_another_webhook_adds_gets_the_sources(
    namespace: Namespace, other_webhook: OtherWebhook, order: str
) -> None:
    other_webhook.register(order, adds_sidecar)

    assert sources(namespace.created(worker())) == {"proxy": WORKER, "app": WORKER}


@both_orders
def test_a_native_sidecar_that_another_webhook_adds_gets_the_sources(
    namespace: Namespace, other_webhook: OtherWebhook, order: str
) -> None:
    other_webhook.register(order, adds_native_sidecar)

    assert sources(namespace.created(worker())) == {"proxy": WORKER, "app": WORKER}


@both_orders
def test_an_excluded_sidecar_that_another_webhook_adds_gets_nothing(
    namespace: Namespace, other_webhook: OtherWebhook, order: str
) -> None:
    other_webhook.register(order, adds_excluded_sidecar)

    assert sources(namespace.created(worker())) == {"istio-proxy": [], "app": WORKER}


@both_orders
def test_a_source_that_another_webhook_puts_in_front_stays_there(
    namespace: Namespace, other_webhook: OtherWebhook, order: str
) -> None:
    other_webhook.register(order, adds_own_source_first)

    assert sources(namespace.created(worker())) == {"app": ["own", *WORKER]}


@pytest.mark.parametrize("spoil", [reverses, strips, makes_optional])
def test_what_another_webhook_spoils_after_us_is_mended_by_being_called_again(
    namespace: Namespace, other_webhook: OtherWebhook, spoil: Change
) -> None:
    other_webhook.register(AFTER, spoil)

    stored = namespace.created(worker())

    assert sources(stored) == {"app": WORKER}
    assert stored["spec"]["containers"][0]["envFrom"] == [secret(it) for it in WORKER]
    assert len(other_webhook.seen) == 1


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (reverses, "was injected, but its sources were changed since"),
        (strips, "was not injected"),
        (makes_optional, "was injected, but its sources were changed since"),
    ],
)
def test_what_another_webhook_spoils_whenever_we_mend_it_is_refused_in_the_end(
    namespace: Namespace, other_webhook: OtherWebhook, spoil: Change, what: str
) -> None:
    other_webhook.register(AFTER, spoil, again=True)

    answer = namespace.create(worker())

    assert answer.status == 403
    assert (
        answer.message == f"{VALIDATE}container 'app' (spec.containers[0]) {what}; {CREATE_AGAIN}"
    )
    assert len(other_webhook.seen) == 2


@both_orders
def test_a_role_that_another_webhook_gives_is_a_role(
    namespace: Namespace, other_webhook: OtherWebhook, order: str
) -> None:
    # No selector of ours reads the pod's labels, so we are called before the label is there, too:
    # the API server calls again only those whom it has called.
    other_webhook.register(order, labels_worker)

    assert sources(namespace.created(pod())) == {"app": ["app-env", "worker-env"]}


def test_a_role_that_another_webhook_gives_after_our_last_call_is_refused(
    namespace: Namespace, other_webhook: OtherWebhook
) -> None:
    other_webhook.register(AFTER, promotes_a_second_time, again=True)

    answer = namespace.create(frontend())

    assert answer.status == 403
    assert answer.message == (
        f"{VALIDATE}container 'app' (spec.containers[0]) was not injected; {CREATE_AGAIN}"
    )


@both_orders
def test_a_secret_that_another_webhook_adds_needs_an_entitlement(
    namespace: Namespace, other_webhook: OtherWebhook, order: str
) -> None:
    other_webhook.register(order, adds_worker_env)

    answer = namespace.create(frontend())

    place = 0 if order == BEFORE else 1
    sentence = frontend_reads_worker_env(f"spec.containers[0].envFrom[{place}].secretRef")
    assert (answer.status, answer.message) == (403, MUTATE + sentence)


@both_orders
def test_another_webhook_that_changes_nothing_changes_nothing(
    namespace: Namespace, other_webhook: OtherWebhook, order: str
) -> None:
    other_webhook.register(order, lambda _: [])

    assert sources(namespace.created(worker())) == {"app": WORKER}
    assert len(other_webhook.seen) == 1
