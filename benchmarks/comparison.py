"""The side-by-side comparison: every server, every workload, in interleaved rounds."""

import time
from collections.abc import Iterator
from functools import partial

from benchmarks import bodies, checking, comparison_goals, comparison_tables, servers, workloads
from benchmarks.asking import Workload, ask_much
from benchmarks.charts import draw
from benchmarks.context import Context, alone
from benchmarks.processes import free_port, running
from benchmarks.section import Row, Section

# Of the fifteen minutes of the whole report; the rest is for the other parts.
BUDGET_SECONDS = 300.0
_CHECKED = (bodies.worker, bodies.small, bodies.many_containers, bodies.large)


def measure(context: Context) -> Section:
    """Measure everything, and hand over tables, plots and goals."""
    rows = list(_rounds(context))
    drawn = draw(comparison_tables.charts(rows), context.files)
    return Section(
        title="Side by side",
        markdown=comparison_tables.markdown(rows, drawn),
        rows=rows,
        goals=comparison_goals.goals(rows),
        images=drawn,
    )


def _rounds(context: Context) -> Iterator[Row]:
    compared = [
        server
        for server in servers.servers(context.files, context.ours)
        if not context.only or any(part in server.name for part in context.only)
    ]
    asked = workloads.written(context.files.folder, context.seconds, quick=context.quick)
    begin = time.monotonic()
    for number in range(context.rounds):
        spent = time.monotonic() - begin
        if number and spent * (number + 1) / number > BUDGET_SECONDS:
            context.say(f"{number} rounds took {spent:.0f} s; no time for another one")
            return
        turn = number % len(compared)  # nobody is always the first, or always behind the same
        for server in compared[turn:] + compared[:turn]:
            context.say(f"round {number + 1}: {server.name}")
            for row in _one(server, asked, context):
                yield {"round": number, "server": server.name, **row}


def _one(server: servers.Server, asked: list[Workload], context: Context) -> Iterator[Row]:
    """Start one server, check its answers, and ask it everything."""
    files, port = context.files, free_port()
    command = server.command(port, free_port())
    log = files.folder / f"server-{port}.log"
    worker = bodies.encode(bodies.worker())
    first = partial(checking.ask, port, workloads.MUTATE, worker, files.ca)
    with running(command, port, context.cores.server, log, first) as started:
        for make in _CHECKED:
            review = make()
            body = bodies.encode(review)
            if server.takes(len(body)):
                answer = checking.ask(port, workloads.MUTATE, body, files.ca)
                checking.check(review, answer, injects=server.injects)
        for workload in asked:
            if workload.path == workloads.VALIDATE and not server.validates:
                continue
            if not server.takes(workload.body.stat().st_size):
                continue
            row = ask_much(files.programs / "load", workload, [started], files.ca, context.cores)
            yield {**row, "startSeconds": started.start_seconds}
    log.unlink()  # a line a request adds up


if __name__ == "__main__":
    alone(measure, __doc__)
