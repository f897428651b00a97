"""The exposure matrix: a row per workload, a column per Secret, in each cell who reads it and how.

Native tables lose their meaning for screen readers when a style sheet turns rows into cards, so the
roles are written out.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from webhook.audit.report import Access, Namespace, PodState, Report, State, Verdict, Workload
from webhook.report.pages import flows
from webhook.report.pages.columns import Column, Columns
from webhook.report.pages.details import detail_row
from webhook.report.pages.markup import Content, Markup, el, join, name, names
from webhook.report.pages.words import (
    NO_POOL,
    NO_ROLE,
    STATES,
    chip,
    count,
    statuses,
    title,
)

# On A4 across, 9 columns of a Secret leave 2.5 cm for each; with more, paper shows cards.
_ON_PAPER = 9
# From here on the browser lays out only the rows in sight. A row is about 60 elements, so 200 are
# laid out whole in a tenth of a second; with fewer, a scroll bar that jumps is the worse evil.
_MANY = 200

Keyed = tuple[int, Workload]  # with its place in the report, by which the page knows it


def matrix(report: Report, columns: Columns) -> Markup:
    """Return the table in its own box, which scrolls where the page does not."""
    keyed = sorted(enumerate(report.workloads), key=lambda it: _group_of(it[1]))
    modes = {namespace.name: namespace for namespace in report.namespaces}
    found = None if report.flows is None else flows.reads(report.flows)
    bodies = (
        _group(number, list(members), columns, modes, found)
        for number, (_, members) in enumerate(groupby(keyed, key=lambda it: _group_of(it[1])))
    )
    looks = {"wide": len(columns.listed) > _ON_PAPER, "many": len(report.workloads) > _MANY}
    table = el(
        "table",
        _head(columns.listed, with_flows=found is not None),
        bodies,
        role="table",
        aria_label="Exposure matrix",
    )
    return el(
        "div",
        el("div", table, class_="box", tabindex="0", role="region", aria_label="Exposure matrix"),
        class_=" ".join(["matrix", *(look for look, is_so in looks.items() if is_so)]),
    )


def _group_of(workload: Workload) -> tuple[str, str, str]:
    return workload.namespace, workload.role or "", workload.pool or ""


def _head(listed: Sequence[Column], *, with_flows: bool) -> Markup:
    cells = (_column(number, column) for number, column in enumerate(listed, 1))
    corner = el("th", "Workload", role="columnheader", scope="col", class_="corner")
    row = el("tr", corner, cells, flows.head_cell() if with_flows else None, role="row")
    return el("thead", row, role="rowgroup")


def _column(number: int, column: Column) -> Markup:
    read = {0: "nobody reads it", 1: "1 workload reads it"}.get(
        column.readers, f"{count(column.readers, 'workload')} read it"
    )
    refused = f"{column.refused:,} refused" if column.refused else None
    called: Content = name(column.secret)
    by: Content = ("scope ", names(column.scopes)) if column.scopes else "in no policy"
    if column.of_pools:
        called, by = "Secret of the pool", f"{column.of_pools:,} of them, one a pool"
    return el(
        "th",
        el("span", number, class_="nr"),
        " ",
        el("span", called, class_="secret"),
        el("small", by),
        el("small", read),
        el("small", refused, class_="refused") if refused else None,
        role="columnheader",
        scope="col",
    )


def _group(
    number: int,
    members: Sequence[Keyed],
    columns: Columns,
    modes: dict[str, Namespace],
    found: flows.Reads | None,
) -> Markup:
    namespace, role, pool = _group_of(members[0][1])
    mode = modes[namespace].mode if namespace in modes else members[0][1].mode
    label = f"Workloads of {' / '.join((namespace, role or NO_ROLE, *([pool] if pool else ())))}"
    who = el(
        "th",
        el(
            "span",
            el("button", type="button", class_="fold", aria_expanded="true", aria_label=label),
            el("span", name(namespace), class_="namespace"),
            " ",
            chip(mode or "not opted in", "mode" if mode else "outside"),
            " ",
            el("span", name(role) if role else NO_ROLE, class_="role"),
            (" ", el("span", "pool ", name(pool), class_="pool")) if pool else None,
            class_="who",
        ),
        el("small", count(len(members), "workload"), el("span", class_="of")),
        role="rowheader",
        scope="rowgroup",
    )
    cells = _group_cells([workload for _, workload in members], columns)
    last = None if found is None else el("td", role="cell")
    head = el("tr", who, cells, last, role="row", class_="group", id=f"g{number}")
    rows = (_row(key, workload, columns, found) for key, workload in members)
    return el("tbody", head, rows, role="rowgroup")


def _group_cells(members: Sequence[Workload], columns: Columns) -> Iterator[Markup]:
    """Say of each Secret how many of the group read it: the matrix of roles and pools."""
    sums: dict[int, Counter[State]] = {}
    for workload in members:
        seen = {(columns.place[access.secret], access.state) for access in workload.access}
        for place, state in seen:
            sums.setdefault(place, Counter())[state] += 1
    for place, column in enumerate(columns.listed):
        told = (
            el("span", f"{STATES[state]} {sums[place][state]:,}", class_=f"sum {state.value}")
            for state in State
            if place in sums and sums[place][state]
        )
        yield _cell(column, list(told))


def _row(key: int, workload: Workload, columns: Columns, reads: flows.Reads | None) -> Markup:
    found = statuses(workload)
    by_place: dict[int, list[Access]] = {}
    for access in workload.access:
        by_place.setdefault(columns.place[access.secret], []).append(access)
    injected = sum(1 for access in workload.access if access.via == "envFrom") > 1
    cells = (
        _cell(
            column,
            [
                _way(access, workload, column, injected=injected)
                for access in by_place.get(place, ())
            ],
        )
        for place, column in enumerate(columns.listed)
    )
    row = el(
        "tr",
        _row_head(key, workload, found),
        cells,
        None if reads is None else flows.cell(workload, reads),
        role="row",
        class_="workload",
        id=f"w{key}",
        data_key=key,
        data_namespace=workload.namespace,
        data_role=workload.role or NO_ROLE,
        data_pool=workload.pool or NO_POOL,
        data_status=" ".join(found),
    )
    return join(row, detail_row(key, workload, len(columns.listed) + 1 + (reads is not None)))


def _cell(column: Column, ways: Sequence[Content]) -> Markup:
    label = column.secret or "Secret of the pool"
    return el("td", ways, role="cell", data_secret=label if ways else None)


def _row_head(key: int, workload: Workload, found: Iterable[str]) -> Markup:
    return el(
        "th",
        el(
            "button",
            title(workload.kind, workload.name),
            type="button",
            class_="open",
            aria_expanded="false",
            aria_controls=f"d{key}",
        ),
        el("span", _chips(workload, set(found)), class_="chips"),
        role="rowheader",
        scope="row",
    )


def _chips(workload: Workload, found: set[str]) -> Iterator[Markup]:
    match workload.verdict:
        case Verdict.REFUSED:
            yield chip("would be refused" if workload.dry_run else "refused", "refused")
        case Verdict.INJECTED:
            yield chip("gains", "gains")
        case Verdict.NOTHING:
            yield chip("nothing to do", "quiet")
        case Verdict.OUTSIDE:
            yield chip("nobody judges it", "outside")
    if workload.dry_run and workload.mode == "enabled":
        yield chip("policy in dry run", "mode")
    if workload.replicas == 0:
        yield chip("scaled to zero", "quiet")
    behind = sum(pod.state not in {PodState.CURRENT, PodState.FINISHED} for pod in workload.pods)
    if behind:
        yield chip(f"{behind:,} of {count(len(workload.pods), 'pod')} behind", "stale")
    if "unjudged" in found:
        yield chip("deployers not judged", "stale")
    if "warned" in found:
        yield chip(count(len(workload.warnings), "warning"), "quiet")


def _way(access: Access, workload: Workload, column: Column, *, injected: bool) -> Markup:
    """Write one way of reading a Secret, and by what it is overridden."""
    notes: list[Content] = []
    if column.of_pools:
        notes.append(name(access.secret))
    if access.keys is not None:
        many = len(access.keys) != 1
        notes.append((f"{len(access.keys):,} keys: " if many else "key ", names(access.keys)))
    if access.via != "envFrom":
        notes.append(_VIA.get(access.via, access.via))
    reading = {it.name for it in workload.containers if not it.excluded}
    if access.containers and set(access.containers) != reading:
        notes.append(("in ", names(access.containers)))
    if access.overridden_by:
        notes.append(("yields to ", names(access.overridden_by)))
    elif injected and access.via == "envFrom" and access.state is not State.REFUSED:
        notes.append(el("span", "wins", class_="wins"))
    return el(
        "div",
        el("b", STATES[access.state]),
        (el("small", note) for note in notes),
        class_=f"way {access.state.value}",
    )


_VIA = {
    "env": "as a variable",
    "volume": "as a volume",
    "imagePullSecrets": "to pull images",
}
