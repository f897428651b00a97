"""What the objects have in common: names, which requests they are about, and bindings."""

from collections.abc import Sequence
from typing import Any, Final

from webhook.core.names import globs_overlap
from webhook.core.tables import CompiledPolicy
from webhook.core.words import GROUP, INJECTION_LABEL, NEVER_TAKING_PART, NamespaceMode
from webhook.native.cel import Variable, is_one_of

Json = Any

API: Final = "admissionregistration.k8s.io/v1"
PREFIX: Final = "noxus-secrets"
OWN_NAMESPACE: Final = "noxus-secrets"
EXPORTED_LABEL: Final = f"{GROUP}/exported"

# What makes pods, as the webhook's own entries have it; each with where its template is.
WORKLOADS: Final = (
    ("", ("replicationcontrollers", "podtemplates")),
    ("apps", ("deployments", "statefulsets", "daemonsets", "replicasets")),
    ("batch", ("jobs", "cronjobs")),
)
TEMPLATES: Final = {"podtemplates": "template.", "cronjobs": "spec.jobTemplate.spec.template."}
TEMPLATE: Final = "spec.template."
_PLURAL: Final = "request.resource.resource"
_RESTARTED: Final = "kubectl.kubernetes.io/restartedAt"  # what `kubectl rollout restart` writes


def pods(*, debug: bool = True) -> list[Json]:
    """Return the rules for new pods, and for debug containers."""
    debuggers = [_rule("", ["UPDATE"], ["pods/ephemeralcontainers"])] if debug else []
    return [_rule("", ["CREATE"], ["pods"]), *debuggers]


def workloads() -> list[Json]:
    """Return the rules for whatever pods are made from."""
    return [_rule(group, ["CREATE", "UPDATE"], list(plurals)) for group, plurals in WORKLOADS]


def constraints(rules: Sequence[Json]) -> Json:
    """Return which requests a policy is about; which namespaces, its bindings say."""
    return {"matchPolicy": "Equivalent", "resourceRules": list(rules)}


def _rule(group: str, operations: list[str], resources: list[str]) -> Json:
    return {
        "apiGroups": [group],
        "apiVersions": ["v1"],
        "operations": operations,
        "resources": resources,
        "scope": "Namespaced",
    }


def subject_of(it: str) -> str:
    """Return the pod in an object, or the template of its pods; `dyn`, for it is of many types."""
    special = "".join(
        f"{_PLURAL} == '{plural}' ? dyn({it}).{path.removesuffix('.')} : "
        for plural, path in TEMPLATES.items()
    )
    return f"({_PLURAL} == 'pods' ? dyn({it}) : {special}dyn({it}).{TEMPLATE.removesuffix('.')})"


def _changed() -> str:
    """Return whether there is something to judge: scaling and `kubectl rollout restart` are not.

    Debug containers arrive by an update of their own subresource; others cannot be changed by it.
    """
    kept = f"(k, v, k != '{_RESTARTED}', v)"
    parts = (
        f"{_PLURAL} == 'pods' ? [dyn(t.?spec.?ephemeralContainers.orValue([]))] :\n"
        "    [dyn(t.?spec), dyn(t.?metadata.?labels.orValue({})),\n"
        f"      dyn(t.?metadata.?annotations.orValue({{}}).transformMap{kept})]"
    )
    both = f"[{subject_of('object')}, {subject_of('oldObject')}]"
    return (
        f"request.operation == 'CREATE' ||\n[{both}.map(t,\n    {parts})]\n"
        "  .exists(both, both[0] != both[1])"
    )


CHANGED: Final = {"name": "something-to-judge", "expression": _changed()}


def conditions(policy: CompiledPolicy, earlier: Sequence[CompiledPolicy]) -> list[Json]:
    """Return that this policy governs the namespace, and that there is something to judge."""
    found = [CHANGED]
    if "*" not in policy.namespace_globs:
        found.append({"name": "covered", "expression": covers(policy)})
    others = [covers(each) for each in earlier if _overlap(each, policy)]
    if others:
        found.append({"name": "governed-by-no-other", "expression": f"!({' || '.join(others)})"})
    return found


def _overlap(one: CompiledPolicy, other: CompiledPolicy) -> bool:
    return any(globs_overlap(a, b) for a in one.namespace_globs for b in other.namespace_globs)


def covers(policy: CompiledPolicy) -> str:
    """Return whether a policy is for the namespace."""
    return is_one_of("request.namespace", policy.namespace_globs)


def binding(kind: str, name: str, mode: NamespaceMode, actions: Sequence[str]) -> Json:
    """Bind a policy to the namespaces of a mode, as the webhook's own entries are."""
    selector = {
        "matchLabels": {INJECTION_LABEL: mode.value},
        "matchExpressions": [
            {
                "key": "kubernetes.io/metadata.name",
                "operator": "NotIn",
                "values": [*NEVER_TAKING_PART, OWN_NAMESPACE],
            }
        ],
    }
    spec: Json = {"policyName": name}
    if actions:
        spec["validationActions"] = list(actions)
    spec["matchResources"] = {"namespaceSelector": selector}
    return policy_object(f"{kind}Binding", f"{name}.{mode.value}", spec)


def policy_object(kind: str, name: str, spec: Json) -> Json:
    """Return an object with its head, by whose label all that is exported can be found again."""
    metadata = {"name": name, "labels": {EXPORTED_LABEL: "admission-policies"}}
    return {"apiVersion": API, "kind": kind, "metadata": metadata, "spec": spec}


def written(variables: Sequence[Variable]) -> list[Json]:
    """Return variables as the API has them."""
    return [{"name": each.name, "expression": each.expression} for each in variables]
