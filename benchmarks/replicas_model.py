"""What two cores cannot show: the throughput of many replicas, from parameters that were measured.

Replicas share nothing: no lock, no queue, no store. Three things keep N of them from N times the
throughput of one, and each has its parameter:

- **contention** of the machine that they share (caches, memory, kernel): the universal scalability
  law, X(N) = X(1) N / (1 + s (N - 1)), whose s is measured by what the CPU time of a request grows
  from one replica to two. Replicas on machines of their own have none of it, so it is a bound. The
  law's second parameter, for work that grows with N squared, is nought: replicas do not talk.
- **connections stick**: an API server keeps its HTTP/1.1 connections (25 idle ones for a host), and
  kube-proxy gives each to a replica by chance when it is opened. The replica that has most of them
  is full first.
- **rounds** of a measurement: the spread of X(1).
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from benchmarks.charts import Bars, Lines, shown
from benchmarks.section import Goal, Row, cell, table
from benchmarks.spread import Spread, spread

REPLICAS = (1, 2, 3, 5, 10)
IDLE_CONNECTIONS = 25  # that an API server keeps for one host (MaxIdleConnsPerHost of client-go)
APISERVERS = (1, 3)
_ABOUT = (
    "Workers, each different, at 8 connections, which take turns with the replicas. Where the load "
    "generator runs on both cores, it takes its part of them from the replicas."
)
_DRAWS = 2000  # the mean of the fullest replica moves by less than 1 % from seed to seed
_SEED = 1


@dataclass(frozen=True)
class Parameters:
    """What the model takes from the measurement."""

    one: Spread  # requests a second of one replica with a core of its own
    contention: float  # s

    def at_most(self, replicas: int) -> float:
        """Return the throughput where connections are spread evenly."""
        return self.one.middle * replicas / (1 + self.contention * (replicas - 1))

    def by_chance(self, replicas: int, connections: int) -> float:
        """Return the throughput at which the replica with most connections is full."""
        return self.at_most(replicas) * evenness(replicas, connections)


def parameters(rows: Sequence[Row], *, one: str, two: str) -> Parameters | None:
    """Take the parameters from the rows; None where a layout is missing."""
    capacity = spread(
        [1e6 / row["cpuMicroseconds"] for row in _of(rows, one) if row["cpuMicroseconds"]]
    )
    dearer = _growth(rows, one=one, two=two)
    if capacity is None or not dearer:
        return None
    return Parameters(capacity, contention=max(0.0, median(dearer) - 1))


def evenness(replicas: int, connections: int) -> float:
    """Return the mean share of connections over the share of the fullest replica: 1 is even."""
    chance = random.Random(_SEED)  # noqa: S311  no secret: a simulation that can be repeated
    fullest = []
    for _ in range(_DRAWS):
        drawn = chance.choices(range(replicas), k=connections)
        fullest.append(max(drawn.count(replica) for replica in set(drawn)))
    return connections / replicas / fmean(fullest)


def expected(alone: Row) -> float:
    """Return what two cores give: both work for servers and load generator, and nothing is idle."""
    client = alone["clientBusy"] / alone["perSecond"] * 1e6
    return 2e6 / float(alone["cpuMicroseconds"] + client)


def goals(rows: Sequence[Row], *, one: str, two: str) -> list[Goal]:
    """Compare two replicas with what the CPU time of one lets expect of two cores."""
    alone = {row["round"]: row for row in _of(rows, one)}
    reached = [
        row["perSecond"] / expected(alone[row["round"]])
        for row in _of(rows, two)
        if row["round"] in alone
    ]
    return [
        Goal(
            promise="two replicas on two cores, of the throughput that the CPU time of one allows",
            limit=0.9,
            measured=spread(reached),
            at_least=True,
            tried="the load generator and both replicas share the two cores",
        )
    ]


def charts(found: Parameters | None) -> dict[str, Lines | Bars]:
    """Return the plot by file name."""
    if found is None:
        return {}
    low, high = found.one.low / found.one.middle, found.one.high / found.one.middle

    def curve(values: Mapping[int, float]) -> dict[float, Spread]:
        return {float(n): Spread(x, x * low, x * high) for n, x in values.items()}

    curves = {"spread evenly": curve({n: found.at_most(n) for n in REPLICAS})}
    for apiservers in APISERVERS:
        connections = apiservers * IDLE_CONNECTIONS
        curves[f"{connections} connections by chance"] = curve(
            {n: found.by_chance(n, connections) for n in REPLICAS}
        )
    title = "Throughput by the model, a core for each replica"
    return {"replicas.svg": Lines(title, "replicas", "requests a second", curves)}


def markdown(rows: Sequence[Row], found: Parameters | None, drawn: Mapping[str, str]) -> str:
    """Write what lies below the heading."""
    measured = f"{_ABOUT}\n\n{table(_measured(rows))}"
    if found is None:
        return measured
    model = (
        f"**The model.** One replica with a core of its own: {found.one.text()} requests a second "
        f"(its CPU time for one, inverted). Contention: {found.contention:.3f} (what a request "
        "costs more with two replicas on this machine; on machines of their own it is nought). A "
        "connection goes to a replica by chance and stays there, as with kube-proxy and HTTP/1.1: "
        f"{IDLE_CONNECTIONS} for each API server."
    )
    plot = shown(drawn, {"replicas.svg": "throughput over the number of replicas"})
    return "\n\n".join([measured, model, table(_model(found)), plot]).strip()


def _measured(rows: Sequence[Row]) -> Iterator[list[str]]:
    yield ["layout", "req/s", "CPU µs a request", "p99 ms"]
    for layout in dict.fromkeys(
        row["layout"] for row in sorted(rows, key=lambda row: row["round"])
    ):
        of = _of(rows, layout)
        yield [
            layout,
            cell(spread([row["perSecond"] for row in of])),
            cell(spread([row["cpuMicroseconds"] for row in of])),
            cell(spread([row["p99Microseconds"] / 1000 for row in of]), 2),
        ]


def _model(found: Parameters) -> Iterator[list[str]]:
    yield [
        "replicas",
        "spread evenly, req/s",
        *(f"{n} API server{'s' * (n > 1)}, by chance, req/s" for n in APISERVERS),
    ]
    for replicas in REPLICAS:
        cells = [
            found.by_chance(replicas, apiservers * IDLE_CONNECTIONS) for apiservers in APISERVERS
        ]
        yield [str(replicas), *(f"{each:,.0f}" for each in (found.at_most(replicas), *cells))]


def _of(rows: Sequence[Row], layout: str) -> list[Row]:
    return [row for row in rows if row["layout"] == layout]


def _growth(rows: Sequence[Row], *, one: str, two: str) -> list[float]:
    """Return by round what a request costs with two replicas over what it costs with one."""
    alone = {row["round"]: row["cpuMicroseconds"] for row in _of(rows, one)}
    return [
        row["cpuMicroseconds"] / alone[row["round"]]
        for row in _of(rows, two)
        if alone.get(row["round"])
    ]
