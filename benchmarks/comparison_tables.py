"""Tables and plots of the comparison."""

from collections.abc import Iterator, Mapping, Sequence

from benchmarks.charts import Bars, Lines, shown
from benchmarks.rows import CPU, P50, P99, P999, PER_SECOND, Rows
from benchmarks.section import Row, cell, table
from benchmarks.servers import OURS
from benchmarks.spread import Spread
from benchmarks.variation import Variant
from benchmarks.workloads import CONNECTIONS, STANDARD, WORKER, name_of

_ABOUT = (
    "A closed loop: each connection asks again as soon as it is answered. Each cell is the median "
    "of the rounds with the lowest and the highest; ratios are formed within a round."
)
_COLUMNS: list[tuple[str, str, float, int]] = [
    ("CPU µs", CPU, 1, 0),
    ("req/s", PER_SECOND, 1, 0),
    ("p50 ms", P50, 1e-3, 2),
    ("p99 ms", P99, 1e-3, 2),
    ("p99.9 ms", P999, 1e-3, 2),
    ("memory MB", "rss", 1, 0),
    ("start s", "startSeconds", 1, 2),
]
_MATRICES: list[tuple[str, str, float, int]] = [
    ("CPU µs a request", CPU, 1, 0),
    ("Requests a second on one core", PER_SECOND, 1, 0),
    ("p50, ms", P50, 1e-3, 2),
    ("p99, ms", P99, 1e-3, 2),
    ("p99.9, ms", P999, 1e-3, 2),
]


def markdown(rows: Sequence[Row], drawn: Mapping[str, str]) -> str:
    """Write everything below the heading; `drawn` are the plots that there are."""
    known = Rows(rows, OURS)
    parts = [
        _ABOUT,
        shown(drawn, {"cpu.svg": "CPU of a request, server by server"}),
    ]
    for variant in Variant:
        workload = name_of(WORKER.name, variant, STANDARD)
        parts += [f"### {workload}", table(_standard(known, workload))]
    parts += [
        f"### Ratios: {OURS} to each peer",
        table(_ratios(known)),
        shown(
            drawn,
            {
                "p99.svg": "p99 over the number of connections",
                "throughput.svg": "requests a second over the number of connections",
            },
        ),
    ]
    for title, key, scale, digits in _MATRICES:
        parts += [f"### {title}", table(_matrix(known, key, scale, digits))]
    parts += [
        "### How much of its core the server used",
        "Below 0.9 the load generator was the limit, and throughput is no figure of the server.",
        table(_matrix(known, "coreBusy", 1, 2)),
        "### How much of its core the load generator used",
        table(_matrix(known, "clientBusy", 1, 2)),
    ]
    return "\n\n".join(part for part in parts if part)


def charts(rows: Sequence[Row]) -> dict[str, Lines | Bars]:
    """Return the plots by file name."""
    known = Rows(rows, OURS)
    bars: dict[str, Spread] = {}
    for server in known.servers:
        for variant in Variant:
            found = known.spread(server, name_of(WORKER.name, variant, STANDARD), CPU)
            if found is not None:
                bars[f"{server}, {variant.value}"] = found
    return {
        "cpu.svg": Bars("CPU of a mutate request, 8 connections", "µs", bars, log=True),
        "p99.svg": Lines(
            "p99, pods each different", "connections", "ms", _curves(known, P99, 1e-3), True, True
        ),
        "throughput.svg": Lines(
            "Throughput of one core, pods each different",
            "connections",
            "requests a second",
            _curves(known, PER_SECOND, 1),
            True,
            True,
        ),
    }


def _curves(known: Rows, key: str, scale: float) -> dict[str, dict[float, Spread]]:
    """Return server -> connections -> figure, for the typical worker."""
    return {
        server: {
            float(connections): found
            for connections in CONNECTIONS
            if (
                found := known.spread(
                    server, name_of(WORKER.name, Variant.DIFFERENT, connections), key, scale
                )
            )
        }
        for server in known.servers
    }


def _standard(known: Rows, workload: str) -> Iterator[list[str]]:
    yield ["server", *(title for title, *_ in _COLUMNS)]
    for server in known.servers:
        yield [
            server,
            *(
                cell(known.spread(server, workload, key, scale), digits)
                for _, key, scale, digits in _COLUMNS
            ),
        ]


def _ratios(known: Rows) -> Iterator[list[str]]:
    peers = [server for server in known.servers if server != OURS]
    yield ["", *(f"to {peer}" for peer in peers)]
    for workload in known.workloads:
        for title, key in (("CPU", CPU), ("req/s", PER_SECOND), ("p99", P99)):
            cells = [cell(known.ratio(OURS, peer, workload, key), 2) for peer in peers]
            yield [f"{workload}: {title}", *cells]
    standard = name_of(WORKER.name, Variant.DIFFERENT, STANDARD)
    for title, key in (("memory after the standard load", "rss"), ("start", "startSeconds")):
        yield [title, *(cell(known.ratio(OURS, peer, standard, key), 2) for peer in peers)]


def _matrix(known: Rows, key: str, scale: float, digits: int) -> Iterator[list[str]]:
    yield ["", *known.servers]
    for workload in known.workloads:
        cells = [cell(known.spread(it, workload, key, scale), digits) for it in known.servers]
        yield [workload, *cells]
