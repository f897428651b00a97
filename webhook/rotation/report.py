"""Every managed Secret with its age and its limit, and what still runs with an older version."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from webhook.rotation.changed import Basis, changed
from webhook.rotation.limits import Limit
from webhook.rotation.running import Stale
from webhook.rotation.written import instant

Json = Mapping[str, Any]

# A week's notice: rotations are planned by the week.
SOON: Final = timedelta(days=7)


class State(StrEnum):
    """How a Secret stands; the worst first."""

    OVERDUE = "overdue"
    SOON = "due soon"
    MISSING = "missing"  # the policy hands it out, and it is not there
    UNKNOWN = "unknown"  # nothing is noted about when it changed
    FINE = "fine"


@dataclass(frozen=True, slots=True)
class SecretAge:
    """One Secret of one namespace. Times are RFC 3339 in UTC, empty where they are not known."""

    namespace: str
    name: str
    scopes: tuple[str, ...]
    risk: str  # High | Medium | Low
    limit: int  # days
    state: State
    changed: str
    basis: Basis
    age: int | None  # whole days
    due: str
    refreshed: str  # when External Secrets Operator last asked the store; that changed nothing
    stale: int  # containers that run with what it held before


@dataclass(frozen=True, slots=True)
class StaleContainer:
    """A container that must be started again to read what the Secret holds now."""

    namespace: str
    workload: str
    pod: str
    container: str
    secret: str
    started: str
    changed: str


@dataclass(frozen=True, slots=True)
class RotationReport:
    """The whole; Secrets by namespace, in injection order."""

    at: str
    secrets: tuple[SecretAge, ...]
    stale: tuple[StaleContainer, ...]
    unreadable: tuple[str, ...]  # a sentence each

    @property
    def overdue(self) -> bool:
        """Tell whether something must be rotated: the exit code."""
        return any(it.state is State.OVERDUE for it in self.secrets)


@dataclass(frozen=True, slots=True)
class Held:
    """The metadata of a Secret; None where it is not there."""

    namespace: str
    limit: Limit
    metadata: Json | None
    refreshed: str = ""


def rotation_report(
    held: Iterable[Held], stale: Iterable[Stale], *, at: datetime, unreadable: Iterable[str] = ()
) -> RotationReport:
    """Hold every Secret against its limit."""
    running = tuple(stale)
    counts: dict[tuple[str, str], int] = {}
    for it in running:
        key = (it.namespace, it.secret)
        counts[key] = counts.get(key, 0) + 1
    return RotationReport(
        _text(at),
        tuple(_age(it, at, counts.get((it.namespace, it.limit.secret), 0)) for it in held),
        tuple(
            StaleContainer(
                *(it.namespace, it.workload, it.pod, it.container, it.secret),
                *(_text(it.started), _text(it.changed)),
            )
            for it in running
        ),
        tuple(unreadable),
    )


def changes(held: Iterable[Held], at: datetime) -> dict[tuple[str, str], datetime]:
    """Return when each Secret changed, where that is noted, for finding what runs with an older."""
    found: dict[tuple[str, str], datetime] = {}
    for it in held:
        when = changed(it.metadata, at) if it.metadata is not None else None
        if when is not None and when.at is not None and when.basis is not Basis.CREATED:
            found[it.namespace, it.limit.secret] = when.at
    return found


def _age(held: Held, at: datetime, stale: int) -> SecretAge:
    limit = held.limit
    when = changed(held.metadata or {}, at)
    due = when.at + timedelta(days=limit.days) if when.at else None
    return SecretAge(
        namespace=held.namespace,
        name=limit.secret,
        scopes=limit.scopes,
        risk=str(limit.risk),
        limit=limit.days,
        state=_state(held, due, at),
        changed=_text(when.at),
        basis=when.basis,
        age=(at - when.at).days if when.at else None,
        due=_text(due),
        refreshed=_text(instant(held.refreshed)),
        stale=stale,
    )


def _state(held: Held, due: datetime | None, at: datetime) -> State:
    if held.metadata is None:
        return State.MISSING
    if due is None:
        return State.UNKNOWN
    if due <= at:
        return State.OVERDUE
    return State.SOON if due - at <= SOON else State.FINE


def _text(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at is not None else ""
