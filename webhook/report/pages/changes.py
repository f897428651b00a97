"""The parts of the plan page: what widens, and what becomes of each workload."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from webhook.audit.changes import (
    ContainerChange,
    Dimension,
    Order,
    Plan,
    Widening,
    WorkloadChange,
)
from webhook.audit.reach import ANYTHING
from webhook.audit.report import Refusal
from webhook.core.names import NameMatcher
from webhook.report.pages.markup import Content, Markup, el, name
from webhook.report.pages.words import NO_POOL, NO_ROLE, chip, items, title, whereabouts

_BY: Final = {Dimension.UNASKED: "without asking"}
Widenings = Mapping[str, Sequence[Widening]]

STATUSES: Final = {
    "widened": "gains what widens",
    "gains": "gains Secrets",
    "loses": "loses Secrets",
    "reordered": "reordered",
    "refused": "newly refused",
    "allowed": "no longer refused",
    "otherwise": "changed otherwise",
}


def by_secret(widenings: Iterable[Widening]) -> Widenings:
    """Return the widenings of each Secret, of which there may be thousands."""
    found: dict[str, list[Widening]] = {}
    for widening in widenings:
        found.setdefault(widening.secret, []).append(widening)
    return found


def widened(change: WorkloadChange, widenings: Widenings) -> frozenset[str]:
    """Return the Secrets that a workload gains because the policy lets them reach further."""
    gained = {_secret(gain) for container in change.containers for gain in container.gains}
    return frozenset(
        secret
        for secret in gained
        if any(_concerns(widening, change) for widening in widenings.get(secret, ()))
    )


def _secret(gain: str) -> str:
    """Return the Secret of `llm-keys (prefix LLM_)` or `plugin-secrets/KEY`."""
    return gain.partition(" (")[0].partition("/")[0]


def _concerns(widening: Widening, change: WorkloadChange) -> bool:
    match widening.dimension:
        case Dimension.ROLE | Dimension.UNASKED:
            return widening.value == change.role_after
        case Dimension.POOL:  # any pool, and none
            return widening.value in {change.pool_after, ANYTHING}
        case Dimension.NAMESPACE:
            return NameMatcher((widening.value,)).matches(change.namespace)
        case _:  # about a part of the workloads that is not told here; this one does gain it
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


def changed(key: int, change: WorkloadChange, widening: frozenset[str]) -> Markup:
    """Return what becomes of one workload; of what it gains, `widening` widens."""
    found = statuses(change, widening)
    told = {container.container for container in change.containers}
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
        [_order(order) for order in change.orders if order.container not in told],
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
    return el(
        "div",
        el("h4", "container ", name(change.container)),
        el("ul", gained, lost, class_="delta"),
        _sides(change.before, change.after) if change.before != change.after else None,
        class_="reads",
    )


def _order(order: Order) -> Markup:
    head = el("h4", "container ", name(order.container))
    return el("div", head, _sides(order.before, order.after), class_="reads")


def _sides(before: tuple[str, ...], after: tuple[str, ...]) -> Markup:
    """Show what a container reads by envFrom under each policy."""
    stayed = [it for it in before if it in after]
    kept = [it for it in after if it in before]
    moved = {it for it, other in zip(kept, stayed, strict=False) if it != other}

    def listed(sources: tuple[str, ...], marks: dict[str, Markup]) -> Markup:
        return el("ol", [el("li", name(it), " ", marks.get(it)) for it in sources])

    lost = {it: chip("loses", "mode") for it in before if it not in after}
    now = {it: chip("moved", "mode") for it in moved}
    now |= {it: chip("gains", "gains") for it in after if it not in before}
    return el(
        "div",
        el("div", el("h5", "Before, a later one wins"), listed(before, lost)),
        el("div", el("h5", "After"), listed(after, now)),
        class_="sides",
    )


def _refusals(head: str, refusals: tuple[Refusal, ...], look: str) -> Markup | None:
    listed = items((refusal.message for refusal in refusals), look)
    return el("div", el("h4", head), listed, class_="said") if listed else None


def widenings(plan: Plan) -> Markup:
    """Return the section on Secrets that reach further than before."""
    total = el("span", len(plan.widenings), class_="total")
    if not plan.widenings:
        none = "No Secret reaches a role, pool or namespace that it did not reach before."
        return el(
            "section",
            el("h2", "Reaches further ", total),
            el("p", none, class_="none"),
            id="widens",
        )
    listed = [
        el(
            "li",
            el(
                "h3",
                name(widening.secret),
                el("small", " ", _BY.get(widening.dimension, f"by {widening.dimension.value}")),
            ),
            el("p", widening.message),
        )
        for widening in plan.widenings
    ]
    return el(
        "section",
        el("h2", "Reaches further ", total),
        el(
            "p",
            "By the policies alone, whether or not a workload profits from it today.",
            class_="about",
        ),
        el("ul", listed, class_="found alarming"),
        id="widens",
    )
