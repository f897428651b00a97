"""Every place where the API lets a pod name a Secret is one that we look at.

The list of places is read from the schema of the real API server: a version of Kubernetes that
adds one fails here until we read it, too.
"""

import json

import msgspec

from tests.controlplane.plane import ControlPlane
from tests.e2e.schema import concrete, pod_with, secret_paths, served_schemas
from tests.e2e.world import MUTATE, Namespace
from webhook.core.pod import Pod
from webhook.core.references import pod_references

CLAIM = "volumes[].ephemeral.volumeClaimTemplate.spec"
NO_SECRET = {
    "volumes[].cephfs.secretFile": "a file on the node, not a Secret",
    f"{CLAIM}.dataSource": "names what a new volume is filled from: a claim or a snapshot",
    f"{CLAIM}.dataSourceRef": "the same, of any kind that a volume populator knows; not mounted",
    "volumes[].ephemeral.volumeClaimTemplate.metadata.ownerReferences[]": "an owner is not read",
}
# Some of the many, so that a walk that finds too little is noticed.
KNOWN = {
    "containers[].envFrom[].secretRef",
    "ephemeralContainers[].env[].valueFrom.secretKeyRef",
    "initContainers[].envFrom[].secretRef",
    "imagePullSecrets[]",
    "volumes[].azureFile.secretName",
    "volumes[].csi.nodePublishSecretRef",
    "volumes[].projected.sources[].secret",
    "volumes[].secret",
}


def test_the_schema_is_read_to_its_depth(control_plane: ControlPlane) -> None:
    assert secret_paths(served_schemas(control_plane)).keys() >= KNOWN | NO_SECRET.keys()


def unread(paths: dict[str, str]) -> list[str]:
    """Return the paths at which a Secret may stand and we would not see it."""
    missed = []
    for path, kind in paths.items():
        raw = json.dumps(pod_with(path, kind, "some-secret", {"name": "one"}))
        spec = msgspec.json.decode(raw, type=Pod).spec
        assert spec is not None
        found = [it.field for it in pod_references(spec, "spec", lambda it: it == "some-secret")]
        if len(found) != 1 or not found[0].startswith(concrete(path)):
            missed.append(path)
    return sorted(missed)


def test_whatever_names_a_secret_is_found_by_us(control_plane: ControlPlane) -> None:
    assert unread(secret_paths(served_schemas(control_plane))) == sorted(NO_SECRET)


def test_a_field_that_a_later_kubernetes_adds_is_noticed(control_plane: ControlPlane) -> None:
    schemas = served_schemas(control_plane)
    container = schemas["io.k8s.api.core.v1.Container"]["properties"]
    volume = schemas["io.k8s.api.core.v1.Volume"]["properties"]
    kind = "#/components/schemas/io.k8s.api.core.v1.LocalObjectReference"
    container["credentials"] = {
        "type": "array",
        "items": {"default": {}, "allOf": [{"$ref": kind}]},
    }
    volume["vault"] = {"type": "object", "properties": {"tokenSecret": {"type": "string"}}}

    missed = {*unread(secret_paths(schemas))} - NO_SECRET.keys()

    assert missed == {
        "containers[].credentials[]",
        "initContainers[].credentials[]",
        "volumes[].vault.tokenSecret",
    }


def test_whatever_names_a_secret_is_refused_through_the_api_server(namespace: Namespace) -> None:
    metadata = {"name": "one", "labels": {"noxus.ai/role": "frontend"}}
    passed = {}
    for path, kind in secret_paths(served_schemas(namespace.plane)).items():
        if path in NO_SECRET:
            continue
        answer = namespace.create(pod_with(path, kind, "worker-env", metadata))
        sentence = f"may not read Secret 'worker-env' ({concrete(path)}"
        if answer.status != 403 or MUTATE not in answer.message or sentence not in answer.message:
            passed[path] = answer.message or answer.status

    assert passed == {}
