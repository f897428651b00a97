"""The words that both pages use, so that one thing has one name on them."""

from collections.abc import Iterable
from typing import Final

from webhook.audit.report import Judged, PodState, State, Verdict, Workload
from webhook.report.pages.markup import Content, Markup, el, join, name

NO_ROLE: Final = "no known role"
NO_POOL: Final = "no pool"

STATES: Final = {State.HAS: "has", State.GAINS: "gains", State.REFUSED: "refused"}
POD_STATES: Final = {
    PodState.LACKS: "lacks Secrets",
    PodState.OUTDATED: "outdated",
    PodState.REFUSED: "refused",
}
# The statuses that one can filter by; a workload may have several.
STATUSES: Final = {
    "refused": "refused",
    "gains": "gains Secrets",
    "nothing": "nothing to do",
    "stale": "pods behind the policy",
    "outside": "outside opted-in namespaces",
    "unjudged": "deployers not judged",
    "warned": "with warnings",
}
_BY_VERDICT: Final = {
    Verdict.REFUSED: "refused",
    Verdict.INJECTED: "gains",
    Verdict.NOTHING: "nothing",
    Verdict.OUTSIDE: "outside",
}


def count(number: int, what: str) -> str:
    """Write a number with its noun: 1 policy, 2,000 policies."""
    if number == 1:
        return f"1 {what}"
    plural = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{number:,} {plural}"


def statuses(workload: Workload) -> list[str]:
    """Return by which statuses a workload is found, its verdict first."""
    found = [_BY_VERDICT[workload.verdict]]
    if any(pod.state in POD_STATES for pod in workload.pods):
        found.append("stale")
    if workload.judged is not Judged.YES:
        found.append("unjudged")
    if workload.warnings:
        found.append("warned")
    return found


def title(kind: str, called: str) -> Markup:
    """Name an object as kubectl does, so that it can be pasted."""
    return el("span", kind.lower(), "/", name(called), class_="title")


def whereabouts(namespace: str, role: str | None, pool: str | None) -> Markup:
    """Say where a workload is, and as what."""
    return join(
        ("in ", name(namespace)),
        (", ", name(role)) if role else None,
        (" of pool ", name(pool)) if pool else None,
    )


def chip(text: Content, look: str) -> Markup:
    """Mark something by a word; the shape in front of it is the style sheet's."""
    return el("span", text, class_=f"chip {look}")


def items(texts: Iterable[Content], look: str) -> Markup | None:
    """List whole sentences; nothing where there are none."""
    listed = [el("li", text) for text in texts]
    return el("ul", listed, class_=look) if listed else None
