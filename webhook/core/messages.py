"""Findings -> the warnings and the refusal that people read, within the API server's limits."""

from collections.abc import Iterable, Sequence
from typing import Final

from webhook.core.decision import Finding

# The API asks for at most 120 characters a warning, and drops what is over 4,096 for all webhooks
# of a request together: eight of ours are under a quarter of that.
MAX_WARNING: Final = 120
MAX_WARNINGS: Final = 8
MAX_REFUSALS: Final = 8


def clip(text: str, size: int = MAX_WARNING) -> str:
    """Shorten a text to a number of characters, at a word where there is one, with an ellipsis."""
    if len(text) <= size:
        return text
    head = text[: size - 1]
    cut = head.rfind(" ")
    return (head[:cut] if cut > size // 2 else head).rstrip(" ,;:(") + "…"


def warnings(texts: Iterable[str], prefix: str = "") -> tuple[str, ...]:
    """Clip, drop repeats, and let the last one count those that do not fit."""
    lines = list(dict.fromkeys(clip(prefix + text) for text in texts))
    if len(lines) <= MAX_WARNINGS:
        return tuple(lines)
    kept = MAX_WARNINGS - 1
    rest = f"{prefix}and {len(lines) - kept} more; see noxus-secrets explain"
    return (*lines[:kept], rest)


def refusal(findings: Sequence[Finding]) -> str:
    """Join refusals into the one message that the author of the pod reads."""
    if len(findings) == 1:
        return findings[0].message
    shown = findings[:MAX_REFUSALS]
    parts = [f"({i}) {finding.message}" for i, finding in enumerate(shown, 1)]
    if len(findings) > len(shown):
        parts.append(f"and {len(findings) - len(shown)} more")
    return f"{len(findings)} reasons: " + "; ".join(parts)
