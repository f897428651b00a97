"""Compares what two sets of policies say of everything that is there, one object after the other.

Only what changes is kept. It takes what an `Auditor` takes, in the same order.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from webhook.audit.auditor import place
from webhook.audit.changes import ContainerChange, Order, Plan, WorkloadChange
from webhook.audit.judge import Judgement, judge, spelled
from webhook.audit.pods import has_ended
from webhook.audit.policies import policy_views
from webhook.audit.reach import World
from webhook.audit.report import Container, Verdict
from webhook.audit.stored import Stored, StoredNamespace
from webhook.audit.widening import widenings
from webhook.core.policy import Policy
from webhook.core.policyset import PolicySet
from webhook.core.words import NamespaceMode


@dataclass(frozen=True, slots=True)
class Side:
    """Policies, and how the user named them."""

    name: str
    policies: PolicySet
    models: tuple[Policy, ...]


@dataclass(slots=True)
class Planner:
    """A plan in the making."""

    before: Side
    after: Side
    source: str  # of the objects: cluster | files
    default_mode: str = ""
    _modes: dict[str, str] = field(default_factory=dict)
    _owners: set[str] = field(default_factory=set)
    _changes: list[WorkloadChange] = field(default_factory=list)
    _compared: int = 0
    _unreadable: list[str] = field(default_factory=list)

    def add_namespace(self, namespace: StoredNamespace) -> None:
        """Take a namespace."""
        self._modes[namespace.name] = namespace.mode

    def add_unreadable(self, sentence: str) -> None:
        """Take note of an object that is not as Kubernetes wants it."""
        self._unreadable.append(sentence)

    def add(self, stored: Stored) -> None:
        """Judge an object twice; what belongs to another follows its owner's template."""
        owned = stored.owner is not None and stored.owner.uid in self._owners
        if stored.uid and stored.kind != "Pod":
            self._owners.add(stored.uid)
        mode = self._modes.get(stored.namespace, self.default_mode)
        if owned or not mode or (stored.kind == "Pod" and has_ended(stored)):
            return
        self._compared += 1
        before = judge(stored, NamespaceMode(mode), self.before.policies)
        after = judge(stored, NamespaceMode(mode), self.after.policies)
        if (change := _change(before, after)) is not None:
            self._changes.append(change)

    def plan(self) -> Plan:
        """Return what changes, in an order that does not depend on that of the listing."""
        return Plan(
            before=self.before.name,
            after=self.after.name,
            source=self.source,
            policies_before=policy_views(self.before.policies),
            policies_after=policy_views(self.after.policies),
            entries=self._compared,
            changes=tuple(
                sorted(
                    self._changes,
                    key=lambda it: (it.namespace, place(it.kind), it.kind, it.name, it.file),
                )
            ),
            widenings=widenings(_world(self.before), _world(self.after)),
            unreadable=tuple(self._unreadable),
        )


def _world(side: Side) -> World:
    return World.of(side.policies, side.models)


def _change(before: Judgement, after: Judgement) -> WorkloadChange | None:
    stored = before.stored
    containers: tuple[ContainerChange, ...] = ()
    orders: tuple[Order, ...] = ()
    if Verdict.REFUSED not in (before.verdict, after.verdict):
        containers = tuple(_containers(before, after))
        orders = tuple(_orders(before, after))
    change = WorkloadChange(
        kind=stored.kind,
        name=stored.name,
        namespace=stored.namespace,
        file=stored.file,
        replicas=stored.replicas,
        policy_before=_policy(before),
        policy_after=_policy(after),
        role_before=before.role,
        role_after=after.role,
        pool_before=before.pool,
        pool_after=after.pool,
        containers=containers,
        orders=orders,
        refused_before=before.refusals,
        refused_after=after.refusals,
        dry_run_before=before.dry_run,
        dry_run_after=after.dry_run,
    )
    changed = (
        *(containers, orders, before.dry_run != after.dry_run),
        *(change.newly_refused, change.no_longer_refused),
    )
    return change if any(changed) else None


def _policy(judgement: Judgement) -> str:
    policy = judgement.explanation.policy
    return policy.name if policy else ""


def _containers(before: Judgement, after: Judgement) -> Iterator[ContainerChange]:
    for name, was, would in _both(before, after):
        old, new = _reads(was), _reads(would)
        gains = tuple(it for it in new if it not in old)
        loses = tuple(it for it in old if it not in new)
        if gains or loses:
            yield ContainerChange(name, gains, loses, _sources(was), _sources(would))


def _orders(before: Judgement, after: Judgement) -> Iterator[Order]:
    """Tell where the sources that stay come in another order; the whole lists are shown."""
    for name, was, would in _both(before, after):
        old, new = _sources(was), _sources(would)
        if [it for it in old if it in new] != [it for it in new if it in old]:
            yield Order(name, old, new)


def _both(
    before: Judgement, after: Judgement
) -> Iterator[tuple[str, Container | None, Container | None]]:
    old, new = ({it.name: it for it in each.containers} for each in (before, after))
    for name in dict.fromkeys((*old, *new)):
        yield name, old.get(name), new.get(name)


def _sources(container: Container | None) -> tuple[str, ...]:
    """Return what a container reads by envFrom in the end, each once."""
    return tuple(
        dict.fromkeys(
            f"{spelled(it.kind, it.name)}{f' (prefix {it.prefix})' if it.prefix else ''}"
            for it in (container.gets if container else ())
        )
    )


def _reads(container: Container | None) -> tuple[str, ...]:
    """Return all that it reads in the end, the variables of scopes included."""
    variables = container.variables if container else ()
    given = (it for it in variables if it.origin in {"injected", "there before"})
    return (*_sources(container), *dict.fromkeys(f"{it.secret}/{it.key}" for it in given))
