"""Policies -> the columns of the exposure matrix: Secrets in injection order, pools last."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from webhook.audit.report import PolicyView, Report

# More columns than this nobody can follow, and each costs a cell in every row; the Secrets of
# pools, of which a workload is given one at most, then share a column. 24 columns of 9 rem are
# 3,456 px: two to three screens sideways.
MAX_COLUMNS: Final = 24


@dataclass(frozen=True, slots=True)
class Column:
    """A Secret, or, with `of_pools`, the one that each pool has of its own."""

    secret: str
    scopes: tuple[str, ...]  # that give it, or some of its keys
    readers: int  # workloads that have or gain it
    refused: int  # workloads that name it and may not
    of_pools: int = 0  # how many Secrets share the column


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns in order, and the one in which each Secret stands."""

    listed: tuple[Column, ...]
    place: dict[str, int]


def columns(report: Report) -> Columns:
    """Return a column for each managed Secret, also for one that nobody reads: it tells so."""
    given = _given_by(report.policies)
    named = dict.fromkeys(given)
    for workload in report.workloads:  # a name may be left of a policy that is gone
        named.update(dict.fromkeys(access.secret for access in workload.access))
    pools = _only_pools(report.policies)
    folded = [secret for secret in named if secret in pools] if len(named) > MAX_COLUMNS else []
    shared = set(folded)
    apart = [secret for secret in named if secret not in shared]
    place = {secret: at for at, secret in enumerate(apart)} | dict.fromkeys(folded, len(apart))
    readers, refused = _readers(report)

    def column(secret: str, *secrets: str) -> Column:
        return Column(
            secret=secret,
            scopes=tuple(given.get(secret, ())),
            readers=len(set[int]().union(*(readers.get(it, ()) for it in secrets))),
            refused=len(set[int]().union(*(refused.get(it, ()) for it in secrets))),
            of_pools=0 if secret else len(secrets),
        )

    listed = [column(secret, secret) for secret in apart]
    if folded:
        listed.append(column("", *folded))
    return Columns(tuple(listed), place)


def _given_by(policies: Iterable[PolicyView]) -> dict[str, dict[str, None]]:
    """Return the scopes of each Secret; both in injection order."""
    given: dict[str, dict[str, None]] = {}
    for policy in policies:
        for scope in policy.scopes:
            for secret in scope.secrets:
                given.setdefault(secret, {})[scope.name] = None
    return given


def _only_pools(policies: Iterable[PolicyView]) -> set[str]:
    """Return the Secrets that pools alone give."""
    scopes = [scope for policy in policies for scope in policy.scopes]
    of_pools = {secret for scope in scopes if scope.pool is not None for secret in scope.secrets}
    return of_pools - {secret for scope in scopes if scope.pool is None for secret in scope.secrets}


def _readers(report: Report) -> tuple[dict[str, set[int]], dict[str, set[int]]]:
    """Return by Secret the places of the workloads that read it, and of those refused it."""
    readers: dict[str, set[int]] = {}
    refused: dict[str, set[int]] = {}
    for place, workload in enumerate(report.workloads):
        for access in workload.access:
            which = refused if access.message else readers
            which.setdefault(access.secret, set()).add(place)
    return readers, refused
