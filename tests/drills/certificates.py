"""What happens to certificates while pods are created: each a function of the stage."""

import base64
import datetime as dt
import hashlib
import resource
import socket
import ssl
import time
from typing import Any

from tests.controlplane import pki
from tests.controlplane.processes import ControlPlaneError
from tests.drills.cluster import NAMESPACE
from tests.drills.faults import Notes
from tests.drills.pod import RunningPod
from tests.drills.stage import MERGE, OK, Stage

Json = Any
SECRET = f"/api/v1/namespaces/{NAMESPACE}/secrets/noxus-secret-webhook-tls"
HOOKS = "/apis/admissionregistration.k8s.io/v1"
KINDS = ("mutating", "validating")
END = "-----END CERTIFICATE-----"
ROTATE = "secrets.noxus.ai/rotate"
# A CA waits a minute for every API server to have its successor, and one more before it goes.
ROTATION_SECONDS = 300.0


def leaf_rotation(stage: Stage) -> Notes:
    """Have the serving certificate replaced; every replica serves the new one."""
    return {"served_s": rotated_leaf(stage)}


def ca_rotation(stage: Stage) -> Notes:
    """Have the CA replaced, from the first step to the last."""
    begun, before = time.monotonic(), _bundles(stage)
    _ask(stage, "ca")

    def replaced() -> bool:
        now = _bundles(stage)
        return now.isdisjoint(before) and len(now) == 1

    stage.plane.wait_for(replaced, "another CA and no other", timeout=ROTATION_SECONDS)
    return {"rotation_s": round(time.monotonic() - begun, 1)}


def damage(stage: Stage) -> Notes:
    """Delete the Secret, break the CA bundles, restore an old Secret; each is put right."""
    backup = stage.plane.api("GET", SECRET).body["data"]
    begun = time.monotonic()
    stage.plane.api("DELETE", SECRET)
    stage.plane.wait_for(lambda: stage.plane.api("GET", SECRET).status == OK, "Secret")
    notes: dict[str, object] = {"secret_healed_s": round(time.monotonic() - begun, 2)}
    good, begun = _bundles(stage), time.monotonic()
    for kind in KINDS:
        _set_bundle(stage, kind, _rubbish())
    stage.plane.wait_for(lambda: _bundles(stage) == good, "healed CA bundles")
    notes["bundles_healed_s"] = round(time.monotonic() - begun, 2)
    rotated_leaf(stage)
    newest, begun = stage.plane.api("GET", SECRET).body["data"]["tls.crt"], time.monotonic()
    stage.plane.api("PATCH", SECRET, {"data": backup}, content_type=MERGE)
    stage.plane.wait_for(
        lambda: stage.plane.api("GET", SECRET).body["data"]["tls.crt"] == newest, "newest leaf"
    )
    return {**notes, "backup_healed_s": round(time.monotonic() - begun, 2)}


def disk_full(stage: Stage) -> Notes:
    """Let no replica write a byte to any file while a new certificate comes, and then let them.

    Harder than a full disk: the log cannot be written, and neither can the file in memory from
    which TLS reads a certificate. They go on with the one that they have.
    """
    pods, before = stage.kubelet.ready(), _all_shown(stage)
    for pod in pods:
        _limit_files(pod, full=True)
    _ask(stage, "leaf")
    time.sleep(3 if stage.quick else 20)
    if _all_shown(stage) != before:
        raise ControlPlaneError("a certificate was replaced on a full disk: it is not full")
    begun = time.monotonic()
    for pod in pods:
        _limit_files(pod, full=False)
    _wait_shown(stage, before)
    return {"served_afterwards_s": round(time.monotonic() - begun, 2)}


def rotated_leaf(stage: Stage) -> float:
    """Have the leaf replaced; returns the seconds until all replicas show one and the same new."""
    before, begun = _all_shown(stage), time.monotonic()
    _ask(stage, "leaf")
    _wait_shown(stage, before)
    return round(time.monotonic() - begun, 2)


def _wait_shown(stage: Stage, before: set[str]) -> None:
    """Wait until all replicas show one certificate, another one than before."""

    def replaced() -> bool:
        now = _all_shown(stage)
        return len(now) == 1 and now.isdisjoint(before)

    stage.plane.wait_for(replaced, "one new certificate on all replicas")


def _all_shown(stage: Stage) -> set[str]:
    return {shown(pod) for pod in stage.kubelet.ready()}


def bundle(stage: Stage) -> bytes:
    """Return all CAs that our hooks trust, as PEM."""
    return b"".join(f"{it}\n{END}\n".encode() for it in sorted(_bundles(stage)))


def shown(pod: RunningPod) -> str:
    """Return the hash of the certificate that a replica shows to a client."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection((pod.ip, pod.ports["https"]), timeout=3) as plain,
        context.wrap_socket(plain) as tls,
    ):
        return hashlib.sha256(tls.getpeercert(binary_form=True) or b"").hexdigest()


def _ask(stage: Stage, what: str) -> None:
    """Do what an operator does who wants new certificates now."""
    stage.kubectl(
        "annotate", "--overwrite", "secret", "noxus-secret-webhook-tls", f"{ROTATE}={what}"
    )


def _bundles(stage: Stage) -> set[str]:
    """Return every certificate that any of our hooks trusts, as PEM."""
    found: set[str] = set()
    for kind in KINDS:
        hooks = stage.plane.api("GET", f"{HOOKS}/{kind}webhookconfigurations/noxus-secrets")
        for hook in hooks.body["webhooks"]:
            pem = base64.b64decode(hook["clientConfig"].get("caBundle", "")).decode()
            found |= {it.strip() for it in pem.split(END) if it.strip()}
    return found


def _set_bundle(stage: Stage, kind: str, pem: bytes) -> None:
    path = f"{HOOKS}/{kind}webhookconfigurations/noxus-secrets"
    count = len(stage.plane.api("GET", path).body["webhooks"])
    value = base64.b64encode(pem).decode()
    patch = [
        {"op": "replace", "path": f"/webhooks/{number}/clientConfig/caBundle", "value": value}
        for number in range(count)
    ]
    stage.plane.api("PATCH", path, patch, content_type="application/json-patch+json")


def _rubbish() -> bytes:
    """Return a CA that has signed nothing: what a careless `kubectl apply` might bring."""
    return pki.Authority.create(dt.datetime.now(dt.UTC)).pem


def _limit_files(pod: RunningPod, *, full: bool) -> None:
    _, hard = resource.prlimit(pod.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pod.pid, resource.RLIMIT_FSIZE, (0 if full else hard, hard))
