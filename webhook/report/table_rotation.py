"""The ages of Secrets for people at a terminal."""

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import TextIO

from webhook.report.lines import Detail, Lines, aligned, count
from webhook.rotation.changed import Basis
from webhook.rotation.report import RotationReport, SecretAge, StaleContainer, State

_WHY = {
    Basis.STATED: "by its annotation",
    Basis.CREATED: "when it was created; nothing later is noted",
}


def write_rotation(report: RotationReport, stream: TextIO) -> None:
    """Write the table by namespace, then what runs with older values, then the sums."""
    lines = Lines(stream)
    for namespace, group in groupby(report.secrets, key=lambda it: it.namespace):
        secrets = list(group)
        lines.heading(namespace, "")
        rows = aligned([_cells(it) for it in secrets])
        for secret, cells in zip(secrets, rows, strict=True):
            stale = [
                it for it in report.stale if (it.namespace, it.secret) == (namespace, secret.name)
            ]
            lines.entry(cells, str(secret.state), _details(secret, stale))
    for sentence in report.unreadable:
        lines.text(f"unreadable: {sentence}")
    if report.secrets:
        lines.text()
    for sentence in _sums(report):
        lines.text(sentence)


def _cells(secret: SecretAge) -> tuple[str, str, str]:
    age = f"{count(secret.age, 'day')} old" if secret.age is not None else ""
    return secret.name, age, f"of {secret.limit} ({secret.risk.lower()} risk)"


def _details(secret: SecretAge, stale: list[StaleContainer]) -> Iterator[Detail]:
    if secret.state is State.MISSING:
        yield Detail("missing", f"{', '.join(secret.scopes)} hands it out, and it is not there")
        return
    if secret.state is State.UNKNOWN:
        yield Detail("changed", "nothing is noted of when; annotate secrets.noxus.ai/rotated-at")
        return
    why = _WHY.get(secret.basis)
    yield Detail("changed", f"{_day(secret.changed)}{f', {why}' if why else ' at the latest'}")
    if secret.state in (State.OVERDUE, State.SOON):
        verb = "was" if secret.state is State.OVERDUE else "is"
        yield Detail("due", f"{verb} due {_day(secret.due)}; read by {', '.join(secret.scopes)}")
    if secret.refreshed:
        yield Detail("store", f"asked {_day(secret.refreshed)} by External Secrets Operator")
    for workload, its in groupby(stale, key=lambda it: it.workload):
        number = count(len(list(its)), "container")
        yield Detail("outdated", f"{workload}: {number} runs with an older version; restart it")


def _sums(report: RotationReport) -> Iterator[str]:
    states = Counter(it.state for it in report.secrets)
    told = "; ".join(f"{states[it]} {it}" for it in State if states[it])
    yield f"{count(len(report.secrets), 'Secret')}{f': {told}' if told else ''}"
    if report.stale:
        pods = len({(it.namespace, it.pod) for it in report.stale})
        yield f"{count(pods, 'pod')} with an older version of a Secret than it has now"
    if report.unreadable:
        yield f"{len(report.unreadable)} not readable"


def _day(moment: str) -> str:
    return moment.partition("T")[0]
