"""What is asked in the side-by-side comparison: which body, which variant, by how many at once."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import bodies, variation
from benchmarks.asking import Workload
from benchmarks.bodies import Json
from benchmarks.variation import Variant

MUTATE, VALIDATE = "/mutate/enabled", "/validate/enabled"
CONNECTIONS = (1, 8, 25, 100)
# As many connections as the facts of earlier measurements had; an API server keeps 25 at most.
STANDARD = 8
WARM_REQUESTS = 200
LARGE = "2.9 MB"


@dataclass(frozen=True)
class Shape:
    """A body, and how to make it."""

    name: str
    review: Callable[[], Json]
    path: str = MUTATE


WORKER = Shape("worker", bodies.worker)
SHAPES = (
    WORKER,
    Shape("small", bodies.small),
    Shape("20 containers", bodies.many_containers),
    Shape("injected worker", bodies.injected, VALIDATE),
    Shape("update of a Deployment", bodies.update, VALIDATE),
    Shape(LARGE, bodies.large),
)


def name_of(shape: str, variant: Variant, connections: int) -> str:
    """Return the name of a workload, by which rows and tables know it."""
    verb = "validate: " if _shape(shape).path == VALIDATE else ""
    plural = "s" * (connections > 1)
    return f"{verb}{shape}, {variant.value}, {connections} connection{plural}"


def chosen(*, quick: bool) -> Iterator[tuple[str, Variant, int]]:
    """Say what is measured: shape, variant, connections. The large one comes last.

    The memory that it takes is then in no other figure.
    """
    for variant in Variant:
        for connections in CONNECTIONS:
            if not quick or connections != 25:
                yield WORKER.name, variant, connections
    for shape in ("small", "20 containers", "injected worker"):
        for variant in Variant:
            if not quick or shape == "injected worker":
                yield shape, variant, STANDARD
    # A workload is written by people, each time another: there are no replicas of it.
    yield "update of a Deployment", Variant.DIFFERENT, STANDARD
    yield LARGE, Variant.DIFFERENT, 1


def written(folder: Path, seconds: float, *, quick: bool) -> list[Workload]:
    """Write bodies and what varies in them, and return the workloads."""
    reviews = {shape.name: shape.review() for shape in SHAPES}
    return [
        workload(folder, reviews[shape], (shape, variant, connections), seconds)
        for shape, variant, connections in chosen(quick=quick)
    ]


def workload(
    folder: Path, review: Json, what: tuple[str, Variant, int], seconds: float
) -> Workload:
    """Write one body and what varies in it, and return the workload."""
    shape, variant, connections = what
    body = folder / f"{shape.replace(' ', '-')}.json"
    vary = folder / f"{shape.replace(' ', '-')}.{variant.name.lower()}.json"
    body.write_bytes(bodies.encode(review))
    vary.write_text(json.dumps(variation.marks(review, variant)))
    return Workload(
        name=name_of(shape, variant, connections),
        body=body,
        vary=vary,
        path=_shape(shape).path,
        connections=connections,
        seconds=seconds,
        warmup=2 if shape == LARGE else WARM_REQUESTS,
    )


def sizes() -> dict[str, int]:
    """Return shape -> bytes of its body."""
    return {shape.name: len(bodies.encode(shape.review())) for shape in SHAPES}


def _shape(name: str) -> Shape:
    return next(shape for shape in SHAPES if shape.name == name)
