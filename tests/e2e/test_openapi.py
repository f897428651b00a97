"""Every place where the API lets a pod name a Secret is one that we look at.

The list of places is read from the schema of the real API server: a version of Kubernetes that
adds one fails here until we read it, too.
"""

import json

import msgspec

from tests.controlplane.plane import ControlPlane
from tests.e2e.schema import concrete, pod_with, secret_paths
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
    assert secret_paths(control_plane).keys() >= KNOWN | NO_SECRET.keys()


def test_whatever_names_a_secret_is_found_by_us(control_plane: ControlPlane) -> None:
    found, wanted = {}, {}
    for path, kind in secret_paths(control_plane).items():
        if path in NO_SECRET:
            continue
        raw = json.dumps(pod_with(path, kind, "some-secret", {"name": "one"}))
        spec = msgspec.json.decode(raw, type=Pod).spec
        assert spec is not None
        references = list(pod_references(spec, "spec", lambda name: name == "some-secret"))
        found[path] = [it.field.startswith(concrete(path)) for it in references]
        wanted[path] = [True]

    assert found == wanted


def test_whatever_names_a_secret_is_refused_through_the_api_server(namespace: Namespace) -> None:
    metadata = {"name": "one", "labels": {"noxus.ai/role": "frontend"}}
    passed = {}
    for path, kind in secret_paths(namespace.plane).items():
        if path in NO_SECRET:
            continue
        answer = namespace.create(pod_with(path, kind, "worker-env", metadata))
        sentence = f"may not read Secret 'worker-env' ({concrete(path)}"
        if answer.status != 403 or MUTATE not in answer.message or sentence not in answer.message:
            passed[path] = answer.message or answer.status

    assert passed == {}
