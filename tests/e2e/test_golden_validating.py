"""Every golden case of the validating hook through the real API server, the mutating hook away."""

from collections.abc import Iterator

import pytest

from tests.controlplane.plane import ControlPlane
from tests.e2e import golden
from tests.e2e.harness import INJECTION, Webhook, create_pod, is_registered, register
from webhook.core.words import Hook

MUTATING = ("mutatingwebhookconfiguration", "noxus-secrets")


pytestmark = pytest.mark.usefixtures("golden_policies")


@pytest.fixture(scope="module", autouse=True)
def _validating_alone(control_plane: ControlPlane, running_webhook: Webhook) -> Iterator[None]:
    """Take the mutating hook away, as a cluster may be before all is installed."""
    if not is_registered(control_plane, running_webhook):
        register(control_plane, running_webhook)
    control_plane.kubectl("delete", *MUTATING)
    namespace = control_plane.namespace("standard", {INJECTION: "dry-run"})

    def alone() -> bool:
        before = len(running_webhook.decisions(namespace))
        create_pod(control_plane, namespace, {"metadata": {"name": "probe"}}, dry_run=True)
        called = [it["hook"] for it in running_webhook.decisions(namespace)[before:]]
        return called == ["validate"]

    control_plane.wait_for(alone, "call of the validating hook alone")
    yield
    register(control_plane, running_webhook)


@pytest.mark.parametrize("name", golden.cases(Hook.VALIDATE))
def test_the_api_server_does_with_it_what_the_answer_says(
    name: str, control_plane: ControlPlane, running_webhook: Webhook
) -> None:
    golden.check(golden.send(control_plane, running_webhook, name))
