"""The label that opts namespaces in: its guard, and what stands on namespaces."""

from collections.abc import Iterator
from typing import Any, Final

from webhook.core.words import INJECTION_LABEL, NamespaceMode
from webhook.doctor.expected import GUARD, differences, expected
from webhook.doctor.findings import Check, Finding, check, failed, plural, warning
from webhook.doctor.hooks import APPLY, REPLACE
from webhook.doctor.snapshot import NotRead, Snapshot, named

Json = dict[str, Any]

_REPLACE: Final = REPLACE.format("65-validatingadmissionpolicy.yaml")
_UNGUARDED: Final = "whoever may update a namespace can take the label off, and put it back"
_MODES: Final = [str(mode) for mode in NamespaceMode]


def examine_guard(snapshot: Snapshot) -> Check:
    """Look at the ValidatingAdmissionPolicy and its binding."""
    wanted = expected(snapshot.namespace)
    installed = snapshot.installed
    found = [
        *_policy(installed.guard, wanted["guard"]),
        *_binding(installed.guard_binding, wanted["guardBinding"]),
    ]
    return check("label guard", found, f"{GUARD} denies that label {INJECTION_LABEL} is taken off")


def is_guarded(snapshot: Snapshot) -> bool | None:
    """Tell whether the guard is as it should be; None: it is not known."""
    installed = snapshot.installed
    if isinstance(installed.guard, NotRead) or isinstance(installed.guard_binding, NotRead):
        return None
    return all(it.level == "ok" for it in examine_guard(snapshot).findings)


def _policy(policy: Json | NotRead | None, wanted: Json) -> Iterator[Finding]:
    kind = f"ValidatingAdmissionPolicy {GUARD}"
    if isinstance(policy, NotRead):
        yield policy.finding(kind)
        return
    if policy is None:
        yield failed(f"{kind} is missing: {_UNGUARDED}", APPLY)
        return
    paths = list(differences(wanted, policy.get("spec")))
    if paths:
        changed = f"{', '.join(paths)} is not what this version expects"
        yield failed(f"{kind}: {changed}; it may guard nothing", _REPLACE)
    checked = (policy.get("status") or {}).get("typeChecking") or {}
    if checked.get("expressionWarnings"):
        yield failed(f"{kind}: the API server finds faults in its expressions", _REPLACE)


def _binding(binding: Json | NotRead | None, wanted: Json) -> Iterator[Finding]:
    kind = f"ValidatingAdmissionPolicyBinding {GUARD}"
    if isinstance(binding, NotRead):
        yield binding.finding(kind)
        return
    if binding is None:
        yield failed(f"{kind} is missing: {_UNGUARDED}", APPLY)
        return
    spec = binding.get("spec") or {}
    actions = spec.get("validationActions") or []
    if "Deny" not in actions:
        yield warning(
            f"{kind} does not deny but {' and '.join(actions)}, as in the dry-run overlay: "
            f"{_UNGUARDED}",
            f"when you mean it: {APPLY}",
        )
    paths = [
        it
        for it in differences(wanted, spec)
        if not it.startswith("validationActions") or "Deny" in actions
    ]
    if paths:
        changed = f"{', '.join(paths)} is not what this version expects"
        yield failed(f"{kind}: {changed}; it may guard nothing", _REPLACE)


def examine_namespaces(snapshot: Snapshot) -> Check:
    """Look at the values of the label, and at who is covered by a policy."""
    namespaces = snapshot.namespaces
    if isinstance(namespaces, NotRead):
        return Check("namespaces", (namespaces.finding("labels of namespaces"),))
    values = {
        named(it): str(it["metadata"].get("labels", {}).get(INJECTION_LABEL, ""))
        for it in namespaces
    }
    modes = [f"{list(values.values()).count(mode)} {mode}" for mode in _MODES]
    well = f"{plural(len(values), 'namespace')} opted in: {', '.join(modes)}"
    return check("namespaces", _namespaces(snapshot, values), well)


def _namespaces(snapshot: Snapshot, values: dict[str, str]) -> Iterator[Finding]:
    never = {"kube-system", "kube-node-lease", snapshot.namespace}
    for name, value in sorted(values.items()):
        off = f"kubectl label namespace {name} {INJECTION_LABEL}-"
        if name in never:
            yield warning(f"namespace {name} is labelled, and is never opted in", off)
        elif value not in _MODES:
            yield failed(
                f"namespace {name} has the label with value {value!r}, which means nothing: "
                "the webhook is not called there",
                f"kubectl label --overwrite namespace {name} {INJECTION_LABEL}=enabled, or {off}",
            )
        elif name in snapshot.unserved:
            refused = "its new pods are refused" if value == "enabled" else "nothing is observed"
            yield warning(
                f"namespace {name} is opted in, and no policy covers it: {refused}",
                "name it in spec.namespaces of a SecretInjectionPolicy",
            )
