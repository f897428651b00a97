"""The exported policies beside the webhook: while that is away, and while it is there."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.controlplane.plane import ControlPlane
from tests.e2e import native
from tests.e2e.harness import INJECTION, OK, ROOT, Webhook, base_hooks, register
from tests.e2e.world import Namespace, container, debugger, frontend, pod, policy, sources, worker
from webhook.loading.load import load_text

Json = Any

DENIED = (
    "pods \"one\" is forbidden: ValidatingAdmissionPolicy 'noxus-secrets.refuse.standard' with "
    "binding 'noxus-secrets.refuse.standard.enabled' denied request: "
)
BACKSTOP: Json = yaml.safe_load(
    (ROOT / "manifests" / "components" / "backstop" / "entries.yaml").read_text()
)


@pytest.fixture(scope="module", autouse=True)
def _in_force(control_plane: ControlPlane) -> Iterator[None]:
    policies = load_text(yaml.safe_dump(policy("standard"))).policies
    with native.in_force(control_plane, native.exported(policies)):
        yield


@pytest.fixture
def both(control_plane: ControlPlane) -> Namespace:
    """A namespace under the webhook and under the policies."""
    opted_in = {native.LABEL: "enabled", INJECTION: "enabled"}
    return Namespace(control_plane, control_plane.namespace("standard", opted_in))


@pytest.fixture
def away(control_plane: ControlPlane, webhook: Webhook) -> Iterator[Webhook]:
    """A webhook that is away, and need not answer: the component `backstop`."""
    hooks = base_hooks()
    ignored = {it["name"] for it in BACKSTOP["webhooks"]}
    for document in hooks:
        for entry in document["webhooks"]:
            if entry["name"] in ignored:
                entry["failurePolicy"] = "Ignore"
    register(control_plane, webhook, hooks)
    webhook.stop()
    yield webhook
    webhook.start()
    register(control_plane, webhook)


@pytest.mark.usefixtures("away")
def test_while_the_webhook_is_away_pods_are_injected_and_judged_all_the_same(
    both: Namespace,
) -> None:
    right = both.created(worker(metadata={"name": "right"}))
    wrong = both.create(frontend(container("app", "worker-env")))

    assert sources(right) == {"app": ["app-env", "worker-env", "tenant-a-llm"]}
    assert wrong.status == 403
    assert wrong.message.startswith(DENIED)
    assert both.debug(right, debugger("first", "tenant-b-llm")).status == 403
    assert both.debug(right, debugger("second")).status == OK


def test_beside_the_webhook_nothing_is_injected_twice_and_nothing_is_left_to_do(
    both: Namespace, webhook: Webhook
) -> None:
    made = both.created(pod("backend", None, container("app", "own"), container("api")))

    assert sources(made) == {"app": ["own", "app-env"], "api": ["app-env"]}
    assert [it["name"] for it in made["spec"]["containers"][1]["env"]] == ["PLUGIN_SERVER_API_KEY"]
    decisions = {it["reason"] for it in webhook.decisions(both.name)}
    assert decisions == {"NothingToDo"}


def test_where_the_webhook_must_answer_the_policies_do_not_answer_for_it(
    both: Namespace, webhook: Webhook
) -> None:
    webhook.stop()
    try:
        answer = both.create(frontend())
    finally:
        webhook.start()

    assert answer.status == 500
    assert 'failed calling webhook "pods.enabled.validate.secrets.noxus.ai"' in answer.message
