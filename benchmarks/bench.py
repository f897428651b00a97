"""Our webhook beside others, on one machine, in one go; see README.md.

Writes report.json and report.md into .cache/benchmarks and prints the latter.
"""

import argparse
import json
import os
import platform
import shlex
import sys
import sysconfig
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import bodies, checking, servers
from benchmarks.asking import Workload, ask_much
from benchmarks.processes import Cores, cores, free_port, running
from benchmarks.report import markdown
from benchmarks.section import Row

ROOT = Path(__file__).resolve().parents[1]
MUTATE, VALIDATE = "/mutate/enabled", "/validate/enabled"


def main() -> None:
    args = _arguments()
    files = servers.Files(args.out.resolve())
    files.folder.mkdir(parents=True, exist_ok=True)
    servers.build(files)
    servers.prepare(files, args.ours)
    compared = [s for s in servers.servers(files, args.ours) if _chosen(s.name, args.only)]
    reviews = _write_bodies(files.folder)
    workloads = _workloads(files.folder, args)
    where = cores()
    report: dict[str, Any] = {
        "startedAt": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": _machine(where),
        "settings": {"rounds": args.rounds, "seconds": args.seconds, "budget": args.budget},
        "bodies": {name: len(bodies.encode(review)) for name, review in reviews.items()},
        "roundsDone": 0,
        "rows": [],
    }
    begin = time.monotonic()
    for number in range(args.rounds):
        spent = time.monotonic() - begin
        if number and spent * (number + 1) / number > args.budget:
            print(f"{number} rounds took {spent:.0f} s; no time for another one", file=sys.stderr)
            break
        turn = number % len(compared)  # nobody is always the first, or always behind the same
        for server in compared[turn:] + compared[:turn]:
            print(f"round {number + 1}: {server.name}", file=sys.stderr)
            rows = _measure(server, workloads, reviews, files, where)
            report["rows"] += [{"round": number, "server": server.name, **row} for row in rows]
        report["roundsDone"] = number + 1
    order = {server.name: n for n, server in enumerate(compared)}
    report["rows"].sort(key=lambda row: (row["round"], order[row["server"]]))
    (files.folder / "report.json").write_text(json.dumps(report, indent=1))
    text = markdown(report)
    (files.folder / "report.md").write_text(text)
    print(text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--rounds", type=int, default=5, help="(%(default)s)")
    add("--seconds", type=float, default=1.5, help="of load for each figure (%(default)s)")
    add("--requests", type=int, default=100_000, help="for each figure at most (%(default)s)")
    add("--budget", type=float, default=280, help="seconds for all rounds (%(default)s)")
    add("--only", action="append", default=[], help="servers whose name contains this")
    add("--out", type=Path, default=ROOT / ".cache" / "benchmarks", help="folder of the report")
    beside = Path(sys.executable).with_name("noxus-secrets")
    add("--ours", default=shlex.quote(str(beside)), help="our command, of another build, say")
    return parser.parse_args()


def _chosen(name: str, only: list[str]) -> bool:
    return not only or any(part in name for part in only)


def _write_bodies(folder: Path) -> dict[str, bodies.Json]:
    """Write what is sent, and return it."""
    worker = bodies.worker()
    final = bodies.worker()
    final["request"]["object"] = checking.expected(worker["request"]["object"])
    reviews = {
        "worker": worker,
        "20 containers": bodies.many_containers(),
        "2.9 MB": bodies.large(),
        "injected worker": final,
    }
    for name, review in reviews.items():
        _file(folder, name).write_bytes(bodies.encode(review))
    return reviews


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name.replace(' ', '-')}.json"


def _workloads(folder: Path, args: argparse.Namespace) -> list[Workload]:
    def each(body: str, connections: int, *, path: str = MUTATE, warmup: int = 200) -> Workload:
        name = f"{body}, {connections} connection{'s' * (connections > 1)}"
        name = f"validate: {name}" if path == VALIDATE else name
        file = _file(folder, body)
        return Workload(name, file, path, connections, args.requests, args.seconds, warmup)

    return [
        *(each("worker", connections) for connections in (1, 8, 25, 100)),
        each("20 containers", 8),
        each("injected worker", 8, path=VALIDATE),
        each("2.9 MB", 1, warmup=2),  # the last: the memory that it takes is in no other figure
    ]


def _measure(
    server: servers.Server,
    workloads: list[Workload],
    reviews: dict[str, bodies.Json],
    files: servers.Files,
    where: Cores,
) -> list[Row]:
    port = free_port()
    command = server.command(port, free_port())
    log = files.folder / "server.log"
    worker = reviews["worker"]
    first = partial(checking.ask, port, MUTATE, bodies.encode(worker), files.ca)
    rows = []
    with running(command, port, where.server, log, first) as started:
        for name in ("worker", "20 containers", "2.9 MB"):
            review = reviews[name]
            answer = checking.ask(port, MUTATE, bodies.encode(review), files.ca)
            checking.check(review, answer, injects=server.injects)
        for workload in workloads:
            if workload.path == VALIDATE and not server.validates:
                continue
            row = ask_much(files.programs / "load", workload, started, files.ca, where)
            rows.append({**row, "startSeconds": started.start_seconds})
    log.unlink()  # a line a request adds up
    return rows


def _machine(where: Cores) -> dict[str, Any]:
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "cpu": models[0] if models else "unknown processor",
        "cores": os.cpu_count(),
        "separateCores": where.separate,
        # How Python was compiled moves our own figures: distributions and images optimise it.
        "pythonOptimised": "--enable-optimizations"
        in (sysconfig.get_config_var("CONFIG_ARGS") or ""),
        "loadAverage": os.getloadavg()[0],
    }


if __name__ == "__main__":
    main()
