"""What there is to know of one workload, in the row beneath its own."""

from collections.abc import Iterator

from webhook.audit.report import Container, Judged, PodEntry, PodState, Source, Variable, Workload
from webhook.report.pages.markup import Content, Markup, el, join, name, names
from webhook.report.pages.pods import behind
from webhook.report.pages.words import chip, count, items

_LISTS = {
    "initContainers": "init container",
    "containers": "container",
    "ephemeralContainers": "debug container",
}


def detail_row(key: int, workload: Workload, width: int) -> Markup:
    """Return the row; the page shows it on demand, paper always."""
    parts = (
        items((refusal.message for refusal in workload.refusals), "refusals"),
        el("p", workload.outside, class_="outside") if workload.outside else None,
        _facts(workload),
        [_container(container) for container in workload.containers],
        _sentences("Depends on who deploys it", workload.undecided),
        _sentences("Warnings", workload.warnings),
        _pods(workload.pods),
    )
    cell = el("td", el("div", parts, class_="inside"), role="cell", colspan=width)
    return el("tr", cell, role="row", class_="detail", id=f"d{key}")


def _facts(workload: Workload) -> Markup:
    facts: list[tuple[str, Content]] = [
        ("namespace", name(workload.namespace)),
        ("role", _said(workload.role or "unknown", workload.recognised_by)),
        ("pool", name(workload.pool) if workload.pool else None),
        ("policy", name(workload.policy) if workload.policy else "none governs it"),
        ("granted", names(workload.granted) if workload.granted else None),
        ("service account", name(workload.service_account)),
        ("replicas", workload.replicas),
        ("owner", name(workload.owner) if workload.owner else None),
        ("file", name(workload.file) if workload.file else None),
        ("deployers", _judged(workload)),
    ]
    rows = [el("div", el("dt", word), el("dd", fact)) for word, fact in facts if fact is not None]
    return el("dl", rows)


def _said(what: str, why: str) -> Markup:
    return join(name(what), el("small", " by ", name(why)) if why else None)


def _judged(workload: Workload) -> Content:
    if not workload.judged_why:
        return None
    word = {Judged.YES: "judged", Judged.NO: "not judged", Judged.UNKNOWN: "perhaps not judged"}
    return f"{word[workload.judged]}: {workload.judged_why}"


def _container(container: Container) -> Markup:
    head = el("h4", _LISTS.get(container.list, container.list), " ", name(container.name))
    if container.excluded:
        return el("div", head, el("p", "excluded: the policy gives it nothing"), class_="reads")
    if not container.gets and not container.variables:
        return el("div", head, el("p", "reads no Secret or ConfigMap"), class_="reads")
    several = len(container.gets) > 1
    order = el("ol", [_source(source, several=several) for source in container.gets])
    variables = el("ul", [_variable(variable) for variable in container.variables], class_="env")
    return el(
        "div",
        head,
        order if container.gets else None,
        variables if container.variables else None,
        class_="reads",
    )


def _source(source: Source, *, several: bool) -> Markup:
    notes: list[Content] = [source.origin]
    if source.scope:
        notes.append(("scope ", name(source.scope)))
    if source.prefix:
        notes.append(("prefix ", name(source.prefix)))
    if source.optional:
        notes.append("optional")
    return el(
        "li",
        "ConfigMap " if source.kind == "ConfigMap" else None,
        name(source.name),
        el("small", " ", _list(notes)),
        (" ", chip("wins", "wins")) if source.wins and several else None,
    )


def _variable(variable: Variable) -> Markup:
    read = (name(variable.name), " reads ", name(f"{variable.secret}/{variable.key}"))
    return el("li", read, el("small", f" {variable.origin}, scope ", name(variable.scope)))


def _list(notes: list[Content]) -> Iterator[Content]:
    for place, note in enumerate(notes):
        yield (", ", note) if place else note


def _sentences(head: str, sentences: tuple[str, ...]) -> Markup | None:
    listed = items(sentences, "plain")
    return el("div", el("h4", head), listed, class_="said") if listed else None


def _pods(pods: tuple[PodEntry, ...]) -> Markup | None:
    if not pods:
        return None
    states = {"current": PodState.CURRENT, "finished": PodState.FINISHED}
    sums = [(word, sum(pod.state is state for pod in pods)) for word, state in states.items()]
    told = ", ".join(f"{number:,} {word}" for word, number in sums if number)
    head = el("h4", count(len(pods), "pod"), f": {told}" if told else None)
    return el("div", head, el("ul", behind(pods)), class_="said")
