"""What two policies cover, told by examples: globs over names, and names that stand for them."""

from collections import deque
from collections.abc import Iterable
from functools import lru_cache
from itertools import combinations

_ANY = "x"  # any letter will do where a glob leaves it open


def is_glob(pattern: str) -> bool:
    """Tell whether a pattern stands for several names."""
    return "*" in pattern or "?" in pattern


@lru_cache(maxsize=4096)  # each pair of suffixes once: several '*' would cost powers of the length
def covers(wide: str, narrow: str) -> bool:
    """Tell whether every name that matches one glob matches the other.

    Never true where it is not so. `narrow` is matched as a text in which '*' is a character of its
    own that no '?' stands for.
    """
    if not wide:
        return not narrow
    if wide[0] == "*":
        return covers(wide[1:], narrow) or (bool(narrow) and covers(wide, narrow[1:]))
    if not narrow or narrow[0] == "*":
        return False
    return wide[0] in ("?", narrow[0]) and covers(wide[1:], narrow[1:])


def examples(patterns: Iterable[str]) -> set[str]:
    """Return names such that every pattern, and every two of them together, match one of them."""
    distinct = set(patterns)
    globs = sorted(pattern for pattern in distinct if is_glob(pattern))
    found = {pattern for pattern in distinct if not is_glob(pattern)}
    found.update(pattern.replace("*", "").replace("?", _ANY) for pattern in globs)
    found.update(pattern.replace("*", _ANY).replace("?", _ANY) for pattern in globs)
    found.update(name for pair in combinations(globs, 2) if (name := common(*pair)) is not None)
    return found - {""}


def common(left: str, right: str) -> str | None:
    """Return the shortest name that matches both globs; None: there is none."""
    waiting = deque([(0, 0, "")])
    seen = {(0, 0)}
    while waiting:
        i, j, name = waiting.popleft()
        if i == len(left) and j == len(right):
            return name
        for at_left, at_right, added in _steps(left[i:], right[j:]):
            following = (i + at_left, j + at_right)
            if following not in seen:
                seen.add(following)
                # A step without a letter is tried at once, so that the shortest name comes first.
                add = waiting.append if added else waiting.appendleft
                add((*following, name + added))
    return None


def _steps(left: str, right: str) -> Iterable[tuple[int, int, str]]:
    """Yield how far each side can move, and the letter that both then stand for."""
    a, b = left[:1], right[:1]
    if a == "*":
        yield 1, 0, ""
    if b == "*":
        yield 0, 1, ""
    if a and b and (a in "*?" or b in "*?" or a == b):
        letter = b if a in "*?" else a
        yield a != "*", b != "*", _ANY if letter in "*?" else letter
