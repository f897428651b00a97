"""Runs the load generator against a server that is up, and measures both."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import Cores, Machine, Running, cpu_of, pinned
from benchmarks.section import Row


@dataclass(frozen=True)
class Workload:
    """What is asked, by how many connections at once, and when it ends."""

    name: str
    body: Path
    path: str
    connections: int
    requests: int
    seconds: float
    warmup: int


def ask_much(generator: Path, workload: Workload, server: Running, ca: Path, on: Cores) -> Row:
    """Ask until count or time is reached; only what is counted is measured."""
    command = [
        str(generator),
        f"-url=https://127.0.0.1:{server.port}{workload.path}?timeout=10s",
        f"-ca={ca}",
        f"-body={workload.body}",
        f"-connections={workload.connections}",
        f"-requests={workload.requests}",
        f"-seconds={workload.seconds}",
        f"-warmup={workload.warmup}",
    ]
    with subprocess.Popen(
        pinned(command, on.client), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("both were asked for")
        stat = Path(f"/proc/{process.pid}/stat")
        process.stdout.readline()  # warm
        machine, cpu, client = Machine(), server.cpu_seconds(), cpu_of(stat)
        process.stdin.write("\n")
        process.stdin.flush()
        line = process.stdout.readline()
        cpu = server.cpu_seconds() - cpu
        client = cpu_of(stat) - client  # readable until it is waited for
        busy, stolen = machine.busy_and_stolen()
    if not line:
        raise SystemExit(f"the load generator failed on {workload.name}")
    told = json.loads(line)
    asked = told["requests"] + told["errors"]
    return {
        "workload": workload.name,
        "connections": workload.connections,
        "requests": told["requests"],
        "errors": told["errors"],
        "firstError": told.get("firstError", ""),
        "seconds": told["seconds"],
        "perSecond": told["perSecond"],
        "cpuMicroseconds": 1e6 * cpu / max(asked, 1),
        "coreBusy": cpu / told["seconds"],
        # What neither of the two used: the noise that the figures carry.
        "othersBusy": max(0.0, busy - cpu - client) / told["seconds"],
        "stolen": stolen / told["seconds"],
        **{f"{name}Microseconds": value for name, value in told["latency"].items()},
        **server.memory(),
    }
