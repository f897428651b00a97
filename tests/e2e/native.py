"""The objects of `export admission-policies` in a control plane, beside the webhook and apart.

They come under a label of their own, so that a namespace is judged by the webhook, by them, or,
with both labels, by both.
"""

import contextlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from tests.controlplane.plane import ControlPlane
from tests.e2e.harness import CREATED, INJECTION
from webhook.core.policyset import PolicySet
from webhook.native.export import objects_of

Json = Any

LABEL = "native.example.com/injection"
UNCHANGED = "native.example.com/unchanged"  # namespaces in which nothing is injected
GROUP = "/apis/admissionregistration.k8s.io/v1"
PLURALS = {
    "MutatingAdmissionPolicy": "mutatingadmissionpolicies",
    "MutatingAdmissionPolicyBinding": "mutatingadmissionpolicybindings",
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
}
DENIED = "denied request: "
OURS = {"app.kubernetes.io/created-by": "native-tests"}
PODS: Json = {
    "resourceRules": [
        {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    ]
}
PROBE = "native-probe"
IN_FORCE = "the policies are in force"
OPTED_IN: Json = {"matchExpressions": [{"key": LABEL, "operator": "Exists"}]}


def exported(policies: PolicySet) -> list[Json]:
    """Return the objects for policies, changed in the labels that bind them, and asked only once.

    Asked again, as the API server does where something has changed, they would mend what they had
    got wrong the first time.
    """
    text = json.dumps(objects_of(policies.policies))
    objects: list[Json] = json.loads(text.replace(f'"{INJECTION}"', f'"{LABEL}"'))
    for each in objects:
        each["metadata"]["labels"] |= OURS
        if each["kind"] == "MutatingAdmissionPolicy":
            each["spec"]["reinvocationPolicy"] = "Never"
        if each["kind"] == "MutatingAdmissionPolicyBinding":
            unless = {"key": UNCHANGED, "operator": "DoesNotExist"}
            selector = each["spec"]["matchResources"]["namespaceSelector"]
            selector["matchExpressions"].append(unless)
        for it in each["spec"].get("validations", ()):
            it["expression"] = it["expression"].replace(INJECTION, LABEL)
    return objects


@contextlib.contextmanager
def in_force(plane: ControlPlane, objects: Sequence[Json]) -> Iterator[None]:
    """Have the API server go by objects inside."""
    try:
        for each in [*objects, *_markers()]:
            made = plane.api("POST", f"{GROUP}/{PLURALS[each['kind']]}", each)
            assert made.status == CREATED, (each["metadata"]["name"], made.message)
            assert made.warnings == []
        namespace = plane.namespace("native", {LABEL: "marked"})
        plane.wait_for(lambda: _is_marked(plane, namespace), "policies in force")
        yield
    finally:
        query = "?labelSelector=" + ",".join(f"{key}%3D{value}" for key, value in OURS.items())
        for plural in PLURALS.values():
            plane.api("DELETE", f"{GROUP}/{plural}{query}")


def learnt(plane: ControlPlane, namespace: str) -> bool:
    """Tell whether the API server knows that a namespace has the label."""
    return any(IN_FORCE in it for it in _probed(plane, namespace).warnings)


def opt_in(plane: ControlPlane, namespace: str, mode: str, **labels: str) -> None:
    """Label a namespace, and return when the API server goes by it."""
    body = {"metadata": {"labels": {LABEL: mode, **labels}}}
    path, merge = f"/api/v1/namespaces/{namespace}", "application/merge-patch+json"
    answer = plane.api("PATCH", path, body, content_type=merge)
    assert answer.status < 300, answer.message
    plane.wait_for(lambda: learnt(plane, namespace), "label in force")


def _probed(plane: ControlPlane, namespace: str) -> Any:  # noqa: ANN401
    pod = {"metadata": {"name": PROBE}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
    return plane.api("POST", f"/api/v1/namespaces/{namespace}/pods?dryRun=All", pod)


def _is_marked(plane: ControlPlane, namespace: str) -> bool:
    """Tell whether the last objects that were made, and so all, are known."""
    answer = _probed(plane, namespace)
    annotations = answer.body.get("metadata", {}).get("annotations") or {}
    return "marked" in annotations and any(IN_FORCE in it for it in answer.warnings)


def _markers() -> list[Json]:
    """Policies that show by a pod called PROBE that they, and all before them, are in force."""
    probed = [{"name": "probe", "expression": f"object.metadata.?name.orValue('') == '{PROBE}'"}]
    resources = {"namespaceSelector": OPTED_IN}
    marked = {"namespaceSelector": {"matchLabels": {LABEL: "marked"}}}
    patch = "[JSONPatch{op: 'add', path: '/metadata/annotations', value: {'marked': 'yes'}}]"
    told: Json = {
        "matchConstraints": PODS,
        "matchConditions": probed,
        "validations": [{"expression": "false", "message": IN_FORCE}],
    }
    changed: Json = {
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
        "matchConstraints": PODS,
        "matchConditions": probed,
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": patch}}],
    }
    head = {"apiVersion": "admissionregistration.k8s.io/v1"}
    meta = {"metadata": {"name": "zz-in-force", "labels": OURS}}
    name = {"policyName": "zz-in-force"}
    actions = {"validationActions": ["Warn"], "matchResources": resources}
    return [
        {**head, "kind": "ValidatingAdmissionPolicy", **meta, "spec": told},
        {**head, "kind": "MutatingAdmissionPolicy", **meta, "spec": changed},
        {**head, "kind": "ValidatingAdmissionPolicyBinding", **meta, "spec": name | actions},
        {
            **head,
            "kind": "MutatingAdmissionPolicyBinding",
            **meta,
            "spec": name | {"matchResources": marked},
        },
    ]
