"""The parts of the plan page: what widens, and what becomes of each workload."""

from collections.abc import Iterable

from webhook.audit.changes import (
    ContainerChange,
    Dimension,
    Order,
    Plan,
    Widening,
    WorkloadChange,
)
from webhook.audit.report import Refusal
from webhook.report.pages.markup import Content, Markup, el, name, names
from webhook.report.pages.words import NO_POOL, NO_ROLE, chip, count, items, title, whereabouts

STATUSES = {
    "widened": "gains what widens",
    "gains": "gains Secrets",
    "loses": "loses Secrets",
    "reordered": "reordered",
    "refused": "newly refused",
    "allowed": "no longer refused",
    "otherwise": "changed otherwise",
}


def widened(change: WorkloadChange, widenings: Iterable[Widening]) -> frozenset[str]:
    """Return the Secrets that a workload gains because the policy lets them reach further."""
    gained = {_secret(gain) for container in change.containers for gain in container.gains}
    return frozenset(
        widening.secret
        for widening in widenings
        if widening.secret in gained and _concerns(widening, change)
    )


def _secret(gain: str) -> str:
    """Return the Secret of `app-env` or `plugin-secrets/KEY`; a ConfigMap's name has a space."""
    return gain.partition("/")[0]


def _concerns(widening: Widening, change: WorkloadChange) -> bool:
    match widening.dimension:
        case Dimension.ROLE:
            return widening.value == change.role_after
        case Dimension.POOL:
            return widening.value == change.pool_after
        case Dimension.NAMESPACE:  # its globs are in the sentence; that it gains says it fits
            return True


def statuses(change: WorkloadChange, widening: frozenset[str]) -> list[str]:
    """Return by which statuses a change is found."""
    found = {
        "widened": bool(widening),
        "gains": any(container.gains for container in change.containers),
        "loses": any(container.loses for container in change.containers),
        "reordered": bool(change.orders),
        "refused": change.newly_refused,
        "allowed": change.no_longer_refused,
    }
    return [status for status, is_so in found.items() if is_so] or ["otherwise"]


def changed(key: int, change: WorkloadChange, widenings: Iterable[Widening]) -> Markup:
    """Return what becomes of one workload."""
    widening = widened(change, widenings)
    found = statuses(change, widening)
    looks = {"widened": "refused", "gains": "gains", "refused": "refused", "allowed": "gains"}
    chips = [chip(STATUSES[status], looks.get(status, "mode")) for status in found]
    where = whereabouts(change.namespace, change.role_after, change.pool_after)
    if change.refused_after and not change.newly_refused:
        chips.append(chip("still refused", "refused"))
    return el(
        "article",
        el("h3", title(change.kind, change.name), el("small", " ", where)),
        el("p", chips, class_="chips"),
        _moves(change),
        [_container(container, widening) for container in change.containers],
        [_order(order) for order in change.orders],
        _refusals("Refused after", change.refused_after, "refusals"),
        _refusals("Refused before", change.refused_before, "plain")
        if not change.refused_after
        else None,
        data_key=key,
        data_namespace=change.namespace,
        data_role=change.role_after or NO_ROLE,
        data_pool=change.pool_after or NO_POOL,
        data_change=" ".join(found),
    )


def _moves(change: WorkloadChange) -> Markup | None:
    """Say what a workload is taken for by each policy, where that differs."""
    moves: list[tuple[str, str | None, str | None]] = [
        ("policy", change.policy_before or "none", change.policy_after or "none"),
        ("role", change.role_before or NO_ROLE, change.role_after or NO_ROLE),
        ("pool", change.pool_before or NO_POOL, change.pool_after or NO_POOL),
        ("mode", _mode(dry_run=change.dry_run_before), _mode(dry_run=change.dry_run_after)),
        ("file", change.file or None, None),
    ]
    rows: list[Content] = []
    for word, before, after in moves:
        if word == "file":
            shown: Content = name(before) if before else None
        else:
            shown = (name(before or ""), " → ", name(after or "")) if before != after else None
        rows.append(el("div", el("dt", word), el("dd", shown)) if shown else None)
    return el("dl", rows) if any(rows) else None


def _mode(*, dry_run: bool) -> str:
    return "dry run" if dry_run else "enforced"


def _container(change: ContainerChange, widening: frozenset[str]) -> Markup:
    lost = [el("li", el("b", "loses"), " ", name(it), class_="loses") for it in change.loses]
    gained = [
        el(
            "li",
            el("b", "gains"),
            " ",
            name(it),
            (" ", chip("widens", "refused")) if _secret(it) in widening else None,
            class_="gains",
        )
        for it in change.gains
    ]
    head = el("h4", "container ", name(change.container))
    return el("div", head, el("ul", gained, lost, class_="delta"), class_="reads")


def _order(order: Order) -> Markup:
    moved = {it for it, other in zip(order.after, order.before, strict=False) if it != other}
    before = el("ol", [el("li", name(it)) for it in order.before])
    after = el(
        "ol",
        [el("li", name(it), chip("moved", "mode") if it in moved else None) for it in order.after],
    )
    return el(
        "div",
        el("h4", "container ", name(order.container), ": another order, a later one wins"),
        el(
            "div",
            el("div", el("h5", "Before"), before),
            el("div", el("h5", "After"), after),
            class_="sides",
        ),
        class_="reads",
    )


def _refusals(head: str, refusals: tuple[Refusal, ...], look: str) -> Markup | None:
    listed = items((refusal.message for refusal in refusals), look)
    return el("div", el("h4", head), listed, class_="said") if listed else None


def widenings(plan: Plan) -> Markup:
    """Return the section on Secrets that reach further than before."""
    total = el("span", len(plan.widenings), class_="total")
    if not plan.widenings:
        none = "No Secret reaches a role, pool or namespace that it did not reach before."
        return el("section", el("h2", "Widens ", total), el("p", none, class_="none"), id="widens")
    listed = [
        el(
            "li",
            el(
                "h3",
                name(widening.secret),
                el("small", " reaches ", widening.dimension.value, " ", name(widening.value)),
            ),
            el("p", widening.message),
            el("p", count(len(widening.keys), "key"), " only: ", names(widening.keys))
            if widening.keys is not None
            else None,
        )
        for widening in plan.widenings
    ]
    return el(
        "section",
        el("h2", "Widens ", total),
        el(
            "p",
            "By the policies alone, whether or not a workload profits from it today.",
            class_="about",
        ),
        el("ul", listed, class_="found alarming"),
        id="widens",
    )
