"""The view of a pod decodes what a decision needs, and never the value of a variable."""

import json

import msgspec
import pytest

from webhook.core import pod as module
from webhook.core.pod import Pod, View
from webhook.core.words import Hook, NamespaceMode
from webhook.loading.load import load_text
from webhook.wire.answer import answer

# Written out on purpose: whoever lets the program see more of a pod changes this list knowingly.
# A value of a variable (env[].value), a command or an argument must never be in it.
SEEN = {
    "Annotations": {"scopes", "injected", "mirror"},
    "AzureFileVolume": {"secretName"},
    "CSIVolume": {"nodePublishSecretRef"},
    "Container": {"name", "env", "envFrom", "volumeMounts"},
    "EnvFrom": {"prefix", "secretRef", "configMapRef"},
    "EnvVar": {"name", "valueFrom"},
    "EnvVarSource": {"secretKeyRef", "fileKeyRef"},
    "FileKeyRef": {"volumeName"},
    "KeyToPath": {"key"},
    "LocalReference": {"name"},
    "ObjectMeta": {"name", "generateName", "labels", "annotations"},
    "Pod": {"metadata", "spec"},
    "PodSpec": {
        "containers",
        "initContainers",
        "ephemeralContainers",
        "volumes",
        "imagePullSecrets",
        "serviceAccountName",
        "serviceAccount",
    },
    "ProjectedVolume": {"sources"},
    "SecretKeyRef": {"name", "key", "optional"},
    "SecretProjection": {"name", "items"},
    "SecretRefVolume": {"secretRef"},
    "SecretVolume": {"secretName", "items"},
    "SourceRef": {"name", "optional"},
    "Volume": {
        "name",
        "secret",
        "projected",
        "csi",
        "azureFile",
        "cephfs",
        "cinder",
        "flexVolume",
        "iscsi",
        "rbd",
        "scaleIO",
        "storageos",
    },
    "VolumeMount": {"name"},
    "VolumeProjection": {"secret"},
}

CANARY = "canary-7f3a"


def test_only_the_fields_that_decisions_need_are_decoded() -> None:
    views = {
        name: set(view.__struct_fields__)
        for name, view in vars(module).items()
        if isinstance(view, type) and issubclass(view, View) and view is not View
    }
    assert views == SEEN


def full_of_values() -> dict[str, object]:
    container = {
        "name": "main",
        "image": CANARY,
        "command": [CANARY],
        "args": [CANARY],
        "env": [{"name": "A", "value": CANARY}, {"name": "API_KEY", "value": CANARY}],
        "livenessProbe": {"exec": {"command": [CANARY]}},
    }
    return {
        "metadata": {
            "name": "web",
            "labels": {"noxus.ai/role": "frontend"},
            "annotations": {"example.com/note": CANARY},
            "managedFields": [{"manager": CANARY}],
        },
        "spec": {
            "containers": [container],
            "initContainers": [container | {"name": "init"}],
            "nodeName": CANARY,
        },
    }


def test_no_value_of_a_variable_is_decoded() -> None:
    pod = msgspec.json.decode(json.dumps(full_of_values()), type=Pod)
    assert "API_KEY" in repr(pod)
    assert CANARY not in repr(pod)
    assert CANARY not in msgspec.json.encode(pod).decode()


@pytest.mark.parametrize("hook", list(Hook))
@pytest.mark.parametrize("mode", list(NamespaceMode))
@pytest.mark.parametrize("shadowing", ["Warn", "Deny"])
def test_no_value_of_a_variable_is_in_any_answer(
    hook: Hook, mode: NamespaceMode, shadowing: str
) -> None:
    policies = load_text(f"""
apiVersion: secrets.noxus.ai/v1alpha1
kind: SecretInjectionPolicy
metadata: {{name: noxus}}
spec:
  scopes:
    - name: keys
      roles: [frontend]
      env: [{{name: API_KEY, valueFrom: {{secretKeyRef: {{name: keys, key: api}}}}}}]
  guard: {{shadowing: {shadowing}}}
""").policies
    request = {
        "uid": "1",
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "operation": "CREATE",
        "namespace": "noxus",
        "object": full_of_values(),
    }
    body = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
    given = answer(json.dumps(body).encode(), hook=hook, mode=mode, policies=policies)
    assert b"API_KEY" in given.body
    assert CANARY not in given.body.decode()
    assert CANARY not in repr(given.record)


def test_what_is_absent_reads_as_empty() -> None:
    pod = Pod()
    assert pod.labels == {}
    assert pod.annotations == module.Annotations()
    assert pod.display_name == ""


@pytest.mark.parametrize(
    ("metadata", "name"),
    [
        ({"name": "web", "generateName": "web-"}, "web"),
        ({"generateName": "web-"}, "web-"),
        ({"name": "", "generateName": "web-"}, "web-"),
        ({}, ""),
    ],
)
def test_a_pod_without_a_name_goes_by_its_generate_name(
    metadata: dict[str, str], name: str
) -> None:
    assert msgspec.convert({"metadata": metadata}, Pod).display_name == name


def test_a_view_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match="immutable type: 'Pod'"):
        Pod().spec = None  # type: ignore[misc]


def test_the_container_lists_come_with_their_fields() -> None:
    spec = msgspec.convert({"containers": [{"name": "a"}], "initContainers": None}, module.PodSpec)
    assert [(field, [c.name for c in members]) for field, members in spec.listed()] == [
        ("initContainers", []),
        ("containers", ["a"]),
        ("ephemeralContainers", []),
    ]
