"""Several rounds of one figure: the median, with the lowest and the highest of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Spread:
    """A median of all rounds, with the lowest and the highest of them."""

    middle: float
    low: float
    high: float

    def text(self, digits: int = 0) -> str:
        """Write it as a cell of a table: `12 [11-14]`."""
        numbers = (f"{n:,.{digits}f}" for n in (self.middle, self.low, self.high))
        return "{} [{}-{}]".format(*numbers)


def spread(values: Sequence[float]) -> Spread | None:
    """Return None where nothing was measured."""
    return Spread(median(values), min(values), max(values)) if values else None
