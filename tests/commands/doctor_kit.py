"""A healthy cluster as `doctor` reads it, made by hand, for tests that break one thing of it."""

import base64
import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from webhook.doctor.expected import expected
from webhook.doctor.findings import Check, Finding
from webhook.doctor.snapshot import Access, Calls, Installed, Probe, Snapshot
from webhook.pki.authority import Authority, certificate_pem, create_authority
from webhook.pki.keyring import fingerprint
from webhook.pki.leaf import issue_leaf
from webhook.pki.names import service_names

Json = Any

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LABEL = "secrets.noxus.ai/injection"
GUARD = "noxus-secrets-injection-label"


def authority(*, at: datetime = NOW, days: int = 365) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    return create_authority(key=key, serial=1, at=at, lifetime=timedelta(days=days))


CA = authority()


def certificates(
    ca: Authority = CA, *, at: datetime = NOW, namespace: str = "noxus-secrets"
) -> Json:
    """Return what is read of the Secret."""
    leaf = issue_leaf(
        ca,
        names=service_names("noxus-secret-webhook", namespace),
        key=ec.generate_private_key(ec.SECP256R1()),
        serial=2,
        at=at,
    )
    return {"tls.crt": certificate_pem(leaf), "mark": fingerprint(leaf)}


def bundled(ca: Authority = CA) -> str:
    return base64.b64encode(certificate_pem(ca.certificate)).decode()


def configuration(entries: list[Json], ca: Authority = CA) -> Json:
    found = copy.deepcopy(entries)
    for entry in found:
        entry["clientConfig"]["caBundle"] = bundled(ca)
        entry["objectSelector"] = {}  # as the API server adds
    return {"metadata": {"name": "noxus-secrets"}, "webhooks": found}


def named(name: str, **fields: Json) -> Json:
    return {"metadata": {"name": name, **fields.pop("metadata", {})}, **fields}


def policy(**spec: Json) -> Json:
    ready = {"type": "Ready", "status": "True", "observedGeneration": 1}
    meta = {"generation": 1}
    return named("noxus", metadata=meta, spec=spec, status={"conditions": [ready]})


def healthy(*, component: bool = False) -> Snapshot:
    """Return it, with the entries of the component deployers if so wished."""
    wanted = expected()
    kept = certificates()
    lease = {"annotations": {"secrets.noxus.ai/serving": kept.pop("mark")}}
    status = {"readyReplicas": 3, "updatedReplicas": 3}
    calls = {"pods.enabled.mutate.secrets.noxus.ai": Calls(3, 0)}
    return Snapshot(
        namespace="noxus-secrets",
        installed=Installed(
            mutating=configuration(wanted["mutating"]),
            validating=configuration(wanted["deployers" if component else "validating"]),
            guard=named(GUARD, spec=wanted["guard"]),
            guard_binding=named(GUARD, spec=wanted["guardBinding"]),
            deployment=named("noxus-secret-webhook", spec={"replicas": 3}, status=status),
            budget=named("noxus-secret-webhook"),
            certificates=kept,
            leases=[named("noxus-secret-webhook-a", metadata=lease)],
        ),
        access=Access([], [], [], []),
        policies=[policy()],
        namespaces=[named("noxus", metadata={"labels": {LABEL: "enabled"}})],
        calls=calls,
        probe=Probe("noxus", "enabled", 201, "", "", corrected=True, calls=calls),
    )


def with_installed(snapshot: Snapshot, **parts: Json) -> Snapshot:
    return replace(snapshot, installed=replace(snapshot.installed, **parts))


def wrong(check: Check) -> list[Finding]:
    return [it for it in check.findings if it.level != "ok"]


def said(check: Check) -> list[tuple[str, str]]:
    return [(str(it.level), it.message) for it in wrong(check)]
