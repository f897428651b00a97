"""All findings of objects and files that were read: the one entrance to the rules."""

from collections.abc import Iterable, Sequence

from webhook.core.policy import Policy
from webhook.secretref import across, keyrules, placement
from webhook.secretref.envfile import KIND as ENV
from webhook.secretref.finding import Finding, Holder, Level, Rule


def judge(holders: Sequence[Holder], policies: Sequence[Policy] | None) -> list[Finding]:
    """Return what is wrong; without policies, by what Noxus documents of its own Secrets."""
    found: list[Finding] = []
    namespaces: dict[str, list[Holder]] = {}
    for holder in holders:
        if holder.kind == ENV:
            found += [*keyrules.findings(holder, ()), *across.of_file(holder)]
        else:
            namespaces.setdefault(holder.namespace, []).append(holder)
    for namespace, group in namespaces.items():
        given = sources(policies, namespace)
        reading: dict[tuple[str, str], list[placement.Source]] = {}
        for source in given:
            reading.setdefault((source.kind, source.name), []).append(source)
        found += _twice(group)
        for holder in group:
            found += keyrules.findings(holder, reading.get((holder.kind, holder.name), ()))
        found += across.findings(group, given)
    return found


def sources(policies: Sequence[Policy] | None, namespace: str) -> list[placement.Source]:
    """Return what the pods of a namespace are given, by the policy that governs it."""
    if policies is None:
        return placement.documented()
    for policy in policies:
        if placement.covers(policy, namespace):
            return placement.sources(policy, namespace)
    return []


def ordered(found: Iterable[Finding]) -> list[Finding]:
    """Put findings into the order of files and lines, each once."""
    return sorted(
        dict.fromkeys(found), key=lambda it: (it.file, it.line, it.object, it.key, it.rule)
    )


def _twice(group: Sequence[Holder]) -> Iterable[Finding]:
    first: dict[tuple[str, str], Holder] = {}
    for holder in group:
        earlier = first.setdefault((holder.kind, holder.name), holder)
        if earlier is not holder and holder.name:
            yield holder.finding(
                *(Level.WARNING, Rule.REPEATED),
                f"it is in {earlier.file}:{earlier.line}, too, and whichever is applied last "
                "replaces the other: keep one",
            )
