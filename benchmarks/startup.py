"""From the start of our program to its first use, and the memory it takes: both servers, `inject`.

The processor time beside the seconds tells what of them is ours on a machine that others use, too.
"""

import contextlib
import http.client
import json
import os
import shlex
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks import bodies, policies
from benchmarks.context import ROOT, Context, alone
from benchmarks.processes import cpu_of, free_port, running
from benchmarks.section import Goal, Row, Section, cell, table
from benchmarks.spread import Spread, spread
from tests.controlplane.plane import ControlPlane

FILES, CLUSTER = "serve, policy and certificate in files", "serve in a cluster, self-managed"
ONE, FEW, MANY = "inject, one pod", "inject, 1,000 documents", "inject, 10,000 documents"
NAMESPACE = "noxus-secrets"
OK = 200


@dataclass(frozen=True)
class Start:
    """One start, or one run to its end."""

    what: str
    seconds: float  # until ready, or until the end
    cpu: float  # seconds, user and system
    memory: float  # MB (10^6 bytes), resident: when ready, or at most


def measure(context: Context) -> Section:
    """Measure all, one after the other in each round; the cluster's first start is not counted."""
    starts: list[Start] = []
    with tempfile.TemporaryDirectory() as made, ControlPlane() as plane:
        folder = Path(made)
        inputs = {what: _pods(folder, n) for what, n in ((ONE, 1), (FEW, 1_000), (MANY, 10_000))}
        _install(plane)
        _serve(context, CLUSTER, _in_cluster(plane), folder)  # makes the certificates
        for number in range(context.rounds):
            context.say(f"start-up: round {number + 1} of {context.rounds}")
            starts.append(_serve(context, FILES, _from_files(context), folder))
            starts.append(_serve(context, CLUSTER, _in_cluster(plane), folder))
            starts += [_inject(context, what, file) for what, file in inputs.items()]
    return section(starts)


def section(starts: list[Start]) -> Section:
    """Write what was measured."""
    by: dict[str, list[Start]] = defaultdict(list)
    for start in starts:
        by[start.what].append(start)
    rows = [["", "seconds", "of the processor", "MB"]]
    rows += [
        [
            what,
            cell(spread([it.seconds for it in each]), 2),
            cell(spread([it.cpu for it in each]), 2),
            cell(spread([it.memory for it in each]), 1),
        ]
        for what, each in by.items()
    ]
    told = (
        "For a server until it is ready, with the memory that it has then; for `inject` until the "
        "end, with the most that it had."
    )
    return Section(
        "Start-up and memory", f"{told}\n\n{table(rows)}", [_row(it) for it in starts], _goals(by)
    )


def _goals(by: dict[str, list[Start]]) -> list[Goal]:
    def seconds(what: str) -> Spread | None:
        return spread([it.seconds for it in by[what]])

    def memory(what: str) -> Spread | None:
        return spread([it.memory for it in by[what]])

    flat = spread([many.memory / few.memory for few, many in zip(by[FEW], by[MANY], strict=True)])
    return [
        Goal("File mode: ready", 1.0, seconds(FILES), unit="s"),
        Goal("File mode: resident", 64, memory(FILES), unit="MB", digits=1),
        Goal("Cluster mode: ready", 2.5, seconds(CLUSTER), unit="s"),
        Goal("Cluster mode: resident", 110, memory(CLUSTER), unit="MB", digits=1),
        Goal("`inject` on one pod", 0.25, seconds(ONE), unit="s"),
        Goal("`inject` on 10,000 documents: memory, to 1,000", 1.05, flat),
    ]


def _row(start: Start) -> Row:
    figures = {"seconds": start.seconds, "cpuSeconds": start.cpu, "megabytes": start.memory}
    return {"what": start.what, **figures}


def _from_files(context: Context) -> list[str]:
    return ["--policy", str(policies.EXAMPLE), *context.files.tls]


def _in_cluster(plane: ControlPlane) -> list[str]:
    return [
        *("--policy-from", "cluster", "--certificates", "self-managed"),
        *("--kubeconfig", str(plane.kubeconfig), "--namespace", NAMESPACE, "--identity", "one"),
    ]


def _serve(context: Context, what: str, flags: list[str], folder: Path) -> Start:
    port, health = free_port(), free_port()
    command = [
        *(*shlex.split(context.ours), "serve", *flags),
        *("--listen", f"127.0.0.1:{port}", "--health-listen", f"127.0.0.1:{health}"),
    ]
    core, log = context.cores.server, folder / "serve.log"
    with running(command, port, core, log, lambda: _ready(health)) as server:
        memory = server.memory()["rss"]
        return Start(what, server.start_seconds, server.cpu_seconds(), memory)


def _ready(port: int) -> None:
    """Ask once; raises ConnectionError where it is not ready."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as asked:
        asked.request("GET", "/readyz")
        if asked.getresponse().status != OK:
            raise ConnectionError("not ready")


def _inject(context: Context, what: str, file: Path) -> Start:
    command = [
        *shlex.split(context.ours),
        *("inject", "--policy", str(policies.EXAMPLE), "-n", "noxus", "-f", str(file)),
    ]
    peak = cpu = 0.0
    begin = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        for _ in _chunks(process):
            # Read as it goes, since afterwards there is nothing to read: the last is the highest.
            with contextlib.suppress(OSError, IndexError):
                status = Path(f"/proc/{process.pid}/status").read_text()
                peak = int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6
                cpu = cpu_of(process.pid)
    if process.returncode != 0:
        raise SystemExit(f"{shlex.join(command)} failed")
    return Start(what, time.perf_counter() - begin, cpu, peak)


def _chunks(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    while chunk := os.read(process.stdout.fileno(), 65_536):
        yield chunk


def _pods(folder: Path, count: int) -> Path:
    """Write so many of the worker, as one would apply it."""
    pod: dict[str, Any] = bodies.worker()["request"]["object"]
    del pod["metadata"]["managedFields"]
    document = yaml.safe_dump(pod, sort_keys=False)
    file = folder / f"{count}.yaml"
    file.write_text("---\n".join([document] * count))
    return file


def _install(plane: ControlPlane) -> None:
    """Apply the manifests and the policy; nobody runs the Deployment's pods."""
    plane.kubectl("apply", "--server-side", "-k", ROOT / "manifests" / "base")
    plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
    plane.kubectl("apply", "-f", "-", stdin=json.dumps(policies.document()))


if __name__ == "__main__":
    alone(measure, "Measure start-up and memory.")
