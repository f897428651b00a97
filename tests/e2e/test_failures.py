"""What becomes of pods while the webhook is away, broken or without a policy."""

from collections.abc import Iterator

import pytest
import yaml

from tests.controlplane.processes import ControlPlaneError
from tests.e2e.conftest import OptedIn
from tests.e2e.harness import Webhook
from tests.e2e.world import MUTATE, Namespace, debugger, frontend, policy, sources

CALLING = "Internal error occurred: failed calling webhook"


@pytest.fixture
def stopped(webhook: Webhook) -> Iterator[Webhook]:
    """The webhook, stopped; it is started again if the test did not."""
    webhook.stop()
    yield webhook
    if webhook.get("/healthz")[0] == 0:
        webhook.start()


def test_while_it_is_away_opted_in_pods_are_refused_by_the_validating_hook_alone(
    namespace: Namespace, stopped: Webhook
) -> None:
    answer = namespace.create(frontend())

    assert answer.status == 500
    url = f"{stopped.url}/validate/enabled?timeout=3s"
    assert answer.message == (
        f'{CALLING} "pods.enabled.validate.secrets.noxus.ai": failed to call webhook: '
        f'Post "{url}": dial tcp 127.0.0.1:{stopped.port}: connect: connection refused'
    )
    failed = namespace.plane.audit_event(
        lambda event: event["objectRef"].get("namespace") == namespace.name
    )["annotations"]
    # The audit log also tells that the mutating hook failed and was passed over.
    assert failed["failed-open.mutation.webhook.admission.k8s.io/round_0_index_0"] == (
        "pods.enabled.mutate.secrets.noxus.ai"
    )


@pytest.mark.usefixtures("stopped")
def test_while_it_is_away_pods_of_other_namespaces_are_untouched(unlabelled: Namespace) -> None:
    assert sources(unlabelled.created(frontend())) == {"app": []}


@pytest.mark.usefixtures("stopped")
def test_while_it_is_away_pods_in_dry_run_are_let_through(dry_run_namespace: Namespace) -> None:
    assert sources(dry_run_namespace.created(frontend())) == {"app": []}


def test_while_it_is_away_debug_containers_are_refused(
    namespace: Namespace, webhook: Webhook
) -> None:
    pod = namespace.created(frontend())
    webhook.stop()
    try:
        answer = namespace.debug(pod, debugger())
    finally:
        webhook.start()

    assert answer.status == 500
    assert answer.message.startswith(f'{CALLING} "debug.enabled.validate.secrets.noxus.ai"')


def test_while_it_is_away_pods_can_be_changed_and_deleted(
    namespace: Namespace, webhook: Webhook
) -> None:
    pod = namespace.created(frontend(metadata={"finalizers": ["example.com/hold"]}))
    webhook.stop()
    try:
        pod["metadata"]["labels"]["other"] = "label"
        changed = namespace.replace(pod)
        deleted = namespace.plane.api("DELETE", f"{namespace.pods}/one?gracePeriodSeconds=0")
        released = namespace.plane.api(
            "PATCH",
            f"{namespace.pods}/one",
            {"metadata": {"finalizers": None}},
            content_type="application/merge-patch+json",
        )
    finally:
        webhook.start()

    assert [changed.status, deleted.status, released.status] == [200, 200, 200]
    assert namespace.plane.api("GET", f"{namespace.pods}/one").status == 404


def test_back_again_it_works_as_if_nothing_had_happened(
    namespace: Namespace, stopped: Webhook
) -> None:
    refused = namespace.create(frontend())
    stopped.start()
    stored = namespace.created(frontend())

    assert refused.status == 500
    assert sources(stored) == {"app": ["app-env"]}


def test_a_controller_makes_its_pods_once_the_webhook_is_back(
    namespace: Namespace, stopped: Webhook
) -> None:
    labels = frontend()["metadata"]["labels"]
    template = {"metadata": {"labels": labels}, "spec": frontend()["spec"]}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    kind = {"apiVersion": "apps/v1", "kind": "ReplicaSet"}
    namespace.apply({**kind, "metadata": {"name": "web"}, "spec": spec})
    path = f"/apis/apps/v1/namespaces/{namespace.name}/replicasets/web"

    def failure() -> str | None:
        status = namespace.plane.api("GET", path).body.get("status", {})
        return next((str(it["message"]) for it in status.get("conditions") or ()), None)

    seen = namespace.plane.wait_for(failure, "failure to create pods")
    stopped.start()
    (pod,) = namespace.plane.wait_for(namespace.listed, "pod of the ReplicaSet")

    assert seen.startswith(f'{CALLING} "pods.enabled.validate.secrets.noxus.ai"')
    assert sources(pod) == {"app": ["app-env"]}


@pytest.fixture
def without_policy(webhook: Webhook) -> Iterator[Webhook]:
    """The webhook, running and with no policy at all."""
    webhook.stop()
    aside = webhook.policies.rename(webhook.folder / "aside")
    webhook.policies.mkdir()
    webhook.spawn()
    yield webhook
    webhook.stop()
    webhook.policies.rmdir()
    aside.rename(webhook.policies)
    webhook.start()


def test_b7_without_any_policy_it_answers_with_an_error_and_opted_in_pods_are_refused(
    namespace: Namespace, without_policy: Webhook
) -> None:
    answer = namespace.create(frontend())

    assert answer.status == 500
    assert answer.message == (
        f'{CALLING} "pods.enabled.validate.secrets.noxus.ai": failed to call webhook: '
        "no policy is loaded; the webhook's log and /readyz?verbose say why"
    )
    # Both hooks failed; that of the mutating one alone would have been passed over.
    assert without_policy.metric("requests_rejected", status="500") == 2
    assert without_policy.metric("internal_errors") == 2
    assert without_policy.get("/readyz")[0] == 503
    assert without_policy.decisions(namespace.name) == []


@pytest.mark.usefixtures("without_policy")
def test_without_any_policy_pods_in_dry_run_are_let_through(dry_run_namespace: Namespace) -> None:
    assert sources(dry_run_namespace.created(frontend())) == {"app": []}


def test_where_no_policy_covers_the_namespace_pods_are_refused_with_that_sentence(
    opted_in: OptedIn,
) -> None:
    nowhere = opted_in("nowhere")

    answer = nowhere.create(frontend())

    assert answer.status == 403
    assert answer.message == (
        f"{MUTATE}namespace {nowhere.name!r} is opted in, but no SecretInjectionPolicy covers it: "
        "have the policy's owner add it to spec.namespaces, or the namespace's label "
        "secrets.noxus.ai/injection removed"
    )


def test_a_policy_that_is_added_is_in_force_without_a_restart(
    opted_in: OptedIn, webhook: Webhook
) -> None:
    there = opted_in("added")
    refused = there.create(frontend())

    webhook.add_policy(yaml.safe_dump(policy("added")))

    assert refused.status == 403
    assert sources(there.created(frontend())) == {"app": ["app-env"]}


def test_a_policy_that_does_not_load_leaves_the_others_in_force(
    namespace: Namespace, webhook: Webhook
) -> None:
    broken = webhook.policies / "broken.yaml"
    with (
        pytest.raises(ControlPlaneError, match="a policy does not load") as raised,
        webhook.reloaded(),
    ):
        broken.write_text("apiVersion: secrets.noxus.ai/v1alpha1\nkind: Secret\n")
    try:
        assert "what is newer cannot be used" in str(raised.value)
        assert sources(namespace.created(frontend())) == {"app": ["app-env"]}
    finally:
        broken.unlink()
