"""The two webhook configurations: as this version expects them, entry by entry."""

from collections.abc import Iterator
from typing import Any, Final

from webhook.doctor.expected import differences, expected
from webhook.doctor.findings import Check, Finding, Level, check, failed, plural, warning
from webhook.doctor.snapshot import NotRead, Snapshot

Json = dict[str, Any]

APPLY: Final = "kubectl apply --server-side --force-conflicts -k manifests/base"
# Applying does not take away what somebody else has added; replacing does.
REPLACE: Final = "kubectl replace -f manifests/base/{}, then " + APPLY
_FILES: Final = {
    "mutating": "60-mutatingwebhookconfiguration.yaml",
    "validating": "70-validatingwebhookconfiguration.yaml",
}
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
    count = len(wanted["mutating"]) + len(wanted["validating"])
    found = [it for which in KINDS for it in _configuration(snapshot, which, wanted[which])]
    well = (
        f"both configurations are as this version expects them, {plural(count, 'entry', 'entries')}"
    )
    return check("webhook configurations", found, well)


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


def _configuration(snapshot: Snapshot, which: str, wanted: list[Json]) -> Iterator[Finding]:
    kind = f"{KINDS[which]} noxus-secrets"
    configuration = of(snapshot, which)
    if isinstance(configuration, NotRead):
        yield configuration.finding(kind)
        return
    if configuration is None:
        yield failed(f"{kind} is missing: its hook is never called", APPLY)
        return
    there = {str(it.get("name")): it for it in configuration.get("webhooks") or ()}
    observing = False
    for entry in wanted:
        name = entry["name"]
        if name not in there:
            yield failed(f"{kind} lacks the entry {name}: what it matches is not judged", APPLY)
        elif ".enabled." in name and only_observes(there[name]):
            observing = True
        else:
            yield from _entry(entry, there[name], REPLACE.format(_FILES[which]))
    if observing:
        yield warning(
            f"{kind} is that of the dry-run overlay: in namespaces labelled enabled, too, "
            "everything is observed and nothing enforced",
            f"when you mean it: {APPLY}",
        )
    for name in sorted(there.keys() - {entry["name"] for entry in wanted}):
        yield warning(
            f"{kind} has an entry that this version does not know: {name}",
            f"{REPLACE.format(_FILES[which])}, with the manifests of the version that runs",
        )


def _entry(wanted: Json, found: Json, mend: str) -> Iterator[Finding]:
    fields: dict[str, list[str]] = {}
    for path in differences(wanted, found):
        fields.setdefault(path.partition(".")[0].partition("[")[0], []).append(path)
    for field, paths in fields.items():
        cost = _COSTS.get(field, "")
        if field == "failurePolicy" and wanted[field] == "Ignore":
            cost = ""
        end = f": {cost}" if cost else ""
        message = f"{wanted['name']}: {', '.join(paths)} is not what this version expects{end}"
        yield Finding(Level.FAILED if cost else Level.WARNING, message, mend)
