"""Every API server connects anew at once, and a burst of pods follows."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from benchmarks import bodies, checking, servers, workloads
from benchmarks.asking import Workload, ask_much
from benchmarks.context import Context, alone
from benchmarks.processes import free_port, running
from benchmarks.rounds import COMPARED, beside_null
from benchmarks.rows import CPU, P50, P99, Rows
from benchmarks.section import Goal, Row, Section, cell, table
from benchmarks.servers import OURS
from benchmarks.variation import Variant

LIMIT_MS = 100.0
# Three API servers keep 25 idle connections each for one host, Go's limit for their client.
CONNECTIONS = 3 * 25
# A node pool that comes back. The first pod of each connection waits for its handshake.
PODS = 1000
REQUESTS = CONNECTIONS + PODS
HANDSHAKES, STORM = "75 handshakes at once", "75 handshakes at once, then 1,000 pods"
_LONGER_THAN_ANY = 60.0  # seconds; it ends by its count
_ABOUT = (
    f"{CONNECTIONS} connections are made in one moment, a full TLS handshake each (ECDSA P-256; "
    "API servers resume no sessions), and each asks about a pod. In the second line they go on, "
    f"each as soon as it is answered, until {PODS:,} more pods are answered; all are different. "
    "Milliseconds from the first byte of a connection, or of a request on one that is there, to "
    "the answer. The load generator has one core for its side of the handshakes, so a part of the "
    "wait is its own: the null server shows how much."
)
_TRIED = "docs/performance.md, TLS and storms"


def measure(context: Context) -> Section:
    """Measure the handshakes alone, and with the burst."""
    what = ("worker", Variant.DIFFERENT, CONNECTIONS)
    worker = workloads.workload(context.files.folder, bodies.worker(), what, _LONGER_THAN_ANY)
    rows = list(beside_null(context, "storm", lambda it: _one(it, worker, context)))
    return Section(
        title="All API servers connect at once",
        markdown=markdown(rows),
        rows=rows,
        goals=goals(rows),
    )


def _one(server: servers.Server, worker: Workload, context: Context) -> Iterator[Row]:
    files, on, port = context.files, context.cores, free_port()
    log = files.folder / "server.log"
    first = partial(checking.ask, port, workloads.MUTATE, bodies.encode(bodies.worker()), files.ca)
    with running(server.command(port, free_port()), port, on.server, log, first) as started:
        for name, requests in ((HANDSHAKES, CONNECTIONS), (STORM, REQUESTS)):
            storm = replace(worker, name=name, flags=("-cold", f"-requests={requests}"))
            yield ask_much(files.programs / "load", storm, [started], files.ca, on)
    log.unlink()


def markdown(rows: Sequence[Row]) -> str:
    """Write what lies below the heading."""
    return f"{_ABOUT}\n\n{table(_table(rows))}"


def goals(rows: Sequence[Row]) -> list[Goal]:
    """Return the promise about the storm."""
    return [
        Goal(
            promise="p99 while all API servers connect anew and 1,000 pods come",
            limit=LIMIT_MS,
            measured=Rows(rows).spread(OURS, STORM, P99, scale=1e-3),
            unit="ms",
            digits=1,
            tried=_TRIED,
        )
    ]


def _table(rows: Sequence[Row]) -> Iterator[list[str]]:
    found = Rows(rows)
    yield ["", "p50", "p99", "longest", "CPU µs a request"]
    for server in COMPARED:
        for what in (HANDSHAKES, STORM):
            times = [
                cell(found.spread(server, what, key, scale=1e-3), 1)
                for key in (P50, P99, "maxMicroseconds")
            ]
            yield [f"{server}: {what}", *times, cell(found.spread(server, what, CPU))]


if __name__ == "__main__":
    alone(measure, __doc__)
