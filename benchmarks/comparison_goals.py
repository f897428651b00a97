"""What was promised of the comparison, and what was measured of it."""

from collections.abc import Iterator, Sequence

from benchmarks.rows import CPU, P99, PER_SECOND, Rows
from benchmarks.section import Goal, Row
from benchmarks.servers import CONTROLLER_RUNTIME, KOPF, NULL, OURS
from benchmarks.variation import Variant
from benchmarks.workloads import STANDARD, WORKER, name_of

_TRIED = "[where the time goes](performance.md)"
# Peer, what it is, the most that the ratio may be.
_CPU_LIMITS = ((CONTROLLER_RUNTIME, 0.2), (KOPF, 0.06), (NULL, 3.0))
_P99_CONNECTIONS = (STANDARD, 100)


def goals(rows: Sequence[Row]) -> list[Goal]:
    """Return all of them; what was not measured in this run stands there as not reached."""
    table = Rows(rows)
    return [goal for variant in Variant for goal in _of_variant(table, variant)]


def _of_variant(table: Rows, variant: Variant) -> Iterator[Goal]:
    pods = f"pods {variant.value}"
    standard = name_of(WORKER.name, variant, STANDARD)
    for peer, limit in _CPU_LIMITS:
        yield Goal(
            promise=f"CPU per mutate, {pods}, to {peer}",
            limit=limit,
            measured=table.ratio(OURS, peer, standard, CPU),
            digits=3,
            tried=_TRIED,
        )
    yield Goal(
        promise=f"throughput on one core, {pods}, to {CONTROLLER_RUNTIME}",
        limit=5,
        measured=table.ratio(OURS, CONTROLLER_RUNTIME, standard, PER_SECOND),
        digits=1,
        at_least=True,
        tried=_TRIED,
    )
    for connections in _P99_CONNECTIONS:
        workload = name_of(WORKER.name, variant, connections)
        yield Goal(
            promise=f"p99 at {connections} connections, {pods}, to {CONTROLLER_RUNTIME}",
            limit=0.3,
            measured=table.ratio(OURS, CONTROLLER_RUNTIME, workload, P99),
            tried=_TRIED,
        )
