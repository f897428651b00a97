"""A token bucket: so many at once, and then one in so many seconds."""

from collections.abc import Callable


class TokenBucket:
    """Full at first; holds `burst` tokens and gets one back each `every` seconds."""

    def __init__(self, *, burst: int, every: float, clock: Callable[[], float]) -> None:
        """Take a monotonic clock in seconds."""
        self._burst, self._every, self._clock = burst, every, clock
        self._tokens, self._counted_at = float(burst), clock()

    def take(self) -> bool:
        """Take a token, if there is one."""
        if self.wait() > 0:
            return False
        self._tokens -= 1
        return True

    def wait(self) -> float:
        """Return the seconds until there is a token; 0: now."""
        now = self._clock()
        gained = (now - self._counted_at) / self._every
        self._tokens, self._counted_at = min(self._tokens + gained, float(self._burst)), now
        return max(0.0, (1 - self._tokens) * self._every)
