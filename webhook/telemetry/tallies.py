"""Counts decisions and their times in plain numbers, which cost two fifths of the library's own.

The library's counters and histograms are made for several threads and any labels: each decision
would go through ten of their functions and two locks (docs/performance.md). Decisions are counted
in the event loop alone, and read there.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Final

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

# hook, mode, decision, reason
Series = tuple[str, str, str, str]


class Tallies(Collector):
    """The decisions of one server, by what became of them, and how long they took."""

    def __init__(
        self,
        *,
        known: Iterable[Series],
        hooks: Iterable[str],
        buckets: tuple[float, ...],
        most: int,
    ) -> None:
        """Take the series that are there from the start, and how many there may be in all.

        `buckets` are upper bounds in seconds, ascending; what is above the last is counted, too.
        """
        self._counts: Final = dict.fromkeys(known, 0)
        self._buckets, self._most = buckets, most
        self._times: Final = {hook: [0] * (len(buckets) + 1) for hook in hooks}
        self._seconds: Final = dict.fromkeys(self._times, 0.0)

    def count(self, series: Series, seconds: float) -> None:
        """Count a decision; one too many of series is counted with all others of its hook."""
        counts = self._counts
        if series not in counts:
            if len(counts) >= self._most:
                series = (series[0], "other", "other", "Other")
            counts.setdefault(series, 0)
        counts[series] += 1
        hook = series[0]
        self._times[hook][bisect_left(self._buckets, seconds)] += 1
        self._seconds[hook] += seconds

    def collect(self) -> Iterator[Metric]:
        """Give what Prometheus reads."""
        reviews = CounterMetricFamily(
            "noxus_secrets_admission_reviews",
            "Decisions.",
            labels=("hook", "mode", "decision", "reason"),
        )
        for series, count in self._counts.items():
            reviews.add_metric(series, count)
        yield reviews
        durations = HistogramMetricFamily(
            "noxus_secrets_admission_duration_seconds",
            "From a request's headers to its answer, its body's arrival included.",
            labels=("hook",),
        )
        bounds = [*map(floatToGoString, self._buckets), "+Inf"]
        for hook, times in self._times.items():
            buckets = list(zip(bounds, accumulate(times), strict=True))
            durations.add_metric((hook,), buckets, sum_value=self._seconds[hook])
        yield durations
