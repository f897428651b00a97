"""What the webhook writes into objects of the manifests outlives that they are applied again."""

import base64

import pytest

from tests.controlplane.plane import ControlPlane
from tests.manifests.rendering import BASE, HOOK_KINDS, OWN, WEBHOOK, Json, kustomize

pytestmark = pytest.mark.cluster

HOOKS = "/apis/admissionregistration.k8s.io/v1"
SECRETS = f"/api/v1/namespaces/{OWN}/secrets"
POLICIES = "/apis/secrets.noxus.ai/v1alpha1/secretinjectionpolicies"
STRATEGIC = "application/strategic-merge-patch+json"
CA = base64.b64encode(b"some CA").decode()


@pytest.mark.parametrize(
    "way", [("apply", "--server-side"), ("apply",)], ids=["server-side", "client-side"]
)
def test_certificates_of_the_webhooks_own_making_stay(
    installed: ControlPlane, way: tuple[str, ...]
) -> None:
    installed.kubectl(*way, "-k", BASE)  # the first time in this way
    written = [inject_ca(installed, kind) for kind in HOOK_KINDS]
    make_secret(installed)

    installed.kubectl(*way, "-k", BASE)

    stored = [installed.api("GET", path_of(kind)).body["webhooks"] for kind in HOOK_KINDS]
    assert stored == written
    secret = installed.api("GET", f"{SECRETS}/noxus-secret-webhook-tls")
    assert secret.body["data"] == {"tls.key": CA}


def path_of(kind: str) -> str:
    return f"{HOOKS}/{kind.lower()}s/{OWN}"


def inject_ca(plane: ControlPlane, kind: str) -> Json:
    """Write the CA into all entries, as the webhook does and with its rights."""
    hooks = plane.api("GET", path_of(kind)).body["webhooks"]
    patch = {"webhooks": [{"name": it["name"], "clientConfig": {"caBundle": CA}} for it in hooks]}
    done = plane.api("PATCH", path_of(kind), patch, content_type=STRATEGIC, user=WEBHOOK)
    assert done.status == 200, done.message
    assert {it["clientConfig"]["caBundle"] for it in done.body["webhooks"]} == {CA}
    return done.body["webhooks"]


def make_secret(plane: ControlPlane) -> None:
    """Make the TLS Secret, with the webhook's rights, unless an earlier test did."""
    body = {"metadata": {"name": "noxus-secret-webhook-tls"}, "data": {"tls.key": CA}}
    done = plane.api("POST", SECRETS, body, user=WEBHOOK)
    assert done.status in {201, 409}, done.message


def test_a_policy_that_was_made_of_the_initial_one_and_changed_stays(
    installed: ControlPlane,
) -> None:
    config_map = kustomize(BASE)[f"ConfigMap {OWN}/noxus-secrets-initial-policy"]
    text = config_map["data"]["policy.yaml"].encode()
    made = installed.api("POST", POLICIES, text, content_type="application/yaml", user=WEBHOOK)
    assert made.status == 201, made.message
    changed = {**made.body, "spec": {**made.body["spec"], "mode": "DryRun"}}
    installed.api("PUT", f"{POLICIES}/noxus", changed)

    installed.kubectl("apply", "--server-side", "-k", BASE)

    assert installed.api("GET", f"{POLICIES}/noxus").body["spec"] == changed["spec"]
