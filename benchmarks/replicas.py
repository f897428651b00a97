"""Several replicas behind one address: how throughput grows, measured on two cores and modelled."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from benchmarks import bodies, checking, replicas_model, servers, workloads
from benchmarks.asking import ask_much
from benchmarks.charts import draw
from benchmarks.context import Context, alone
from benchmarks.processes import Cores, Running, free_port, running
from benchmarks.section import Row, Section
from benchmarks.variation import Variant

# Enough for four replicas to have two each, and less than the 25 that an API server keeps.
CONNECTIONS = 8


@dataclass(frozen=True)
class Layout:
    """How many replicas there are, and where they and the load generator run."""

    name: str
    replicas: int
    spread: bool = False  # over both cores, and the load generator too

    def core(self, replica: int, on: Cores) -> int:
        return on.client if self.spread and replica % 2 else on.server


ONE = Layout("1 replica on one core", 1)
TWO = Layout("2 replicas on two cores, and the load generator on both", 2, spread=True)
LAYOUTS = (
    ONE,
    Layout("2 replicas on one core", 2),
    Layout("4 replicas on one core", 4),
    Layout("1 replica on one core, and the load generator on both", 1, spread=True),
    TWO,
)


def measure(context: Context) -> Section:
    """Measure the layouts in interleaved rounds, and take the model's parameters from them."""
    rows = list(_rounds(context))
    parameters = replicas_model.parameters(rows, one=ONE.name, two=TWO.name)
    drawn = draw(replicas_model.charts(parameters), context.files)
    return Section(
        title="Several replicas behind one address",
        markdown=replicas_model.markdown(rows, parameters, drawn),
        rows=rows,
        goals=replicas_model.goals(rows, one=ONE.name, two=TWO.name),
        images=drawn,
    )


def _rounds(context: Context) -> Iterator[Row]:
    layouts = (ONE, TWO) if context.quick else LAYOUTS
    for number in range(context.rounds):
        turn = number % len(layouts)
        for layout in layouts[turn:] + layouts[:turn]:
            context.say(f"replicas, round {number + 1}: {layout.name}")
            yield {"round": number, "layout": layout.name, **_one(layout, context)}


def _one(layout: Layout, context: Context) -> Row:
    on = replace(context.cores, together=layout.spread)
    what = (workloads.WORKER.name, Variant.DIFFERENT, CONNECTIONS)
    workload = workloads.workload(context.files.folder, bodies.worker(), what, context.seconds)
    with contextlib.ExitStack() as stack:
        started = [
            stack.enter_context(_replica(context, layout.core(number, on)))
            for number in range(layout.replicas)
        ]
        generator = context.files.programs / "load"
        return ask_much(generator, workload, started, context.files.ca, on)


@contextlib.contextmanager
def _replica(context: Context, core: int) -> Iterator[Running]:
    files, port = context.files, free_port()
    ours: Sequence[servers.Server] = servers.servers(files, context.ours)
    log = files.folder / f"replica-{port}.log"
    body = bodies.encode(bodies.worker())
    first = partial(checking.ask, port, workloads.MUTATE, body, files.ca)
    with running(ours[0].command(port, free_port()), port, core, log, first) as started:
        yield started
    log.unlink()


if __name__ == "__main__":
    alone(measure, __doc__)
