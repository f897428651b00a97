"""Runs the load generator against a server that is up, and measures both."""

import contextlib
import json
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import Cores, Machine, Running, pinned
from benchmarks.section import Row

# A measurement ends by time: this many requests are never reached.
_REQUESTS = 100_000_000


@dataclass(frozen=True)
class Workload:
    """What is asked, by how many connections at once, and for how long."""

    name: str
    body: Path
    vary: Path  # what differs from request to request; see variation.py
    path: str
    connections: int
    seconds: float
    warmup: int  # requests, or half a second
    flags: tuple[str, ...] = ()  # further ones of the load generator; the last of a kind counts


def command(generator: Path, workload: Workload, ports: Sequence[int], ca: Path) -> list[str]:
    """Return how the load generator is called; its connections take turns with the ports."""
    urls = ",".join(f"https://127.0.0.1:{port}{workload.path}?timeout=10s" for port in ports)
    return [
        str(generator),
        f"-url={urls}",
        f"-ca={ca}",
        f"-body={workload.body}",
        f"-vary={workload.vary}",
        f"-connections={workload.connections}",
        f"-requests={_REQUESTS}",
        f"-seconds={workload.seconds}",
        f"-warmup={workload.warmup}",
        *workload.flags,
    ]


def ask_much(
    generator: Path, workload: Workload, servers: Sequence[Running], ca: Path, on: Cores
) -> Row:
    """Ask until the time is over; only what is counted is measured."""
    words = command(generator, workload, [server.port for server in servers], ca)
    with subprocess.Popen(
        pinned(words, on.asking), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("both were asked for")
        process.stdout.readline()  # warm
        machine, cpu = Machine(), _cpu(servers)
        process.stdin.write("\n")
        process.stdin.flush()
        line = process.stdout.readline()
        cpu = _cpu(servers) - cpu
        busy, stolen = machine.busy_and_stolen()
    told = _told(line, workload)
    asked = told["requests"] + told["errors"]
    return {
        **told,
        "cpuMicroseconds": 1e6 * cpu / max(asked, 1),
        "coreBusy": cpu / told["seconds"],
        "clientBusy": told["cpuSeconds"] / told["seconds"],
        # What neither of the two used: the noise that the figures carry.
        "othersBusy": max(0.0, busy - cpu - told["cpuSeconds"]) / told["seconds"],
        "stolen": stolen / told["seconds"],
        **servers[0].memory(),
    }


@contextlib.contextmanager
def background(
    generator: Path, workload: Workload, server: Running, ca: Path, on: Cores
) -> Iterator[Callable[[], Row]]:
    """Have it asked meanwhile; the callable ends that and returns requests, errors and latency.

    `workload.seconds` is the most that it lasts.
    """
    words = command(generator, workload, [server.port], ca)
    with subprocess.Popen(
        pinned(words, on.asking), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("both were asked for")
        output = process.stdout
        output.readline()  # warm
        process.stdin.write("\n")
        process.stdin.flush()

        def ended() -> Row:
            process.send_signal(signal.SIGINT)
            return _told(output.readline(), workload)

        try:
            yield ended
        finally:
            process.kill()


def _told(line: str, workload: Workload) -> Row:
    """Read what the load generator prints."""
    if not line:
        raise SystemExit(f"the load generator failed on {workload.name}")
    told = json.loads(line)
    return {
        "workload": workload.name,
        "connections": workload.connections,
        "requests": told["requests"],
        "errors": told["errors"],
        "firstError": told.get("firstError", ""),
        "seconds": told["seconds"],
        "cpuSeconds": told["cpuSeconds"],  # of the load generator
        "perSecond": told["perSecond"],
        **{f"{name}Microseconds": value for name, value in told["latency"].items()},
    }


def _cpu(servers: Sequence[Running]) -> float:
    return sum(server.cpu_seconds() for server in servers)
