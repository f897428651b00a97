"""The webhook is away, and what it would heal stays broken."""

import base64

from tests.drills.cluster import NAMESPACE
from tests.e2e.doctor.kit import SLOW, VALIDATING, Doctor

pytestmark = SLOW


def test_while_the_webhook_is_away(doctor: Doctor) -> None:
    scale = ("scale", "-n", NAMESPACE, "deployment/noxus-secret-webhook")
    doctor.plane.kubectl(*scale, "--replicas=0")
    doctor.plane.wait_for(
        lambda: not doctor.cluster.kubelet.pods(), "end of all replicas", timeout=60
    )
    configuration = doctor.plane.api("GET", VALIDATING).body
    own = configuration["webhooks"][0]["clientConfig"]["caBundle"]
    away = doctor.findings()

    # Nobody is there to heal what is broken now.
    entry = configuration["webhooks"][0]["name"]
    stranger = doctor.plane.ca_pem
    doctor.change(
        VALIDATING, lambda it: it["webhooks"][0]["clientConfig"].update(caBundle=_b64(stranger))
    )
    other_ca = doctor.said()
    doctor.change(VALIDATING, lambda it: it["webhooks"][0]["clientConfig"].pop("caBundle"))
    no_ca = doctor.said()
    doctor.change(VALIDATING, lambda it: it["webhooks"][0]["clientConfig"].update(caBundle=own))
    doctor.plane.kubectl("delete", "secret", "-n", NAMESPACE, "noxus-secret-webhook-tls")
    no_secret = doctor.said()
    doctor.plane.kubectl(*scale, "--replicas=3")
    doctor.cluster.wait_ready(3)
    doctor.plane.kubectl("rollout", "status", "-n", NAMESPACE, "deployment/noxus-secret-webhook")
    well = doctor.plane.wait_for(lambda: not doctor.findings(), "healing", timeout=90)

    by_check = {it["check"]: it for it in away}
    assert by_check["replicas"]["message"] == (
        "no replica is ready: new pods of enabled namespaces are refused"
    )
    assert by_check["reachable"]["message"].startswith(
        'the API server cannot call the webhook: Internal error occurred: failed calling webhook "'
        'pods.enabled.validate.secrets.noxus.ai"'
    )
    assert (
        "certificates",
        "failed",
        f"the serving certificate is of a CA that these do not trust: {entry}",
    ) in other_ca
    assert ("certificates", "failed", f"no caBundle: {entry} cannot be called") in no_ca
    assert (
        "certificates",
        "failed",
        "Secret noxus-secret-webhook-tls is missing in namespace noxus-secrets",
    ) in no_secret
    assert well


def _b64(pem: bytes) -> str:
    return base64.b64encode(pem).decode()
