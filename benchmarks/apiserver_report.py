"""Single measurements at the API server -> medians, spreads, goals -> a section of the report."""

from collections.abc import Callable, Iterator, Sequence

from benchmarks.apiserver_variants import BOTH, CONSTANT, IN_CEL, MUTATE
from benchmarks.section import Goal, Row, Section, cell, table
from benchmarks.spread import Spread, spread

CLIENTS = (1, 16)

_HEAD = (
    "",
    "p50 without, ms",
    "p50, ms",
    "added p50, ms",
    "added p99, ms",
    "API server: added CPU µs",
    "webhook: CPU µs",
    "all: added CPU µs",
    "errors",
)
_LIMIT = (
    "A Go server that decides nothing and always answers with our patch is at {}: hardly any "
    "webhook can be below. The API server applies a patch in the same way for both, and for a "
    "webhook has to encode the review, send it and read the answer besides."
)
_ALL = ("apiserver", "etcd", "webhook")
_ABOUT = """\
A worker is created as a dry run, by the user and with the content of the ReplicaSet controller: one
HTTP/2 connection, 1 client and 16 clients at once, each asking again as soon as it is answered.
Slices in a namespace that no hook matches take turns (ABBA) with slices in one that is matched, so
that "added" compares neighbours in time; the row without a webhook shows how much of it is noise.
Before each measurement a pod has come out with exactly its sources, after calls of exactly the
hooks that were to be called, and each pod that is measured is looked at again.

etcd, the API server, the webhook and the load client share the same {cores} cores, and none of
them is pinned to one: a policy inside the API server has no core of its own, so a webhook gets none
either. At 16 clients the cores are full, and latency is the work of all four. {rounds} interleaved
rounds of {seconds:g} s on each namespace; a cell is the median of the rounds with the lowest and
the highest."""


def section(rows: Sequence[Row], *, cores: int, seconds: float, notes: Sequence[str]) -> Section:
    """Write the section. A row is one variant at one number of clients in one round."""
    rounds = len({row["round"] for row in rows})
    parts = [_ABOUT.format(cores=cores, rounds=rounds, seconds=seconds)]
    for clients in CLIENTS:
        word = "client" if clients == 1 else "clients"
        parts += [f"### {clients} {word}", table(_table(rows, clients))]
    parts += notes
    return Section(
        title="At the API server", markdown="\n\n".join(parts), rows=rows, goals=list(_goals(rows))
    )


def _table(rows: Sequence[Row], clients: int) -> Iterator[Sequence[str]]:
    yield _HEAD
    for name in dict.fromkeys(row["variant"] for row in rows):
        mine = _chosen(rows, name, clients)

        def measured(
            figure: Callable[[Row], float], mine: Sequence[Row] = tuple(mine.values())
        ) -> Spread | None:
            return spread([figure(row) for row in mine])

        yield [
            name,
            cell(measured(lambda row: row["plainP50"] / 1e3), 2),
            cell(measured(lambda row: row["hookedP50"] / 1e3), 2),
            cell(measured(lambda row: _added(row, "P50") / 1e3), 2),
            cell(measured(lambda row: _added(row, "P99") / 1e3), 2),
            cell(measured(lambda row: _added(row, "Cpu_apiserver"))),
            cell(measured(lambda row: row["hookedCpu_webhook"])),
            cell(measured(lambda row: sum(_added(row, f"Cpu_{each}") for each in _ALL))),
            str(sum(row["plainErrors"] + row["hookedErrors"] for row in mine.values())),
        ]


def _goals(rows: Sequence[Row]) -> Iterator[Goal]:
    for clients in CLIENTS:
        noun = "1 client" if clients == 1 else f"{clients} clients"
        yield Goal(
            promise=f"added p50 at the API server to MutatingAdmissionPolicy, {noun}",
            limit=1.0,
            measured=_ratio(rows, MUTATE, IN_CEL, clients),
            tried=_LIMIT.format(cell(_ratio(rows, CONSTANT, IN_CEL, clients), 2)),
        )
        yield Goal(
            promise=f"added p50 of mutate + validate to mutate alone, {noun}",
            limit=1.6,
            measured=_ratio(rows, BOTH, MUTATE, clients),
        )


def _ratio(rows: Sequence[Row], one: str, other: str, clients: int) -> Spread | None:
    """Compare within each round; where the other one adds nothing, there is no ratio."""
    mine, theirs = (_chosen(rows, name, clients) for name in (one, other))
    return spread(
        [
            _added(mine[number], "P50") / _added(theirs[number], "P50")
            for number in mine
            if number in theirs and _added(theirs[number], "P50") > 0
        ]
    )


def _chosen(rows: Sequence[Row], name: str, clients: int) -> dict[int, Row]:
    """Return round -> row."""
    return {
        row["round"]: row
        for row in rows
        if row["variant"] == name and row["clients"] == clients and row["hookedRequests"]
    }


def _added(row: Row, key: str) -> float:
    return float(row[f"hooked{key}"] - row[f"plain{key}"])
