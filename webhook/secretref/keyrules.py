"""What is wrong with single keys of one object: their names, their values, where they are kept."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from webhook.secretref import values
from webhook.secretref.envfile import KIND as ENV
from webhook.secretref.finding import Entry, Finding, Holder, Level, Rule
from webhook.secretref.model import Category, DefaultScope, Key, Risk, Sort
from webhook.secretref.placement import Source
from webhook.secretref.reference import known, nearest

# What a shell can read. Kubernetes takes every key of a Secret for the name of a variable, as of
# v1.34, where RelaxedEnvironmentVariableValidation cannot be switched off any more.
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def findings(holder: Holder, given: Iterable[Source]) -> Iterator[Finding]:
    """Yield what is wrong with each key; `given` are the sources that read the object."""
    read = list(given)
    ours = bool(read) or holder.kind == ENV or any(known(e.key) for e in holder.entries)
    for entry in holder.entries:
        if not entry.key:  # which has been told already
            continue
        yield from _value(holder, entry)
        if ours:
            yield from _name(holder, entry, read)
        if (key := known(entry.key)) is not None and holder.kind != ENV:
            yield from _kept(holder, entry, key, read)


def _value(holder: Holder, entry: Entry) -> Iterator[Finding]:
    if entry.value is not None:
        for flaw in values.flaws(known(entry.key), entry.value):
            # In a file, ${...} is filled in by whoever reads it, which has been told as well.
            if holder.kind == ENV and flaw.rule is Rule.PLACEHOLDER and "${" in str(entry.value):
                continue
            yield _at(holder, entry, flaw.level, flaw.rule, flaw.message)


def _name(holder: Holder, entry: Entry, read: list[Source]) -> Iterator[Finding]:
    meant = nearest(entry.key)
    if meant is not None and holder.find(meant.name) is None:
        yield _at(
            *(holder, entry, Level.WARNING, Rule.MISSPELT),
            f"Noxus documents no such key: did you mean {meant.name}? If it is your own, leave it",
        )
    whole = any(source.variables is None for source in read)
    if whole and not _VARIABLE.fullmatch(entry.key):
        yield _at(
            *(holder, entry, Level.WARNING, Rule.NAME),
            "Kubernetes makes a variable of this name, which shells cannot read, and before v1.34 "
            "may leave it out: use letters, digits and _, and no digit first",
        )


def _kept(holder: Holder, entry: Entry, key: Key, read: list[Source]) -> Iterator[Finding]:
    if holder.kind == "ConfigMap" and key.sort is Sort.SECRET:
        level = Level.WARNING if key.risk.value is Risk.LOW else Level.ERROR
        message = "it belongs in a Secret: a ConfigMap is shown to everybody who may view"
        yield _at(holder, entry, level, Rule.CONFIGMAP, message)
    for source in read:
        if source.variables is None and (message := _misplaced(key, source)):
            of_pool = source.pool and key.scope.documented and key.sort is Sort.SECRET
            level = Level.ERROR if of_pool else Level.WARNING
            yield _at(holder, entry, level, Rule.MISPLACED, message)
    if key.sort is Sort.SETTING and key.scope.value is DefaultScope.POOL and read:
        yield _at(
            *(holder, entry, Level.WARNING, Rule.NOT_A_SECRET),
            "it is a setting of a pool, which the chart writes into env, where it beats every "
            "Secret: set it in worker.pools.<name> of the Helm values",
        )


def _misplaced(key: Key, source: Source) -> str:
    """Say why a key does not belong into a source that gives all of its keys."""
    if key.sort is Sort.CLIENT:
        return "it is for clients of the API, and no pod of the platform reads it: remove it"
    if key.sort is Sort.SETTING:
        return ""
    infrastructure = key.category.value is Category.INFRASTRUCTURE
    if source.pool and infrastructure:
        return (
            f"it is of the whole platform, and {source.scope} would have its own, which its flows "
            "can read: keep it in the shared Secret alone"
        )
    others = source.roles - set(key.readers.value)
    if key.scope.value is DefaultScope.ROLES and not source.worker_only and others:
        return (
            f"only {_listed(key.readers.value)} read it, and scope {source.scope} gives it to "
            f"{_listed(sorted(others))}, too: give it by env in a scope of those roles"
        )
    return ""


def _at(holder: Holder, entry: Entry, level: Level, rule: Rule, message: str) -> Finding:
    return holder.finding(level, rule, message, key=entry.key, line=entry.line)


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
