"""How long a pod of 2.9 MB takes, and how long others wait meanwhile."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from benchmarks import bodies, checking, servers, workloads
from benchmarks.asking import Workload, ask_much, background
from benchmarks.context import Context, alone
from benchmarks.processes import Running, free_port, running
from benchmarks.rounds import COMPARED, beside_null
from benchmarks.rows import P50, P99, Rows
from benchmarks.section import Goal, Row, Section, cell, table
from benchmarks.servers import OURS
from benchmarks.spread import Spread, spread
from benchmarks.variation import Variant

LIMIT_MS = 60.0
ALONE, BESIDE, LARGE = "a worker alone", "a worker beside pods of 2.9 MB", "2.9 MB alone"
_LONGER_THAN_ANY = 600.0  # seconds; it is ended before
_ABOUT = (
    "One connection asks about a worker, each different, as soon as it is answered. Another one "
    "asks about pods of 2.9 MB, without a pause. Milliseconds. The load generator of both has one "
    "core, so a part of the wait is its own: the null server shows how much."
)
_TRIED = "[where the time goes](performance.md)"


def measure(context: Context) -> Section:
    """Measure both, each alone and together."""
    worker, large = _workloads(context)
    rows = list(beside_null(context, "2.9 MB", lambda it: _one(it, worker, large, context)))
    return Section(
        title="A pod of 2.9 MB",
        markdown=markdown(rows),
        rows=rows,
        goals=goals(rows),
    )


def _workloads(context: Context) -> tuple[Workload, Workload]:
    def made(shape: str, review: bodies.Json) -> Workload:
        what = (shape, Variant.DIFFERENT, 1)
        return workloads.workload(context.files.folder, review, what, context.seconds)

    return made("worker", bodies.worker()), made(workloads.LARGE, bodies.large())


def _one(
    server: servers.Server, worker: Workload, large: Workload, context: Context
) -> Iterator[Row]:
    """Start a server and ask it: the one, the other, and the one beside the other."""
    files, on, port = context.files, context.cores, free_port()
    generator, log = files.programs / "load", files.folder / f"server-{port}.log"
    body = bodies.encode(bodies.worker())
    first = partial(checking.ask, port, workloads.MUTATE, body, files.ca)
    with running(server.command(port, free_port()), port, on.server, log, first) as started:
        for name, workload in ((ALONE, worker), (LARGE, large)):
            yield ask_much(generator, replace(workload, name=name), [started], files.ca, on)
        yield _beside(started, worker, large, context)
    log.unlink()


def _beside(started: Running, worker: Workload, large: Workload, context: Context) -> Row:
    """Ask about a worker while another connection asks about large pods without a pause."""
    files, on = context.files, context.cores
    generator = files.programs / "load"
    endless = replace(large, seconds=_LONGER_THAN_ANY)
    with background(generator, endless, started, files.ca, on) as ended:
        row = ask_much(generator, replace(worker, name=BESIDE), [started], files.ca, on)
        meanwhile = ended()
    del row["othersBusy"]  # the second load generator is no noise
    return {
        **row,
        "errors": row["errors"] + meanwhile["errors"],
        "firstError": row["firstError"] or meanwhile["firstError"],
        "largeRequests": meanwhile["requests"],
    }


def markdown(rows: Sequence[Row]) -> str:
    """Write what lies below the heading."""
    return f"{_ABOUT}\n\n{table(_table(rows))}"


def goals(rows: Sequence[Row]) -> list[Goal]:
    """Return both promises about the large pod."""
    return [
        Goal(
            promise="a pod of 2.9 MB is answered, p99",
            limit=LIMIT_MS,
            measured=Rows(rows).spread(OURS, LARGE, P99, scale=1e-3),
            unit="ms",
            digits=1,
            tried=_TRIED,
        ),
        Goal(
            promise="a pod of 2.9 MB delays another one, at most",
            limit=LIMIT_MS,
            measured=delay(rows, OURS),
            unit="ms",
            digits=1,
            tried=_TRIED,
        ),
    ]


def delay(rows: Sequence[Row], server: str) -> Spread | None:
    """Return how much longer the longest wait beside it is than the usual one alone, in ms."""
    found = Rows(rows)
    beside = found.values(server, BESIDE, "maxMicroseconds")
    usual = found.values(server, ALONE, P50)
    return spread([(beside[n] - usual[n]) / 1000 for n in beside if n in usual])


def _table(rows: Sequence[Row]) -> Iterator[list[str]]:
    columns = {"p50": P50, "p99": P99, "longest": "maxMicroseconds"}
    found = Rows(rows)
    yield ["", *columns]
    for server in COMPARED:
        for what in (ALONE, BESIDE, LARGE):
            times = (found.spread(server, what, key, scale=1e-3) for key in columns.values())
            yield [f"{server}: {what}", *(cell(it, 2) for it in times)]


if __name__ == "__main__":
    alone(measure, __doc__)
