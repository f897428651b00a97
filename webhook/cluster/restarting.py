"""What is to become of the workloads of one namespace: pure, so that every case can be tried.

Nothing is remembered but in the workloads themselves: each has an annotation with the version of
every source that its pods were last made anew for. Whoever leads next goes on from there, and
nothing is restarted twice, since the annotation and the restart are one write.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from webhook.cluster.rollouts import Budgets, Json, Workload
from webhook.cluster.versions import Version
from webhook.core.policy_upkeep import Reload

# The API's times are whole seconds: what was written within this one may be written again, and have
# the same version. One second more is for clocks that differ by less.
_SECOND: Final = timedelta(seconds=2)
# Clocks of a cluster are kept together to within seconds.
_SKEW: Final = timedelta(minutes=1)
# Writes of a namespace in one round, so that the others have their turn; and how many workloads are
# tried where the first may not be written.
_RECORDS: Final = 50
_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Record:
    """Write down what there is; the pods need nothing."""

    workload: Workload
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Restart:
    """Make the pods anew, and write down for what."""

    workload: Workload
    versions: Mapping[str, str]
    changed: tuple[str, ...]  # kind/name of what has changed


@dataclass(frozen=True, slots=True)
class Round:
    """What to do in a namespace now: one restart, of the first that can be written."""

    records: tuple[Record, ...]
    due: tuple[Restart, ...]
    waiting: int  # workloads, with those that are due
    late: tuple[Workload, ...]  # restarted, and not done within the time limit


def judge(
    workloads: Sequence[tuple[Workload, Iterable[str]]],
    versions: Mapping[str, Version],
    budgets: Sequence[Json],
    reload: Reload,
    now: datetime,
) -> Round:
    """Decide about the workloads of a namespace, each with the kind/name of its sources.

    Of what is not in `versions`, because it is missing or may not be read, nothing is said: what
    was recorded of it stays.
    """
    records: list[Record] = []
    due: list[Restart] = []
    waiting = 0
    for workload, sources in workloads:
        after, changed = _compared(workload, sources, versions)
        if changed and not workload.is_empty:
            waiting += 1
            if not workload.is_held and _is_quiet(changed, versions, reload, now):
                due.append(Restart(workload, after, changed))
        elif after != workload.recorded and _is_past(after, versions, now):
            records.append(Record(workload, after))
    rolling, late = _rolling([it for it, _ in workloads], reload, now)
    due.sort(key=lambda it: (it.workload.name, it.workload.kind))
    held = Budgets(budgets)
    free = (it for it in due if not rolling and held.holding(it.workload) is None)
    return Round(tuple(records[:_RECORDS]), tuple(islice(free, _TRIES)), waiting, late)


def _compared(
    workload: Workload, sources: Iterable[str], versions: Mapping[str, Version]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return what to record, and what of it is another than was recorded."""
    before = workload.recorded
    after = {
        name: versions[name].text if name in versions else before[name]
        for name in sorted(set(sources))
        if name in versions or name in before
    }
    # What is new to the workload comes with a new policy or template: pods are made anew by those.
    changed = (name for name, version in after.items() if before.get(name, version) != version)
    return after, tuple(changed)


def _is_quiet(
    changed: Iterable[str], versions: Mapping[str, Version], reload: Reload, now: datetime
) -> bool:
    """Tell whether the last of several changes is long enough ago."""
    quiet = max(timedelta(seconds=reload.quiet_seconds), _SECOND)
    return all(_is_over(versions[name].at, quiet, now) for name in changed)


def _is_past(names: Iterable[str], versions: Mapping[str, Version], now: datetime) -> bool:
    """Tell whether the second in which each of them was written is over."""
    return all(_is_over(versions[name].at, _SECOND, now) for name in names if name in versions)


def _is_over(at: datetime | None, least: timedelta, now: datetime) -> bool:
    """Tell whether a time is at least so long ago; nothing waits for one that cannot be true."""
    return at is None or now - at >= least or at - now > _SKEW


def _rolling(
    workloads: Iterable[Workload], reload: Reload, now: datetime
) -> tuple[bool, tuple[Workload, ...]]:
    """Tell whether a restart is under way, and which ones have taken too long."""
    limit = timedelta(seconds=reload.timeout_seconds)
    rolling, late = False, []
    for workload in workloads:
        at = workload.restarted
        if at is None or not workload.recorded or workload.is_empty or workload.is_done:
            continue
        if at - now > _SKEW:  # anybody may write any time there, and hold up the others with it
            continue
        if now - at < limit:
            rolling = True
        else:
            late.append(workload)
    return rolling, tuple(late)
