"""How the cost of a decision grows with the policy and with the pod."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from benchmarks import bodies, policies
from benchmarks.charts import Lines, draw, shown
from benchmarks.context import Context, alone
from benchmarks.section import Goal, Row, Section, cell, table
from benchmarks.spread import Spread, spread
from webhook.core.compile import compile_policy
from webhook.core.policy import Policy
from webhook.core.policyset import PolicySet
from webhook.core.words import Hook, NamespaceMode
from webhook.wire.answer import answer

Case = tuple[bytes, PolicySet]

LIMIT = 1.05  # of ten thousand pools to one: it is a look-up
SECONDS = 0.1  # for one figure: thousands of decisions
POOLS, GLOBS, SCOPES, SOURCES = "pools", "globs", "scopes", "sources"
SIZES: Mapping[str, tuple[int, ...]] = {
    POOLS: (1, 100, 10_000),
    GLOBS: (1, 100, 10_000),
    SCOPES: (1, 100, 1_000),
    SOURCES: (1, 100, 1_000),
}
MEANING = {
    POOLS: "pools of the policy",
    GLOBS: "globs in `namespaces` of the pod's own pool, of which the last matches",
    SCOPES: "scopes of the policy, which give the pod nothing",
    SOURCES: "`envFrom` elements of the pod's own",
}
_ABOUT = """\
The decision alone, bytes in and bytes out, without the memory of answers: µs of CPU. One thing
grows in each row, and all else is the worker and the policy of the other parts."""


def measure(context: Context) -> Section:
    """Measure each curve; rounds are interleaved."""
    rows: list[Row] = []
    cases = {(what, size): _CASES[what](size) for what, sizes in SIZES.items() for size in sizes}
    for number in range(context.rounds):
        context.say(f"scale: round {number + 1} of {context.rounds}")
        for (what, size), case in cases.items():
            took = microseconds(partial(_decide, *case))
            rows.append({"round": number, "what": what, "size": size, "microseconds": took})
    chart = Lines("A decision", "how many", "µs of CPU", _curves(rows), log_x=True, log_y=True)
    images = draw({"scale.svg": chart}, context.files)
    seen = shown(images, {"scale.svg": "µs of a decision by how many there are of something"})
    return Section(
        "Scale", f"{_ABOUT}\n\n{table(_table(rows))}\n\n{seen}", rows, goals(rows), images
    )


def goals(rows: Sequence[Row]) -> list[Goal]:
    """Return the promise about pools, formed within each round."""
    few, many = (_values(rows, POOLS, size) for size in (SIZES[POOLS][0], SIZES[POOLS][-1]))
    ratios = [many[n] / few[n] for n in few if n in many]
    return [Goal("a decision with 10,000 pools, to one with 1", LIMIT, spread(ratios))]


def microseconds(decide: Callable[[], object]) -> float:
    """Return the CPU time of one call, of the best of three batches: noise only ever adds."""
    begin = time.process_time()
    decide()
    count = max(1, int(SECONDS / 3 / max(time.process_time() - begin, 1e-6)))
    best = float("inf")
    for _ in range(3):
        begin = time.process_time()
        for _ in range(count):
            decide()
        best = min(best, (time.process_time() - begin) / count)
    return best * 1e6


def _decide(body: bytes, table_of: PolicySet) -> object:
    return answer(body, hook=Hook.MUTATE, mode=NamespaceMode.ENABLED, policies=table_of)


def _compiled(document: Mapping[str, Any]) -> PolicySet:
    return PolicySet([compile_policy(Policy.model_validate_json(json.dumps(document)))])


def _pools(size: int) -> Case:
    return bodies.encode(bodies.worker()), policies.compiled(size)


def _globs(size: int) -> Case:
    document = policies.document(1)
    globs = [f"team-{n}-*" for n in range(1, size)]
    document["spec"]["worker"]["pools"]["tenant-a"]["namespaces"] = [*globs, "nox*"]
    return bodies.encode(bodies.worker()), _compiled(document)


def _scopes(size: int) -> Case:
    document = policies.document(1)
    document["spec"]["scopes"] += [
        {"name": f"more-{n}", "roles": ["beat"], "envFrom": [{"secretRef": {"name": f"more-{n}"}}]}
        for n in range(size)
    ]
    return bodies.encode(bodies.worker()), _compiled(document)


def _sources(size: int) -> Case:
    return bodies.encode(bodies.many_sources(size)), policies.compiled(1)


_CASES: Mapping[str, Callable[[int], Case]] = {
    POOLS: _pools,
    GLOBS: _globs,
    SCOPES: _scopes,
    SOURCES: _sources,
}


def _curves(rows: Sequence[Row]) -> dict[str, dict[float, Spread]]:
    return {
        what: {
            size: found
            for size in sizes
            if (found := spread([*_values(rows, what, size).values()])) is not None
        }
        for what, sizes in SIZES.items()
    }


def _table(rows: Sequence[Row]) -> Iterator[list[str]]:
    yield ["", "few", "more", "many"]
    for what, sizes in SIZES.items():
        figures = [spread([*_values(rows, what, size).values()]) for size in sizes]
        cells = [f"{size:,}: {cell(it, 1)}" for size, it in zip(sizes, figures, strict=True)]
        yield [MEANING[what], *cells]


def _values(rows: Sequence[Row], what: str, size: int) -> dict[int, float]:
    return {
        row["round"]: row["microseconds"]
        for row in rows
        if (row["what"], row["size"]) == (what, size)
    }


if __name__ == "__main__":
    alone(measure, __doc__)
