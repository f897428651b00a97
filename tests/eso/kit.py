"""What the tests have in common: exporting, applying, and reading what came of it."""

import base64
import json
from pathlib import Path
from typing import Any

from tests.commands.kit import run
from tests.controlplane.plane import ControlPlane
from tests.eso.store import VaultServer

Json = Any

ACCOUNT = "noxus-external-secrets"
SYNC_SECONDS = 60.0  # a refresh takes a second; a busy machine is no reason to fail
OK = 200


def export(policy: Path, *words: str) -> list[Json]:
    """Return what `noxus-secrets export external-secrets` prints."""
    ran = run("export", "external-secrets", "--policy", policy, *words, "-o", "json")
    assert (ran.code, ran.err) == (0, "")
    return list(json.loads(ran.out)["items"])


def from_vault(vault: VaultServer, role: str) -> list[str]:
    """Return the flags for a running Vault, looked at every second."""
    return [
        *("--provider", "vault", "--vault-server", vault.url, "--vault-role", role),
        *("--vault-ca-configmap", "vault-ca", "--refresh-interval", "1s"),
    ]


def apply(plane: ControlPlane, objects: list[Json], *flags: str) -> None:
    """Apply objects with kubectl, which must be possible without a warning of any field."""
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    plane.kubectl("apply", "--validate=strict", *flags, "-f-", stdin=text)


def give_ca(plane: ControlPlane, vault: VaultServer, namespace: str) -> None:
    """Put Vault's CA where the store looks for it."""
    ca = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "vault-ca", "namespace": namespace},
        "data": {"ca.crt": vault.ca_pem},
    }
    apply(plane, [ca])


def secret(plane: ControlPlane, namespace: str, name: str) -> dict[str, str] | None:
    """Return the values of a Secret; None where there is none."""
    answer = plane.api("GET", f"/api/v1/namespaces/{namespace}/secrets/{name}")
    if answer.status != OK:
        return None
    data = answer.body.get("data") or {}
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


def wait_for_secret(plane: ControlPlane, namespace: str, name: str, **values: str) -> None:
    """Return when a Secret has exactly these values."""
    plane.wait_for(
        lambda: secret(plane, namespace, name) == values,
        f"Secret {namespace}/{name} with {', '.join(values)}",
        timeout=SYNC_SECONDS,
    )


def environment(plane: ControlPlane, namespace: str, pod: Json) -> dict[str, str]:
    """Return the variables of a pod's first container, as the kubelet would make them.

    A later source wins, and an `env` of the pod wins over all.
    """
    (first, *_) = pod["spec"]["containers"]
    found: dict[str, str] = {}
    for source in first.get("envFrom", ()):
        prefix = source.get("prefix", "")
        values = secret(plane, namespace, source["secretRef"]["name"]) or {}
        found |= {prefix + key: value for key, value in values.items()}
    for variable in first.get("env", ()):
        ref = variable["valueFrom"]["secretKeyRef"]
        found[variable["name"]] = (secret(plane, namespace, ref["name"]) or {})[ref["key"]]
    return found
