"""The two webhook configurations: as this version expects them, entry by entry."""

from collections.abc import Iterator
from typing import Any, Final

from webhook.core.words import GROUP
from webhook.doctor.expected import differences, expected
from webhook.doctor.findings import Check, Finding, Level, check, failed, plural, warning
from webhook.doctor.snapshot import NotRead, Snapshot, named

Json = dict[str, Any]

APPLY: Final = "kubectl apply --server-side --force-conflicts -k manifests/base"
# Applying does not take away what somebody else has added; replacing does.
REPLACE: Final = "kubectl replace -f manifests/base/{}, then " + APPLY
_FILES: Final = {
    "mutating": "60-mutatingwebhookconfiguration.yaml",
    "validating": "70-validatingwebhookconfiguration.yaml",
}
_DEPLOYERS: Final = "add the component manifests/components/deployers to your overlay, and apply it"
_WORKLOADS: Final = f"workloads.enabled.validate.{GROUP}"
KINDS: Final = {
    "mutating": "MutatingWebhookConfiguration",
    "validating": "ValidatingWebhookConfiguration",
}
# What it costs that a field of an entry is another; what is not here costs time at most.
_COSTS: Final = {
    "clientConfig": "its requests go elsewhere",
    "failurePolicy": "while the webhook is away, what it matches is stored unjudged",
    "matchConditions": "not everything is judged",
    "matchPolicy": "what is written in another version of the API is not judged",
    "namespaceSelector": "it is called in other namespaces than those that opted in",
    "objectSelector": "whoever writes an object can opt out by its labels",
    "rules": "not everything is judged",
}


def examine_hooks(snapshot: Snapshot) -> Check:
    """Compare both configurations with what this version expects."""
    wanted = expected(snapshot.namespace)
    strict = needs_deployers(snapshot)
    found = [
        *_configuration(snapshot, "mutating", wanted["mutating"], wanted["mutating"]),
        *_configuration(
            snapshot,
            "validating",
            wanted["deployers"] if strict else wanted["validating"],
            wanted["deployers"],
        ),
        *_other_kinds(snapshot),
    ]
    count = plural(len(entries(snapshot)), "entry", "entries")
    well = f"both configurations are as this version expects them, {count}"
    return check("webhook configurations", found, well)


def needs_deployers(snapshot: Snapshot) -> bool:
    """Tell whether a policy says who may deploy, so that the entries of that component count."""
    policies = snapshot.policies
    if isinstance(policies, NotRead) or policies is None:
        return False
    specs = [it.get("spec") or {} for it in policies]
    pools = [(spec.get("worker") or {}).get("pools") or {} for spec in specs]
    scopes = [*(scope for spec in specs for scope in spec.get("scopes") or ())]
    return any("deployers" in it for it in [*scopes, *(p for of in pools for p in of.values())])


def of(snapshot: Snapshot, which: str) -> Json | NotRead | None:
    """Return one of the configurations."""
    installed = snapshot.installed
    return installed.mutating if which == "mutating" else installed.validating


def entries(snapshot: Snapshot) -> dict[str, Json]:
    """Return the entries that were read, by their names."""
    return {
        str(entry.get("name", "")): entry
        for which in KINDS
        if isinstance(configuration := of(snapshot, which), dict)
        for entry in configuration.get("webhooks") or ()
    }


def only_observes(entry: Json) -> bool:
    """Tell whether an entry's requests are answered as in dry run."""
    path = str(((entry.get("clientConfig") or {}).get("service") or {}).get("path", ""))
    return path.endswith("/dry-run") and entry.get("failurePolicy") == "Ignore"


def _configuration(
    snapshot: Snapshot, which: str, wanted: list[Json], known: list[Json]
) -> Iterator[Finding]:
    """Compare one of them; what is known and not wanted may be there as well."""
    kind = f"{KINDS[which]} noxus-secrets"
    configuration = of(snapshot, which)
    if isinstance(configuration, NotRead):
        yield configuration.finding(kind)
        return
    if configuration is None:
        yield failed(f"{kind} is missing: its hook is never called", APPLY)
        return
    there = {str(it.get("name")): it for it in configuration.get("webhooks") or ()}
    names = {entry["name"] for entry in wanted}
    replace = REPLACE.format(_FILES[which])
    observing = False
    for entry in known:
        name = entry["name"]
        if name not in there:
            if name in names:
                yield _lacking(kind, name)
        elif ".enabled." in name and only_observes(there[name]):
            observing = True
        else:
            yield from _entry(_as_strict(entry, wanted, there[name]), there[name], replace)
    if observing:
        yield warning(
            f"{kind} is that of the dry-run overlay: in namespaces labelled enabled, too, "
            "everything is observed and nothing enforced",
            f"when you mean it: {APPLY}",
        )
    for name in sorted(there.keys() - {entry["name"] for entry in known}):
        yield warning(
            f"{kind} has an entry that this version does not know: {name}",
            f"{replace}, with the manifests of the version that runs",
        )


def _lacking(kind: str, name: str) -> Finding:
    if name.startswith(("images.", "revisions.")):
        return failed(
            f"{kind} lacks the entry {name}: a policy says who may deploy, and nobody asks there",
            _DEPLOYERS,
        )
    return failed(f"{kind} lacks the entry {name}: what it matches is not judged", APPLY)


def _as_strict(entry: Json, wanted: list[Json], found: Json) -> Json:
    """Take an entry as it is wanted; where either will do, as it is found."""
    strict = next((it for it in wanted if it["name"] == entry["name"]), entry)
    if entry is not strict and found.get("failurePolicy") == entry["failurePolicy"]:
        return entry
    return strict


def _entry(wanted: Json, found: Json, mend: str) -> Iterator[Finding]:
    fields: dict[str, list[str]] = {}
    for path in differences(wanted, _without_other_kinds(wanted, found)):
        fields.setdefault(path.partition(".")[0].partition("[")[0], []).append(path)
    for field, paths in fields.items():
        cost = _COSTS.get(field, "")
        if field == "failurePolicy" and wanted[field] == "Ignore":
            cost = ""
        end = f": {cost}" if cost else ""
        message = f"{wanted['name']}: {', '.join(paths)} is not what this version expects{end}"
        yield Finding(Level.FAILED if cost else Level.WARNING, message, mend)


def _without_other_kinds(wanted: Json, found: Json) -> Json:
    """Leave out the rules that were added for kinds of others."""
    if not str(wanted["name"]).startswith("workloads."):
        return found
    return {**found, "rules": (found.get("rules") or [])[: len(wanted["rules"])]}


def _other_kinds(snapshot: Snapshot) -> Iterator[Finding]:
    """Make sure that what a policy says of kinds of others is asked about."""
    policies = snapshot.policies
    entry = entries(snapshot).get(_WORKLOADS)
    if isinstance(policies, NotRead) or policies is None or entry is None:
        return
    for policy in policies:
        for kind in (policy.get("spec") or {}).get("workloads") or ():
            group, resource = str(kind.get("group")), str(kind.get("resource"))
            if not any(
                {group, "*"} & set(rule.get("apiGroups") or ())
                and {resource, "*", "*/*"} & set(rule.get("resources") or ())
                for rule in entry.get("rules") or ()
            ):
                yield warning(
                    f"{_WORKLOADS} has no rule for {resource}.{group}, which policy "
                    f"{named(policy)} names: its authors are told nothing, and only its pods are "
                    "judged",
                    f"noxus-secrets check prints the rule to add to {_WORKLOADS}",
                )
