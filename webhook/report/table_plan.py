"""A plan for people at a terminal."""

from collections.abc import Iterator
from itertools import groupby
from typing import TextIO

from webhook.audit.changes import Plan, WorkloadChange
from webhook.report.lines import Detail, Lines, aligned, count


def write_plan(plan: Plan, stream: TextIO) -> None:
    """Write what changes; where nothing does, the one line that says so."""
    lines = Lines(stream)
    compared = count(plan.entries, "workload")
    if plan.is_empty:
        lines.text(f"nothing changes: {compared} compared, and no Secret reaches further")
        return
    for namespace, group in groupby(plan.changes, key=lambda it: it.namespace):
        changes = list(group)
        lines.heading(namespace, "")
        rows = aligned([(it.title, _who(it)) for it in changes])
        for change, cells in zip(changes, rows, strict=True):
            lines.entry(cells, _word(change), _details(change))
    if plan.changes:
        lines.text()
    for widening in plan.widenings:
        lines.text(f"widened: {widening.message}", "bold red")
    refused = sum(1 for it in plan.changes if it.newly_refused)
    allowed = sum(1 for it in plan.changes if it.no_longer_refused)
    lines.text(
        f"{compared} compared: {len(plan.changes)} change; {refused} newly refused; {allowed} no "
        f"longer refused; {count(len(plan.widenings), 'widening')}"
    )
    for sentence in plan.unreadable:
        lines.text(f"unreadable: {sentence}")


def _who(change: WorkloadChange) -> str:
    def spelled(role: str | None, pool: str | None) -> str:
        return f"{role or 'unknown role'}{f', {pool}' if pool is not None else ''}"

    before = spelled(change.role_before, change.pool_before)
    after = spelled(change.role_after, change.pool_after)
    return before if before == after else f"{before} → {after}"


def _word(change: WorkloadChange) -> str:
    if change.newly_refused:
        return "refused"
    return "no longer refused" if change.no_longer_refused else "changes"


def _details(change: WorkloadChange) -> Iterator[Detail]:
    if change.newly_refused:
        for refusal in change.refused_after:
            yield Detail("refused", refusal.message)
    if change.no_longer_refused:
        for refusal in change.refused_before:
            yield Detail("was", refusal.message)
    for container in change.containers:
        if container.gains:
            yield Detail("gains", f"{container.container}: {', '.join(container.gains)}")
        if container.loses:
            yield Detail("loses", f"{container.container}: {', '.join(container.loses)}")
    for order in change.orders:
        yield Detail("order", f"{order.container}: before {' · '.join(order.before)}")
        yield Detail("", f"{order.container}: after  {' · '.join(order.after)}")
    if change.dry_run_before != change.dry_run_after:
        words = ("reported only", "applied and enforced")
        before, after = words if change.dry_run_before else words[::-1]
        yield Detail("mode", f"{before} before, {after} after")
