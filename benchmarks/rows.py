"""All measurements of the comparison: by server, workload and round."""

from collections.abc import Sequence

from benchmarks.section import Row
from benchmarks.spread import Spread, spread

CPU, PER_SECOND = "cpuMicroseconds", "perSecond"
P50, P99, P999 = "p50Microseconds", "p99Microseconds", "p999Microseconds"


class Rows:
    """Answers what a table or a goal asks."""

    def __init__(self, rows: Sequence[Row], first: str | None = None) -> None:
        self._rows = rows
        found = dict.fromkeys(row["server"] for row in rows)
        # The first round tells the order, and ours is the first of it.
        self.servers = sorted(found, key=lambda name: name != first)
        self.workloads = list(dict.fromkeys(row["workload"] for row in rows))

    def values(self, server: str, workload: str, key: str) -> dict[int, float]:
        """Return round -> value; a measurement without an answer has no latency."""
        return {
            row["round"]: row[key]
            for row in self._rows
            if (row["server"], row["workload"]) == (server, workload) and key in row
        }

    def spread(self, server: str, workload: str, key: str, scale: float = 1) -> Spread | None:
        """Return the median of the rounds."""
        return spread([v * scale for v in self.values(server, workload, key).values()])

    def ratio(self, server: str, peer: str, workload: str, key: str) -> Spread | None:
        """Compare within each round, where both saw the same machine."""
        mine, theirs = (self.values(each, workload, key) for each in (server, peer))
        return spread([mine[n] / theirs[n] for n in mine if theirs.get(n)])
