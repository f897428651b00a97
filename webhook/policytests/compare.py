"""What is expected and what there is -> the differences, each with both sides."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from webhook.policytests.model import Expectation
from webhook.policytests.outcome import Outcome
from webhook.policytests.spelling import said

NOTHING_STORED = "nothing, since it is refused"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it should be; each side line by line, in order."""

    what: str
    expected: tuple[str, ...]
    got: tuple[str, ...]
    parts: bool = False  # what is expected are parts, which need not be all of what there is


@dataclass(frozen=True, slots=True)
class Row:
    """A line of two lists side by side; None: that side has nothing here."""

    expected: str | None
    got: str | None


def differences(expected: Expectation, got: Outcome) -> tuple[Difference, ...]:
    """Compare; what the expectation does not name is not looked at."""
    return tuple(_differences(expected, got))


def side_by_side(difference: Difference) -> tuple[Row, ...]:
    """Put what is the same on both sides into one row, and what is not into rows of its own."""
    left, right = difference.expected, difference.got
    rows: list[Row] = []
    matcher = SequenceMatcher(a=left, b=right, autojunk=False)
    for how, i1, i2, j1, j2 in matcher.get_opcodes():
        if how == "equal":
            rows += [Row(it, it) for it in left[i1:i2]]
        else:
            rows += [Row(it, None) for it in left[i1:i2]]
            rows += [Row(None, it) for it in right[j1:j2]]
    return tuple(rows)


def _differences(expected: Expectation, got: Outcome) -> Iterator[Difference]:
    words = (
        ("decision", expected.decision, got.verdict),
        ("reason", expected.reason, got.reason),
        ("role", expected.role, got.role),
        ("pool", expected.pool, got.pool),
    )
    for what, wanted, there in words:
        if wanted is not None and wanted != there:
            yield Difference(what, (wanted,), (there,))
    if expected.scopes is not None and expected.scopes != got.scopes:
        yield Difference("scopes", expected.scopes, got.scopes)
    sources = expected.env_from or {}
    named = {name: tuple(map(said, elements)) for name, elements in sources.items()}
    yield from _containers("envFrom", named, got.env_from)
    yield from _containers("env", expected.env or {}, got.env)
    if missing := _missing(expected.message or (), (got.message,)):
        yield Difference("message", missing, _lines(got.message), parts=True)
    if expected.warnings is not None and expected.warnings != got.warnings:
        yield Difference("warnings", expected.warnings, got.warnings)
    if missing := _missing(expected.warnings_contain or (), got.warnings):
        yield Difference("warningsContain", missing, got.warnings, parts=True)


def _containers(
    member: str,
    expected: Mapping[str, tuple[str, ...]],
    got: Mapping[str, tuple[str, ...]] | None,
) -> Iterator[Difference]:
    for name, wanted in expected.items():
        what = f"{member} of container {name!r}"
        if got is None:
            yield Difference(what, wanted, (NOTHING_STORED,))
        elif name not in got:
            there = f"there is no such container, only {', '.join(got) or 'none'}"
            yield Difference(what, wanted, (there,))
        elif wanted != got[name]:
            yield Difference(what, wanted, got[name])


def _missing(parts: tuple[str, ...], texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part for part in parts if not any(part in text for text in texts))


def _lines(text: str) -> tuple[str, ...]:
    return (text,) if text else ()
