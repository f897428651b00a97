"""What a pod's creation costs at a real API server: without a webhook, with ours, with others."""

import json
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmarks import apiserver_kyverno as kyverno
from benchmarks.apiserver_report import CLIENTS, section
from benchmarks.apiserver_stage import Stage
from benchmarks.apiserver_variants import Variant, variants
from benchmarks.context import Context, alone
from benchmarks.section import Row, Section
from tests.controlplane.plane import ControlPlane
from tests.controlplane.processes import Program

SLICES = 6  # of each namespace: short enough that a minute's noise meets both
WARMUP = 0.5  # seconds: connections, and what the API server prepares when it first meets a hook

# A new MutatingAdmissionPolicy makes the API server work by itself: 0.4 s of CPU, from one second
# after it is in force to two and a half. It looks idle before, so there is nothing to wait for but
# time; all variants wait alike.
SETTLE = 4.0


def measure(context: Context) -> Section:
    """Measure all variants in interleaved rounds, or those that `context.only` names parts of."""
    rows: list[Row] = []
    with _sharing(context) as count, ControlPlane() as plane, Stage(plane) as stage:
        compared, notes = _compared(context, stage)
        before = os.getloadavg()[0]
        for number in range(context.rounds):
            turn = number % len(compared)  # nobody is always the first, or behind the same
            for variant in compared[turn:] + compared[:turn]:
                context.say(f"API server, round {number + 1}: {variant.name}")
                rows += _measure(context, stage, variant, number)
    notes.append(
        f"Load average: {before:.1f} before, {os.getloadavg()[0]:.1f} after; ours is 2 to 3."
    )
    order = {variant.name: n for n, variant in enumerate(compared)}
    rows.sort(key=lambda row: (row["round"], order[row["variant"]]))
    return section(rows, cores=count, seconds=context.seconds, notes=notes)


def _compared(context: Context, stage: Stage) -> tuple[list[Variant], list[str]]:
    """Choose, and prepare Kyverno where it is chosen; also returns what the report has to say."""

    def chosen(name: str) -> bool:
        return not context.only or any(part in name for part in context.only)

    compared = [each for each in variants(context.files, context.ours) if chosen(each.name)]
    if not chosen(kyverno.KYVERNO):
        return compared, []
    if context.quick and not (context.files.programs / "kyverno").exists():
        return compared, ["Kyverno is left out: it takes five minutes to build."]
    context.say("Kyverno is built, which takes five minutes the first time")
    compared.append(kyverno.variant(kyverno.build(context.files.programs)))
    kyverno.install(stage)
    return compared, []


@contextmanager
def _sharing(context: Context) -> Iterator[int]:
    """Let all programs of this part share the same two cores; yields how many they are."""
    before = os.sched_getaffinity(0)
    shared = {context.cores.server, context.cores.client}
    os.sched_setaffinity(0, shared)  # whatever we start inherits it
    try:
        yield len(shared)
    finally:
        os.sched_setaffinity(0, before)


def _measure(context: Context, stage: Stage, variant: Variant, number: int) -> list[Row]:
    stage.prove(injects=False, called=())  # what was before is gone
    with variant.start(stage) as program:
        stage.prove(injects=variant.injects, called=variant.called, program=program)
        time.sleep(SETTLE)
        return [
            {
                "round": number,
                "variant": variant.name,
                "clients": clients,
                **_load(context, stage, variant, program, clients),
            }
            for clients in CLIENTS
        ]


def _load(
    context: Context, stage: Stage, variant: Variant, program: Program | None, clients: int
) -> Row:
    pids = {"apiserver": stage.plane.pid("kube-apiserver"), "etcd": stage.plane.pid("etcd")}
    if program is not None:
        pids["webhook"] = program.pid
    command = [
        str(context.files.programs / "pods"),
        *stage.client_flags(),
        f"-injects={str(variant.injects).lower()}",
        f"-clients={clients}",
        f"-seconds={context.seconds}",
        f"-warmup={WARMUP}",
        f"-slices={SLICES}",
        f"-pids={','.join(f'{name}={pid}' for name, pid in pids.items())}",
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return flat(json.loads(done.stdout), processes=("apiserver", "etcd", "webhook"))


def flat(told: dict[str, Row], processes: Sequence[str]) -> Row:
    """Return what the load client tells as one row: plainP50, hookedCpu_webhook, ...; in µs."""
    row: Row = {}
    for where, figures in told.items():
        row[f"{where}Requests"] = figures["requests"]
        row[f"{where}Errors"] = figures["errors"]
        row[f"{where}FirstError"] = figures.get("firstError", "")
        row[f"{where}PerSecond"] = figures["requests"] / figures["seconds"]
        row |= {f"{where}{name.upper()}": value for name, value in figures["latency"].items()}
        row |= {f"{where}Cpu_{name}": figures["cpu"].get(name, 0.0) for name in processes}
    return row


if __name__ == "__main__":
    alone(measure, __doc__.splitlines()[0])
