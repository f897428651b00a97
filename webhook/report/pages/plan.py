"""The page of a plan: what widens first, then workload by workload."""

from webhook.audit.changes import Plan
from webhook.report.pages.cards import Card, cards
from webhook.report.pages.changes import STATUSES, by_secret, changed, statuses, widened, widenings
from webhook.report.pages.filters import filters, no_match, same
from webhook.report.pages.markup import Content, Markup, el
from webhook.report.pages.words import NO_POOL, NO_ROLE, count


def plan_body(plan: Plan) -> Content:
    """Return all of the page between its head and its foot."""
    further = by_secret(plan.widenings)
    widening = [widened(change, further) for change in plan.changes]
    found = [statuses(*both) for both in zip(plan.changes, widening, strict=True)]
    listed = [
        changed(key, *both) for key, both in enumerate(zip(plan.changes, widening, strict=True))
    ]
    return (
        _verdict(plan),
        _cards(plan, found),
        widenings(plan),
        _changes(plan, found, listed),
    )


def _verdict(plan: Plan) -> Markup:
    if plan.is_empty:
        return el("p", "Nothing changes.", class_="verdict fine")
    changes = f"{count(len(plan.changes), 'workload')} would change"
    further = len({widening.secret for widening in plan.widenings})
    if not further:
        return el("p", f"{changes}. No Secret reaches further.", class_="verdict")
    reach = f"{count(further, 'Secret')} would reach further"
    said = f"{changes}, and {reach}." if plan.changes else f"No workload would change, but {reach}."
    return el("p", said, class_="verdict alarming")


def _cards(plan: Plan, found: list[list[str]]) -> Markup:
    sums = {status: sum(status in one for one in found) for status in STATUSES}
    total = f"of {count(plan.entries, 'workload')}"
    further = count(len({widening.secret for widening in plan.widenings}), "Secret")
    return cards(
        Card(len(plan.changes), "change", total, "changes"),
        Card(sums["gains"], "gain Secrets", "workloads", "changes"),
        Card(sums["loses"], "lose Secrets", "workloads", "changes"),
        Card(sums["reordered"], "reordered", "workloads", "changes"),
        Card(sums["refused"], "newly refused", "workloads", "changes", alarming=True),
        Card(len(plan.widenings), "widenings", f"of {further}", "widens", alarming=True),
    )


def _changes(plan: Plan, found: list[list[str]], listed: list[Markup]) -> Markup:
    head = el("h2", "Workloads that change ", el("span", len(plan.changes), class_="total"))
    if not plan.changes:
        none = f"All of {count(plan.entries, 'workload')} stay as they are."
        return el("section", head, el("p", none, class_="none"), id="changes")
    present = {status for one in found for status in one}
    controls = filters(
        {
            "namespace": same({it.namespace for it in plan.changes}),
            "role": same({it.role_after or NO_ROLE for it in plan.changes}),
            "pool": same({it.pool_after or NO_POOL for it in plan.changes}),
            "change": [(key, shown) for key, shown in STATUSES.items() if key in present],
        },
        "workloads",
        len(plan.changes),
        matrix=False,
    )
    return el(
        "section",
        head,
        controls,
        no_match("workloads"),
        el("div", listed, class_="changes"),
        id="changes",
    )
