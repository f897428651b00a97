"""docs/metrics.md, from the registry: `python -m tools.metrics_reference > docs/metrics.md`."""

import sys
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Metric

from webhook.telemetry.cluster_metrics import ClusterMetrics
from webhook.telemetry.memo_metrics import RESULTS, MemoMetrics
from webhook.telemetry.metrics import Metrics

HEAD = """\
# The metrics

Each replica serves its own at `/metrics` on its health port (8080), as Prometheus text. No label
has an unbounded set of values, and none comes from a pod. Series of counters are there from the
start, at 0, so that `rate()` sees the first increase.
[operations.md](operations.md#how-to-read-the-metrics) tells how to read them. This page is
generated: `python -m tools.metrics_reference > docs/metrics.md`.

"""
OPEN = "NAME"  # what a label is given here that takes its values from outside


def registry(*, cluster: bool) -> CollectorRegistry:
    """Return the registry of a server, with or without an API server to talk to."""
    made = CollectorRegistry()
    Metrics(made, version=OPEN)
    MemoMetrics(made, lambda: dict.fromkeys(RESULTS, 0))
    if cluster:
        ClusterMetrics(made).policies_in_force({OPEN: 1}, invalid=0, conflicts=0)
    return made


def names() -> set[str]:
    """Return the name of every series, as a query would have it."""
    return {sample.name for it in registry(cluster=True).collect() for sample in it.samples}


def reference() -> str:
    """Return the whole page."""
    every = list(registry(cluster=False).collect())
    ours = [it for it in every if it.name.startswith("noxus_secrets_")]
    known = {it.name for it in every}
    cluster = [it for it in registry(cluster=True).collect() if it.name not in known]
    process = [it for it in every if it not in ours]
    return HEAD + "\n".join(
        [
            *_section("Of every server", ours),
            *_section("Of a server that talks to the API server", cluster),
            *_section("Of the process", process),
        ]
    )


def _section(title: str, metrics: Iterable[Metric]) -> Iterator[str]:
    yield f"## {title}\n"
    yield "| metric | type | labels | meaning |"
    yield "|---|---|---|---|"
    for metric in metrics:
        total = "_total" if metric.type == "counter" else ""
        text = metric.documentation.replace("|", "\\|")
        yield f"| `{metric.name}{total}` | {metric.type} | {_labels(metric)} | {text} |"
    yield ""


def _labels(metric: Metric) -> str:
    values: dict[str, dict[str, None]] = {}
    for sample in metric.samples:
        for label, value in sample.labels.items():
            values.setdefault(label, {})[value] = None
    values.pop("le", None)  # of a histogram's buckets
    return "; ".join(f"`{label}`{_values(list(found))}" for label, found in values.items())


def _values(found: list[str]) -> str:
    return "" if found == [OPEN] else f": {', '.join(found)}"


if __name__ == "__main__":
    sys.stdout.write(reference())
