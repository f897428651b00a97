"""Which entry of a store fills which Secret, over all policies that are exported together."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from webhook.externalsecrets import template
from webhook.externalsecrets.objects import Filling
from webhook.externalsecrets.stores import Store
from webhook.externalsecrets.wanted import Wanted

StoreOf = Callable[[str], Store]  # the store as a namespace sees it; "" for the whole cluster


@dataclass(frozen=True, slots=True)
class Shared:
    """Entries that several policies fill a Secret from, so that its values are the same in each."""

    policies: tuple[str, ...]
    entries: tuple[str, ...]

    def __str__(self) -> str:
        """Say what that comes to, and how to have entries of their own."""
        many = f"the entries {', '.join(map(repr, self.entries))}"
        one = f"the entry {self.entries[0]!r}"
        return (
            f"policies {' and '.join(self.policies)} share {many if self.entries[1:] else one} of "
            "the store, so that their pods are given the same values: where that is not meant, put "
            "{policy} into --path-template"
        )


class Entries:
    """Fills in the template; keeps what is wrong with that, and who fills from what."""

    def __init__(self, store_of: StoreOf, path_template: str, problems: list[str]) -> None:
        """Take the list that what is wrong is added to."""
        self._store_of, self._template, self._problems = store_of, path_template, problems
        # entry -> the Secret that is filled from it, and by which policies
        self._readers: dict[str, tuple[str, dict[str, None]]] = {}

    def filling(self, each: Wanted, policy: str, namespace: str) -> Filling:
        """Return how a Secret of a policy is filled in a namespace."""
        entry = {
            scope: self._entry(each.secret, scope, policy, namespace)
            for scope in (each.owner, *(scope for _key, scope in each.keys or ()))
        }
        if each.keys is None:
            return Filling(each.secret, each.scopes, entry[each.owner])
        keys = tuple((key, entry[scope]) for key, scope in each.keys)
        return Filling(each.secret, each.scopes, None, keys)

    def shared(self) -> Iterator[Shared]:
        """Go through the entries of several policies, those of the same policies together."""
        found: dict[tuple[str, ...], list[str]] = {}
        for entry, (_secret, policies) in self._readers.items():
            if len(policies) > 1:
                found.setdefault(tuple(policies), []).append(entry)
        for names, entries in found.items():
            yield Shared(names, tuple(entries))

    def _entry(self, secret: str, scope: str, policy: str, namespace: str) -> str:
        store = self._store_of(namespace)
        key = template.fill(
            self._template,
            scope=store.word(scope),
            secret=secret,
            policy=policy,
            namespace=namespace,
        )
        if why := store.bad_key(key):
            self._problems.append(f"{key!r} for Secret {secret}: {why}: change --path-template")
        other, policies = self._readers.setdefault(key, (secret, {}))
        if other != secret:
            mend = "{secret}" if policy in policies else "{policy} or {secret}"
            self._problems.append(
                f"Secrets {other} and {secret} would both be filled from {key!r}: "
                f"put {mend} into --path-template"
            )
        policies[policy] = None
        return key
