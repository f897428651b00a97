"""How long to wait before trying again."""

from collections.abc import Callable
from typing import Final

# The first wait lets a restarted API server be found again within the second; the longest one is
# what client-go's reflectors use, so that a thousand of us do not keep a sick API server down.
FIRST: Final = 0.1  # seconds
LONGEST: Final = 30.0
FACTOR: Final = 2.0


class Backoff:
    """Exponential, with jitter: replicas that failed together do not come back together."""

    def __init__(
        self, *, random: Callable[[], float], first: float = FIRST, longest: float = LONGEST
    ) -> None:
        """Take a source of numbers in [0, 1)."""
        self._random, self._first, self._longest = random, first, longest
        self._next = first

    def fail(self) -> float:
        """Note a failure; returns the seconds to wait, between half of the step and all of it."""
        step, self._next = self._next, min(self._next * FACTOR, self._longest)
        return step * (0.5 + self._random() / 2)

    def succeed(self) -> None:
        """Note a success: the next wait is a short one."""
        self._next = self._first
