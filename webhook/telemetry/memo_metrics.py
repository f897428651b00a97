"""How often the memory of answers knew a review; read when Prometheus asks."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

RESULTS: Final = ("hit", "miss", "unfit", "skipped")


class MemoMetrics(Collector):
    """Reads the counts of a memo."""

    def __init__(
        self, registry: CollectorRegistry, counts: Callable[[], Mapping[str, int]]
    ) -> None:
        """Register with a registry; `counts` gives a number for each of RESULTS."""
        self._counts = counts
        registry.register(self)

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Give the one metric."""
        family = CounterMetricFamily(
            "noxus_secrets_memo",
            "Reviews whose answer was known, was not, is never kept, or was not looked up, since "
            "hardly any was known of late.",
            labels=("result",),
        )
        counts = self._counts()
        for result in RESULTS:
            family.add_metric((result,), counts[result])
        yield family
