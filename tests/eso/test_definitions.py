"""What is exported is what the current release of the operator defines: the API server says so."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands.test_export_external_secrets import AWS, AZURE, VAULT
from tests.controlplane.plane import ControlPlane
from tests.eso.kit import OK, apply, export

Json = Any

GROUP = "/apis/external-secrets.io/v1"
STORES = {
    "aws": [*AWS],
    "vault": [*VAULT, "--vault-ca-configmap", "vault-ca", "--vault-namespace", "platform"],
    "azure": [*AZURE],
}


def stored(plane: ControlPlane, sent: Json) -> Json:
    """Return an object as the API server has it."""
    meta = sent["metadata"]
    place = f"/namespaces/{meta['namespace']}" if "namespace" in meta else ""
    plural = sent["kind"].lower() + "s"
    group = "/api/v1" if sent["kind"] == "ServiceAccount" else GROUP
    answer = plane.api("GET", f"{group}{place}/{plural}/{meta['name']}")
    assert answer.status == OK, answer.message
    return answer.body


def lost(sent: Json, kept: Json, path: str = "") -> list[str]:
    """Return the fields that were sent and are not there, or are something else."""
    if isinstance(sent, dict) and isinstance(kept, dict):
        return [field for key in sent for field in lost(sent[key], kept.get(key), f"{path}.{key}")]
    if isinstance(sent, list) and isinstance(kept, list) and len(sent) == len(kept):
        pairs = enumerate(zip(sent, kept, strict=True))
        return [field for i, (a, b) in pairs for field in lost(a, b, f"{path}[{i}]")]
    return [] if sent == kept else [path]


@pytest.mark.parametrize("words", STORES.values(), ids=STORES)
@pytest.mark.parametrize("more", [[], ["--cluster-scoped"]], ids=["namespaced", "cluster"])
def test_the_api_server_takes_every_object_and_keeps_every_field(
    plane: ControlPlane, policy_file: Path, words: list[str], more: list[str]
) -> None:
    namespace = plane.namespace("eso")
    found = export(policy_file, "-n", namespace, *words, *more)

    apply(plane, found, "--dry-run=server")
    apply(plane, found)

    assert [(each["kind"], lost(each, stored(plane, each))) for each in found] == [
        (each["kind"], []) for each in found
    ]
    every = {"apiVersion": "v1", "kind": "List", "items": found}
    plane.kubectl("delete", "-f-", stdin=json.dumps(every))


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (
            ("target", "creationPolicy"),
            "Own",
            'spec.target.creationPolicy: Unsupported value: "Own"',
        ),
        (("target", "deletePolicy"), "Retain", 'unknown field "spec.target.deletePolicy"'),
    ],
)
def test_what_is_not_defined_would_be_refused(
    plane: ControlPlane, policy_file: Path, path: tuple[str, str], value: str, says: str
) -> None:
    found = export(policy_file, "-n", plane.namespace("eso"), *STORES["vault"])
    wrong = next(each for each in found if each["kind"] == "ExternalSecret")
    wrong["spec"][path[0]][path[1]] = value

    ran = plane.kubectl(
        *("apply", "--validate=strict", "--dry-run=server", "-f-"),
        stdin=json.dumps(wrong),
        check=False,
    )

    assert ran.returncode == 1
    assert says in ran.stderr
