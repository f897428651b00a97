"""What somebody has to look at, as lists: a section of the page for each kind of finding."""

from collections.abc import Iterable, Iterator, Sequence

from webhook.audit.report import Judged, Report, Workload
from webhook.report.pages.markup import Content, Markup, el
from webhook.report.pages.pods import behind
from webhook.report.pages.words import POD_STATES, chip, count, title, whereabouts

# So many entries are shown at once, on screen; the others at a click, by any filter, and on paper.
# About a screenful: what comes after a list must not be out of sight.
SHOWN = 8

Entry = tuple[int, Markup]  # the workload's place in the report, and what is said of it


def section(anchor: str, head: str, about: Content, entries: Sequence[Entry], none: str) -> Markup:
    """Return a section with a list that the filters act on, or why it is empty."""
    total = el("span", f"{len(entries):,}", class_="total")
    if not entries:
        return el("section", el("h2", head, " ", total), el("p", none, class_="none"), id=anchor)
    listed = el("ul", [el("li", said, data_of=key) for key, said in entries], class_="found")
    rest = len(entries) - SHOWN
    more = (
        el("button", f"Show {rest:,} more", type="button", class_="more", hidden=True)
        if rest > 0
        else None
    )
    return el(
        "section",
        el("h2", head, " ", total),
        el("p", about, class_="about"),
        listed,
        el("p", "Nothing here matches the filters.", class_="none unmatched", hidden=True),
        more,
        id=anchor,
        data_list=True,
        class_="long" if rest > 0 else None,
    )


def refusals(report: Report) -> Iterator[Entry]:
    """List what is refused, workload by workload, with the whole sentences."""
    for key, workload in enumerate(report.workloads):
        if workload.refusals:
            said = el("ul", [el("li", refusal.message) for refusal in workload.refusals])
            would = chip("would be refused" if workload.dry_run else "refused", "refused")
            yield key, el("div", _who(key, workload), would, said)


def pods_behind(report: Report) -> Iterator[Entry]:
    """List the pods that run without what the policy now says, those that say the same together."""
    for key, workload in enumerate(report.workloads):
        number = sum(pod.state in POD_STATES for pod in workload.pods)
        if number:
            said = el("ul", behind(workload.pods))
            told = chip(f"{number:,} of {count(len(workload.pods), 'pod')}", "stale")
            yield key, el("div", _who(key, workload), told, said)


def outside(report: Report) -> Iterator[Entry]:
    """List what looks like Noxus where nobody judges it."""
    for key, workload in enumerate(report.workloads):
        if workload.outside:
            yield key, el("div", _who(key, workload), el("p", workload.outside))


def unjudged(report: Report) -> Iterator[Entry]:
    """List the workloads whose deployers were never, or perhaps never, checked."""
    for key, workload in enumerate(report.workloads):
        if workload.judged is not Judged.YES:
            word = "never judged" if workload.judged is Judged.NO else "perhaps never judged"
            why = el("p", workload.judged_why) if workload.judged_why else None
            yield key, el("div", _who(key, workload), chip(word, "stale"), why)


def unreadable(sentences: Iterable[str]) -> Markup | None:
    """List objects that are not as Kubernetes wants them; nothing where all are."""
    listed = [el("li", sentence) for sentence in sentences]
    if not listed:
        return None
    head = el("h2", "Objects that could not be read ", el("span", len(listed), class_="total"))
    return el("section", head, el("ul", listed, class_="found"), id="unreadable")


def _who(key: int, workload: Workload) -> Markup:
    return el(
        "h3",
        el("a", title(workload.kind, workload.name), href=f"#w{key}"),
        el("small", " ", whereabouts(workload.namespace, workload.role, workload.pool)),
    )
