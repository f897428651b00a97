"""What flows read: the last column of the exposure matrix, and a list of its own beneath it."""

from collections import defaultdict
from collections.abc import Iterator

from webhook.audit.report import Report, Workload
from webhook.flows.environment import Certainty, Resolution
from webhook.flows.readers import titles
from webhook.flows.report import Exposure, FlowsReport, Name, Use, Verdict
from webhook.report.pages.markup import Content, Markup, el, join, name, names
from webhook.report.pages.words import chip, count

# So many names of one row are shown; the others are counted, and stand in the list beneath.
_SHOWN = 6
_CHIPS = {
    Verdict.NOWHERE: "refused",
    Verdict.PARTLY: "stale",
    Verdict.DIFFERS: "mode",
    Verdict.PERHAPS: "quiet",
    Verdict.SAME: "gains",
}

Reads = dict[str, list[tuple[str, Resolution]]]  # by reader


def reads(report: FlowsReport) -> Reads:
    """Return what flows read on each reader, names in order."""
    found: Reads = defaultdict(list)
    for it in report.names:
        for group in it.groups:
            for reader in group.readers:
                found[reader].append((it.name, group.resolution))
    return found


def head_cell() -> Markup:
    """Return the head of the column."""
    about = el("small", "by {{secret.NAME}}")
    return el(
        "th", el("span", "Flows read", class_="secret"), about, role="columnheader", scope="col"
    )


def cell(workload: Workload, found: Reads) -> Markup:
    """Return the cell of one workload: each name, and which Secret it comes from."""
    listed = [it for title in titles(workload) for it in found.get(title, ())]
    ways = [_way(called, resolution) for called, resolution in listed[:_SHOWN]]
    rest = len(listed) - _SHOWN
    more = el("small", f"and {count(rest, 'more name')}") if rest > 0 else None
    return el("td", ways, more, role="cell", data_secret="Flows read" if ways else None)


def section(report: Report) -> Markup | None:
    """Return the list of names with the fields that read them; None: nobody asked for it."""
    flows = report.flows
    if flows is None:
        return None
    listed = el("ul", [el("li", _name(it)) for it in flows.names], class_="found")
    none = el("p", "The flows read no name.", class_="none")
    return el(
        "section",
        el("h2", "What flows read ", el("span", len(flows.names), class_="total")),
        el("p", "Where each name comes from, on the workers of this audit.", class_="about"),
        listed if flows.names else none,
        _wrong(flows),
        [_exposure(it) for it in flows.exposures],
        _unknown(flows),
        id="flows",
    )


def _way(called: str, resolution: Resolution) -> Markup:
    notes: list[Content] = []
    state = "has"
    if resolution.nowhere:
        state, notes = "refused", ["nothing gives it"]
    elif resolution.certainty is Certainty.PERHAPS:
        state, notes = "quiet", [("perhaps from ", names(resolution.perhaps))]
    else:
        notes = [("from ", name(resolution.winner))]
        if resolution.overridden:
            notes.append(("over ", names(resolution.overridden)))
        if resolution.perhaps:
            notes.append(("unless it is in ", names(resolution.perhaps)))
    return el(
        "div", el("b", name(called)), [el("small", it) for it in notes], class_=f"way {state}"
    )


def _name(it: Name) -> Content:
    similar = join("; ", name(it.nearest), " is there") if it.nearest else None
    missing = el("li", "no worker has it: mend the name, or put it into a Secret", similar)
    said = [missing] if it.verdict is Verdict.NOWHERE else list(_groups(it))
    return el(
        "div",
        el("b", name(it.name)),
        " ",
        chip(it.verdict.value, _CHIPS[it.verdict]),
        el("small", " read by ", _places(it.uses)),
        el("ul", said),
    )


def _groups(it: Name) -> Iterator[Markup]:
    for group in it.groups:
        found = group.resolution
        source: Content = "nothing gives it"
        if found.winner:
            source = name(found.winner)
        elif found.perhaps:
            source = ("perhaps ", names(found.perhaps))
        more = len(group.readers) - _SHOWN
        told = names(group.readers[:_SHOWN])
        yield el("li", source, ": ", told, f" and {more:,} more" if more > 0 else None)


def _places(uses: tuple[Use, ...]) -> Content:
    more = len(uses) - _SHOWN
    told = names(f"{it.file}:{it.line}" for it in uses[:_SHOWN])
    return told, f" and {count(more, 'other field')}" if more > 0 else None


def _wrong(flows: FlowsReport) -> Markup | None:
    said = [
        el("li", name(f"{use.file}:{use.line}"), ": ", name(use.field), " ", message)
        for flow in flows.flows
        for use, message in flow.near_misses
    ]
    said += [el("li", sentence) for sentence in flows.unreadable]
    return el("div", el("h3", "To mend"), el("ul", said, class_="found")) if said else None


def _exposure(it: Exposure) -> Markup:
    head = "Credentials of the platform that flows can read"
    more = len(it.readers) - _SHOWN
    told = (names(it.readers[:_SHOWN]), f" and {more:,} more" if more > 0 else None)
    keys = [el("li", name(key), el("small", " from ", name(source))) for key, source in it.keys]
    way_out = "Keep them in a scope that workers do not get, or give single keys with env."
    return el("div", el("h3", head), el("p", told), el("ul", keys), el("p", way_out))


def _unknown(flows: FlowsReport) -> Markup | None:
    if not flows.unknown:
        return None
    told = names(flows.unknown[:_SHOWN])
    more = len(flows.unknown) - _SHOWN
    rest = f" and {more:,} more" if more > 0 else None
    text = ("Nobody told the keys of ", told, rest, ": give manifests of them with --secrets.")
    return el("p", text, class_="about")
