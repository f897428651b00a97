"""Where a scope's Secrets have to be: what the policy and the scope say of namespaces, together."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from webhook.core.names import NameMatcher, globs_overlap

Patterns = tuple[str, ...] | None  # names and globs; None: every opted-in namespace


class Open(StrEnum):
    """Why the namespaces cannot be listed from the policy alone."""

    NO = "no"  # all of them are named
    POLICY = "policy"  # the policy covers globs, or everything; the scope itself has no limit
    SCOPE = "scope"  # the scope is limited to globs: a wall that someone meant


@dataclass(frozen=True, slots=True)
class Reach:
    """The namespaces that both the policy and some scopes cover."""

    policy: Patterns
    scopes: tuple[Patterns, ...]  # of each scope that reads the Secret; any one is enough

    def covers(self, namespace: str) -> bool:
        """Tell whether the Secret is wanted in this namespace."""
        return _matches(self.policy, namespace) and any(
            _matches(scope, namespace) for scope in self.scopes
        )

    def names(self) -> list[str]:
        """Return the namespaces that are written out, sorted."""
        written = {
            pattern
            for patterns in (self.policy, *self.scopes)
            for pattern in patterns or ()
            if not is_glob(pattern)
        }
        return sorted(filter(self.covers, written))

    def open(self) -> Open:
        """Tell whether there may be namespaces beyond those that are written out."""
        ways = {_open(self.policy, scope) for scope in self.scopes}
        return next((way for way in (Open.SCOPE, Open.POLICY) if way in ways), Open.NO)

    def globs(self) -> list[str]:
        """Return the globs that stand in the way of a list, sorted."""
        found = {
            pattern
            for patterns in (self.policy, *self.scopes)
            for pattern in patterns or ()
            if is_glob(pattern)
        }
        return sorted(found)


def is_glob(pattern: str) -> bool:
    """Tell a glob from a name."""
    return "*" in pattern or "?" in pattern


ANYWHERE: Final = ("*",)


def _matches(patterns: Patterns, namespace: str) -> bool:
    return patterns is None or NameMatcher(patterns).matches(namespace)


def _open(policy: Patterns, scope: Patterns) -> Open:
    both = [
        (left, right)
        for left in policy or ANYWHERE
        for right in scope or ANYWHERE
        if is_glob(left) and is_glob(right) and globs_overlap(left, right)
    ]
    if not both:
        return Open.NO
    return Open.POLICY if scope is None else Open.SCOPE
