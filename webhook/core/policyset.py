"""All policies together: each namespace is governed by one of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from webhook.core.names import NameMatcher, globs_overlap
from webhook.core.tables import CompiledPolicy

# Enough for every namespace of a large cluster; beyond, the table is begun anew.
_REMEMBERED = 16_384


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two policies that cover a namespace in common; the first of the two governs there."""

    governs: str
    yields: str
    namespaces: str


class PolicySet:
    """Policies in the order in which they govern: the older first, in files the earlier."""

    __slots__ = ("_governing", "_matchers", "generation", "policies")

    def __init__(self, policies: Sequence[CompiledPolicy], generation: int = 0) -> None:
        self.policies = tuple(policies)
        self.generation = generation
        self._matchers = tuple((NameMatcher(p.namespace_globs), p) for p in self.policies)
        self._governing: dict[str, CompiledPolicy | None] = {}

    def __len__(self) -> int:
        return len(self.policies)

    def govern(self, namespace: str) -> CompiledPolicy | None:
        """Return the policy that governs a namespace; None where none covers it."""
        try:
            return self._governing[namespace]
        except KeyError:
            pass
        policy = next((p for matcher, p in self._matchers if matcher.matches(namespace)), None)
        if len(self._governing) >= _REMEMBERED:
            self._governing.clear()
        self._governing[namespace] = policy
        return policy

    def conflicts(self) -> list[Conflict]:
        """Return the pairs that cover a namespace in common, each with a glob of the latter."""
        return [
            Conflict(older.name, younger.name, glob)
            for n, younger in enumerate(self.policies)
            for older in self.policies[:n]
            for glob in younger.namespace_globs
            if any(globs_overlap(glob, other) for other in older.namespace_globs)
        ]
