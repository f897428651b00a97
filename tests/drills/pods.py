"""The pods of the load: what is created, and what must become of each."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.e2e.world import container, frontend, sources, worker

Json = Any
BATCH = "drill/batch"
CASE = "drill/case"


@dataclass(frozen=True)
class Case:
    """A kind of pod; `refused` is part of the message where the policy says no, else empty."""

    name: str
    pod: Json
    sources: tuple[str, ...] = ()
    refused: str = ""


# Under the example policy. Three of four are given something, each in another way; one is refused.
CASES = {
    case.name: case
    for case in (
        Case("frontend", frontend(), ("app-env",)),
        Case("worker", worker(), ("app-env", "worker-env", "tenant-a-llm")),
        Case(
            "own",  # it brings a managed source in the wrong place, and one of its own
            worker(container("app", "tenant-b-llm", "custom", "app-env"), pool="tenant-b"),
            ("app-env", "custom", "worker-env", "tenant-b-llm"),
        ),
        Case(
            "greedy",
            frontend(container("app", "worker-env")),
            refused="container 'app' may not read Secret 'worker-env'",
        ),
    )
}


def stream() -> Iterator[tuple[int, Case]]:
    """Number pods for ever, of all cases in turn."""
    return zip(itertools.count(), itertools.cycle(CASES.values()))


def named(case: Case, name: str, batch: int) -> Json:
    """Return a pod of a case under its name, with what it takes to find it again."""
    meta = case.pod["metadata"]
    labels = {**meta["labels"], BATCH: str(batch), CASE: case.name}
    return {**case.pod, "metadata": {**meta, "name": name, "labels": labels}}


def is_right(pod: Json) -> bool:
    """Whether a stored pod has exactly the sources that it must have."""
    case = CASES[pod["metadata"]["labels"][CASE]]
    return not case.refused and sources(pod) == {"app": list(case.sources)}
