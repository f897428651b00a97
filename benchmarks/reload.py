"""How long requests wait while a policy of 10,000 pools is loaded anew."""

import shlex
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import yaml

from benchmarks import bodies, checking, policies, workloads
from benchmarks.asking import Workload, ask_much, background
from benchmarks.context import Context, alone
from benchmarks.processes import Running, free_port, running
from benchmarks.section import Goal, Row, Section, cell, table
from benchmarks.spread import Spread, spread
from benchmarks.variation import Variant

LIMIT_MS = 10.0
POOLS = 10_000
CONNECTIONS = 8
QUIET, RELOADING = "nothing changes", "a policy of 10,000 pools is loaded anew"
_LONGER_THAN_ANY = 600.0  # seconds; it is ended before
_PATIENCE = 60.0  # seconds for a policy to be in force
_GENERATION = "noxus_secrets_policy_generation "
_ABOUT = (
    f"{CONNECTIONS} connections ask about workers, each different, without a pause, by a policy of "
    f"{POOLS:,} pools. Then its file changes, and they go on asking until the new one is in force. "
    "Milliseconds, of requests in the same number of seconds without and with the change. With two "
    "cores, one of which serves and one asks, the thread that loads has no core of its own: what "
    "it computes is taken from the server."
)
_TRIED = "docs/performance.md, Reload"


def measure(context: Context) -> Section:
    """Measure the same load with and without a reload."""
    rows = list(_rounds(context))
    return Section(title="Reload under load", markdown=markdown(rows), rows=rows, goals=goals(rows))


def _rounds(context: Context) -> Iterator[Row]:
    what = ("worker", Variant.DIFFERENT, CONNECTIONS)
    worker = workloads.workload(context.files.folder, bodies.worker(), what, context.seconds)
    policy = context.files.folder / "many-pools.yaml"
    text = yaml.safe_dump(policies.document(POOLS), sort_keys=False)
    for number in range(context.rounds):
        context.say(f"reload, round {number + 1}")
        policy.write_text(text)
        for row in _one(policy, worker, context):
            yield {"round": number, **row}


def _one(policy: Path, worker: Workload, context: Context) -> Iterator[Row]:
    files, on, port, health = context.files, context.cores, free_port(), free_port()
    command = [
        *shlex.split(context.ours),
        "serve",
        *("--policy", str(policy), "--listen", f"127.0.0.1:{port}"),
        *("--health-listen", f"127.0.0.1:{health}", *files.tls),
    ]
    log = files.folder / "server.log"
    first = partial(checking.ask, port, workloads.MUTATE, bodies.encode(bodies.worker()), files.ca)
    with running(command, port, on.server, log, first) as started:
        reloading = _reloading(policy, health, worker, started, context)
        # As long as the reload took, so that both have as many chances to wait long.
        quiet = replace(worker, name=QUIET, seconds=reloading["seconds"])
        yield reloading
        yield ask_much(files.programs / "load", quiet, [started], files.ca, on)
    log.unlink()


def _reloading(
    policy: Path, health: int, worker: Workload, started: Running, context: Context
) -> Row:
    """Ask while the file changes, until what it holds is in force."""
    files, on = context.files, context.cores
    endless = replace(worker, name=RELOADING, seconds=_LONGER_THAN_ANY)
    before = _generation(health)
    with background(files.programs / "load", endless, started, files.ca, on) as ended:
        begin = time.monotonic()
        with policy.open("a") as file:
            file.write("# changed\n")
        while _generation(health) == before:
            if time.monotonic() - begin > _PATIENCE:
                raise TimeoutError("the changed policy did not come into force")
            time.sleep(0.05)
        took = time.monotonic() - begin
        return {**ended(), "inForceSeconds": took}


def _generation(health: int) -> float:
    """Read from the metrics which policy is in force, counted from the first."""
    url = f"http://127.0.0.1:{health}/metrics"
    with urllib.request.urlopen(url, timeout=_PATIENCE) as answer:
        text = answer.read().decode()
    line = next(line for line in text.splitlines() if line.startswith(_GENERATION))
    return float(line.removeprefix(_GENERATION))


def markdown(rows: Sequence[Row]) -> str:
    """Write what lies below the heading."""
    took = cell(spread([row["inForceSeconds"] for row in rows if "inForceSeconds" in row]), 1)
    return (
        f"{_ABOUT}\n\n{table(_table(rows))}\n\n"
        f"From the change of the file to its policy in force: {took} s, of which the first two are "
        "how often the file is looked at."
    )


def goals(rows: Sequence[Row]) -> list[Goal]:
    """Return the promise about a reload."""
    return [
        Goal(
            promise="the longest wait during a reload of 10,000 pools, more than without",
            limit=LIMIT_MS,
            measured=longer(rows),
            unit="ms",
            digits=1,
            tried=_TRIED,
        )
    ]


def longer(rows: Sequence[Row]) -> Spread | None:
    """Return how much longer the longest wait was, round by round, in milliseconds."""
    quiet, during = (
        {row["round"]: row["maxMicroseconds"] for row in rows if row["workload"] == name}
        for name in (QUIET, RELOADING)
    )
    return spread([(during[n] - quiet[n]) / 1000 for n in during if n in quiet])


def _table(rows: Sequence[Row]) -> Iterator[list[str]]:
    keys = {"p50": "p50", "p99": "p99", "p99.9": "p999", "longest": "max"}
    yield ["", *keys]
    for name in (QUIET, RELOADING):
        mine = [row for row in rows if row["workload"] == name]
        yield [
            name,
            *(
                cell(spread([row[f"{key}Microseconds"] / 1000 for row in mine]), 2)
                for key in keys.values()
            ),
        ]


if __name__ == "__main__":
    alone(measure, __doc__)
