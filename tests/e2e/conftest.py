"""The control plane with our hooks, the webhook that they call, and namespaces to try it in."""

from collections.abc import Callable, Iterator

import pytest
import yaml

from tests.controlplane.fixture import (
    control_plane,
    pytest_collection_finish,
    pytest_collection_modifyitems,
)
from tests.controlplane.plane import ControlPlane
from tests.e2e import golden
from tests.e2e.deployers import component, dora, jane
from tests.e2e.harness import INJECTION, Webhook, is_registered, register
from tests.e2e.other_webhook import OtherWebhook
from tests.e2e.world import POLICIES, Namespace

__all__ = [
    "component",
    "control_plane",
    "dora",
    "jane",
    "pytest_collection_finish",
    "pytest_collection_modifyitems",
]

OptedIn = Callable[[str], Namespace]


@pytest.fixture(scope="session")
def running_webhook(control_plane: ControlPlane) -> Iterator[Webhook]:
    with Webhook([yaml.safe_dump(policy, sort_keys=False) for policy in POLICIES.values()]) as it:
        yield it
        # Whatever runs after us in this control plane shall not meet hooks that nobody answers.
        for kind in ("mutating", "validating"):
            control_plane.kubectl(
                "delete", "--ignore-not-found", f"{kind}webhookconfiguration", "noxus-secrets"
            )


@pytest.fixture
def webhook(control_plane: ControlPlane, running_webhook: Webhook) -> Webhook:
    """A running webhook that the control plane calls; who stops it starts it again."""
    if not is_registered(control_plane, running_webhook):  # the first test, or others use the name
        register(control_plane, running_webhook)
    return running_webhook


@pytest.fixture(scope="session")
def golden_policies(running_webhook: Webhook) -> None:
    """The policies of all golden cases, each for the namespaces of its case, are in force."""
    running_webhook.add_policy(*golden.policies())


@pytest.fixture
def opted_in(control_plane: ControlPlane, webhook: Webhook) -> OptedIn:
    """Make a fresh namespace that is opted in, under the policy of that name."""
    del webhook  # it only has to be there

    def make(policy: str) -> Namespace:
        return Namespace(control_plane, control_plane.namespace(policy, {INJECTION: "enabled"}))

    return make


@pytest.fixture
def namespace(opted_in: OptedIn) -> Namespace:
    """A fresh namespace that is opted in, under the example policy."""
    return opted_in("standard")


@pytest.fixture
def dry_run_namespace(control_plane: ControlPlane, webhook: Webhook) -> Namespace:
    """A fresh namespace in dry run, under the example policy."""
    del webhook
    return Namespace(control_plane, control_plane.namespace("standard", {INJECTION: "dry-run"}))


@pytest.fixture
def unlabelled(control_plane: ControlPlane, webhook: Webhook) -> Namespace:
    """A fresh namespace that the policy covers and that is not opted in."""
    del webhook
    return Namespace(control_plane, control_plane.namespace("standard"))


@pytest.fixture
def other_webhook(control_plane: ControlPlane, namespace: Namespace) -> Iterator[OtherWebhook]:
    """Another mutating webhook, which sees the pods of `namespace`; see `OtherWebhook.register`."""
    with OtherWebhook(control_plane, namespace.name) as it:
        yield it
