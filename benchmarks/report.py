"""Rows of single measurements -> medians, spreads and ratios -> Markdown."""

from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

from benchmarks.section import Row
from benchmarks.spread import Spread, spread

Report = dict[str, Any]

_STANDARD = "worker, 8 connections"
_CPU = "cpuMicroseconds"
_QUIET = 0.1  # of a core, used by others, that a figure bears


class Rows:
    """All measurements of a run."""

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows
        self.servers = list(dict.fromkeys(row["server"] for row in rows))
        self.workloads = list(dict.fromkeys(row["workload"] for row in rows))

    def values(self, server: str, workload: str, key: str) -> dict[int, float]:
        """Return round -> value."""
        return {
            row["round"]: row[key]
            for row in self._rows
            if (row["server"], row["workload"]) == (server, workload)
        }

    def spread(self, server: str, workload: str, key: str, scale: float = 1) -> Spread | None:
        return spread([v * scale for v in self.values(server, workload, key).values()])

    def ratio(self, server: str, peer: str, workload: str, key: str) -> Spread | None:
        """Compare within each round, where both saw the same machine."""
        mine, theirs = (self.values(each, workload, key) for each in (server, peer))
        return spread([mine[n] / theirs[n] for n in mine if theirs.get(n)])


def markdown(report: Report) -> str:
    """Write the whole report."""
    rows = Rows(report["rows"])
    ours = rows.servers[0]
    parts = [
        "# Side by side",
        _about(report),
        f"## {_STANDARD}",
        _table(_standard(rows, _STANDARD)),
        f"## Ratios: {ours} to each peer",
        "Within each round; the median, and the lowest and highest of the rounds.",
        _table(_ratios(rows, ours)),
        "## CPU µs a request",
        _table(_matrix(rows, _CPU, 1, 0)),
        "## Requests a second on one core",
        _table(_matrix(rows, "perSecond", 1, 0)),
        "## p99, ms",
        _table(_matrix(rows, "p99Microseconds", 1e-3, 2)),
        "## p50, ms",
        _table(_matrix(rows, "p50Microseconds", 1e-3, 2)),
        "## How much of its core the server used",
        "Below 0.9 the load generator was the limit, and throughput is no figure of the server.",
        _table(_matrix(rows, "coreBusy", 1, 2)),
        "## Honesty",
        _honesty(report),
    ]
    return "\n\n".join(parts) + "\n"


def _about(report: Report) -> str:
    machine, settings = report["machine"], report["settings"]
    pinning = (
        "the server on one, the load generator on another"
        if machine["separateCores"]
        else "**server and load generator share one, so latencies and throughput are worthless**"
    )
    return (
        f"{report['startedAt']}, {machine['system']}, {machine['cpu']}, {machine['cores']} cores: "
        f"{pinning}. {report['roundsDone']} interleaved rounds of {settings['seconds']} s at most "
        f"for each figure; each cell is the median of the rounds with the lowest and the highest. "
        "TLS with ECDSA P-256, HTTP/1.1, kept-alive connections, each asking again as soon as it "
        f"is answered. Bodies: {_sizes(report)}.\n\n"
        "Absolute figures move from machine to machine and from hour to hour: compare only within "
        "one run."
    )


def _sizes(report: Report) -> str:
    return ", ".join(f"{name} {size:,} bytes" for name, size in report["bodies"].items())


def _standard(rows: Rows, workload: str) -> Iterator[list[str]]:
    yield ["server", "CPU µs", "req/s", "p50 ms", "p99 ms", "p99.9 ms", "memory MB", "start s"]
    columns: list[tuple[str, float, int]] = [
        (_CPU, 1, 0),
        ("perSecond", 1, 0),
        ("p50Microseconds", 1e-3, 2),
        ("p99Microseconds", 1e-3, 2),
        ("p999Microseconds", 1e-3, 2),
        ("rss", 1, 0),
        ("startSeconds", 1, 2),
    ]
    for server in rows.servers:
        cells = (rows.spread(server, workload, key, scale) for key, scale, _ in columns)
        yield [server, *_cells(cells, [digits for _, _, digits in columns])]


def _ratios(rows: Rows, ours: str) -> Iterator[list[str]]:
    peers = [server for server in rows.servers if server != ours]
    yield ["", *(f"to {peer}" for peer in peers)]
    for workload in rows.workloads:
        for name, key in (("CPU", _CPU), ("p99", "p99Microseconds")):
            cells = [rows.ratio(ours, peer, workload, key) for peer in peers]
            yield [f"{workload}: {name}", *_cells(cells, [2] * len(cells))]
    cells = [rows.ratio(ours, peer, _STANDARD, "rss") for peer in peers]
    yield ["memory after the standard load", *_cells(cells, [2] * len(cells))]


def _matrix(rows: Rows, key: str, scale: float, digits: int) -> Iterator[list[str]]:
    yield ["", *rows.servers]
    for workload in rows.workloads:
        cells = [rows.spread(server, workload, key, scale) for server in rows.servers]
        yield [workload, *_cells(cells, [digits] * len(cells))]


def _honesty(report: Report) -> str:
    rows = report["rows"]
    asked, errors = (sum(row[key] for row in rows) for key in ("requests", "errors"))
    largest: Callable[[str], float] = lambda key: max(row[key] for row in rows)  # noqa: E731
    others = median(row["othersBusy"] for row in rows)
    noisy = sum(row["othersBusy"] > _QUIET for row in rows)
    build = "with" if report["machine"]["pythonOptimised"] else "without"
    lines = [
        f"- {asked:,} requests, {errors} errors; every answer echoed its uid and allowed.",
        f"- Others used {others:.0%} of a core in the median, {largest('othersBusy'):.0%} at most.",
        f"- Figures during which others used more than a tenth of a core: {noisy} of {len(rows)}.",
        f"- The host took {largest('stolen'):.0%} at most.",
        f"- Load average when it began: {report['machine']['loadAverage']:.2f}.",
        f"- Python was compiled {build} --enable-optimizations.",
        "- A closed loop: latency at many connections is mostly waiting for the others.",
        "- The peers do less: no entitlement, no references, no order of what is there, no log.",
    ]
    firsts = {row["firstError"] for row in rows if row["firstError"]}
    lines += [f"- error: {text}" for text in sorted(firsts)]
    return "\n".join(lines)


def _cells(spreads: Any, digits: list[int]) -> list[str]:  # noqa: ANN401  any iterable of them
    pairs = zip(spreads, digits, strict=True)
    return ["-" if each is None else each.text(digit) for each, digit in pairs]


def _table(rows: Iterator[list[str]]) -> str:
    head, *body = rows
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *body))
