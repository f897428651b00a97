"""Whether it pays to look a review up: it does not where each one is another.

Looking up what is not known costs half of a decision (the search for what is cut out, and the hash
of all the rest), and an answer from memory saves two thirds of one. So it pays while about half of
the reviews are known. Where far fewer are, such as with Jobs that carry their input in their spec,
most reviews are decided about at once, and only a few are looked up, to see whether that changed.

It counts, and asks neither clock nor chance: what is looked up depends on what came before alone.
"""

from typing import Final

# So many more reviews may be unknown than known before looking up ends. Whoever scales a few
# workloads after much else is still known from the third pod on; what it costs at most, once, is
# some 2 ms.
MOST: Final = 128
# Then one of so many is looked up: it costs 1.5 µs for each review, and a workload that is scaled
# up is noticed by its 26th pod at the latest. A prime, so that where requests come in a rhythm,
# such as those of two hooks by turns, each gets its turn.
EVERY: Final = 13


class Patience:
    """What is left of the willingness to look up in vain."""

    def __init__(self, most: int = MOST, every: int = EVERY) -> None:
        """Take how many lookups may be in vain, and which of the others is one; both at least 1."""
        self._most, self._every = most, every
        self.restore()

    def restore(self) -> None:
        """Begin anew, with all of it."""
        self._left, self._passed = self._most, 0

    def looks(self) -> bool:
        """Tell whether to look this one up."""
        if self._left:
            return True
        self._passed += 1
        return self._passed % self._every == 0

    def known(self) -> None:
        """Note a lookup that paid, or will: a single one ends the time of few lookups."""
        if self._left:
            self._left = min(self._left + 1, self._most)
        else:
            self.restore()

    def unknown(self) -> None:
        """Note one that was in vain."""
        if self._left:
            self._left -= 1
