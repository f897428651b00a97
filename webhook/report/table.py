"""An audit for people at a terminal, and the same without colours in a file."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TextIO

from webhook.audit.report import (
    Container,
    Judged,
    PodEntry,
    PodState,
    Report,
    Source,
    Totals,
    Verdict,
    Workload,
)
from webhook.report.lines import Detail, Lines, aligned, count, some
from webhook.report.table_flows import write_flows

_QUIET = frozenset({PodState.CURRENT, PodState.FINISHED})


def write_audit(report: Report, stream: TextIO) -> None:
    """Write the whole table, then the sums."""
    lines = Lines(stream)
    modes = {it.name: it.mode for it in report.namespaces}
    for namespace, group in groupby(report.workloads, key=lambda it: it.namespace):
        workloads = list(group)
        lines.heading(namespace, f" ({_opted(modes.get(namespace, ''), workloads[0])})")
        rows = aligned([_cells(it, report.source) for it in workloads])
        for workload, cells in zip(workloads, rows, strict=True):
            lines.entry(cells, str(workload.verdict), _details(workload))
    if report.workloads:
        lines.text()
    if report.flows is not None:
        write_flows(report.flows, stream, about="on the workers above")
    for sentence in report.unreadable:
        lines.text(f"unreadable: {sentence}")
    for sentence in _sums(report.totals):
        lines.text(sentence)


def _opted(mode: str, workload: Workload) -> str:
    governed = f"policy {workload.policy}" if workload.policy else "no policy covers it"
    if mode == "enabled" and workload.dry_run:
        governed += " in DryRun"
    return f"{mode or 'not opted in'}, {governed}"


def _cells(workload: Workload, source: str) -> tuple[str, str, str]:
    role = workload.role or "unknown role"
    if workload.pool is not None:
        role = f"{role}, {workload.pool}"
    if workload.kind == "Pod" or workload.outside:  # whose pods nobody looked at
        number = ""
    elif workload.replicas == 0:
        number = "scaled to 0"
    elif source == "files":
        number = "" if workload.replicas is None else count(workload.replicas, "replica")
    else:
        number = count(len(workload.pods), "pod")
    return workload.title, role, number


def _details(workload: Workload) -> Iterator[Detail]:
    yield from _sources(workload)
    for refusal in workload.refusals:
        yield Detail("refused", refusal.message)
    if workload.outside:
        yield Detail("outside", workload.outside)
    yield from _pods(workload)
    for warning in workload.warnings:
        yield Detail("warning", warning)
    for sentence in workload.undecided:
        yield Detail("undecided", sentence)
    if workload.judged is not Judged.YES:
        yield Detail("unjudged", workload.judged_why)


def _sources(workload: Workload) -> Iterator[Detail]:
    """Tell what is there now and what would be in the end; the one where both are the same."""
    for names, container in _alike(workload.containers):
        has = " · ".join(_spelled(it.kind, it.name, it.prefix) for it in container.has)
        if has:
            yield Detail("has", f"{names}: {has}")
        if workload.verdict is not Verdict.INJECTED:
            continue
        if any(it.origin != "there before" for it in container.gets):
            yield Detail("gets", f"{names}: {_final(container.gets)}")
        given = [it for it in container.variables if it.origin == "injected"]
        if given:
            told = ", ".join(f"{it.name} from {it.secret}/{it.key}" for it in given)
            yield Detail("gets", f"{names}: {told}")


def _alike(containers: Sequence[Container]) -> Iterator[tuple[str, Container]]:
    """Yield containers of which there is something to tell, those together that are the same."""
    same: dict[object, list[Container]] = {}
    for it in containers:
        if it.has or it.variables or any(s.origin == "injected" for s in it.gets):
            same.setdefault((it.has, it.gets, it.variables), []).append(it)
    for alike in same.values():
        yield ", ".join(it.name for it in alike), alike[0]


def _final(sources: Sequence[Source]) -> str:
    *before, last = [_spelled(it.kind, it.name, it.prefix) for it in sources]
    return f"{' · '.join([*before, last])}{' ← wins' if before else ''}"


def _spelled(kind: str, name: str, prefix: str) -> str:
    named = name if kind == "Secret" else f"{kind} {name}"
    return f"{named} (prefix {prefix})" if prefix else named


def _pods(workload: Workload) -> Iterator[Detail]:
    """Tell what is wrong with pods, of all together that have it in common."""
    same: dict[tuple[PodState, str], list[PodEntry]] = {}
    for pod in workload.pods:
        # What is refused of a pod that nobody owns is told already.
        if pod.state not in _QUIET and not (workload.kind == "Pod" and workload.refusals):
            same.setdefault((pod.state, pod.message), []).append(pod)
    for (state, message), pods in same.items():
        yield Detail(str(state), f"{some([pod.name for pod in pods], 'pod')}: {message}")


def _sums(totals: Totals) -> Iterator[str]:
    yield (
        f"{count(totals.entries, 'workload')} in {count(totals.namespaces, 'opted-in namespace')}"
        f", pods without one included: {totals.refused} refused; {totals.injected} injected; "
        f"{totals.nothing} nothing to do"
    )
    states = (
        f"{totals.pods_current} current; {totals.pods_lacking} lack something; "
        f"{totals.pods_outdated} outdated; {totals.pods_refused} refused; "
        f"{totals.pods_finished} finished"
    )
    if totals.pods:
        yield f"{count(totals.pods, 'pod')}: {states}"
    if totals.unjudged:
        yield f"{totals.unjudged} never, or perhaps never, held to their scopes' deployers"
    if totals.outside:
        yield f"{totals.outside} outside of opted-in namespaces that look like Noxus"
    if totals.skipped:
        yield f"{totals.skipped} outside that do not, and are not listed"
    if totals.unreadable:
        yield f"{totals.unreadable} not readable"
