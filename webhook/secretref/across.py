"""What is wrong between objects of one namespace: what is missing, doubled, or half of a pair."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from webhook.secretref.finding import Finding, Holder, Level, Rule
from webhook.secretref.keys import KEYS
from webhook.secretref.model import Key, Need
from webhook.secretref.placement import Source
from webhook.secretref.reference import known, nearest


@dataclass(frozen=True, slots=True)
class Placed:
    """An object with a source that reads it, where that is in the order, and what it gives."""

    index: int
    source: Source
    holder: Holder
    keys: Mapping[str, str]  # the key by the name of the variable


def findings(holders: Sequence[Holder], given: Sequence[Source]) -> Iterator[Finding]:
    """Yield them; `given` is in the order of injection."""
    # Of two objects of one name, the last is applied last.
    by_name = {(holder.kind, holder.name): holder for holder in holders}
    placed = [
        Placed(i, source, held, source.keys(held))
        for i, source in enumerate(given)
        if (held := by_name.get((source.kind, source.name))) is not None
    ]
    yield from _absent_keys(placed)
    yield from _overridden(placed)
    yield from _pairs(placed, given)
    yield from _missing(placed, given)


def of_file(holder: Holder) -> Iterator[Finding]:
    """Yield what is wrong with a file of variables, which is all that its services have."""
    held = {entry.key for entry in holder.entries}
    for key in KEYS:
        if key.need.value is Need.REQUIRED and key.name not in held:
            yield _absent(holder, key, "")
        if key.partner and key.name in held and key.partner.value not in held:
            yield _half(holder, key)


def _absent_keys(placed: Sequence[Placed]) -> Iterator[Finding]:
    """Find single keys that the policy names and an object does not have."""
    for it in placed:
        for variable, key in it.source.variables or ():
            if it.holder.find(key) is None and not it.source.optional:
                yield it.holder.finding(
                    *(Level.ERROR, Rule.MISSING),
                    f"scope {it.source.scope} gives this key as {variable}, and it is not there, "
                    "so that containers would not start: add it, or make it optional in the policy",
                    key=key,
                )


def _overridden(placed: Sequence[Placed]) -> Iterator[Finding]:
    """Find what is in two sources of one pod; each is told where it does not count."""
    holding: dict[str, list[Placed]] = defaultdict(list)
    for it in placed:
        for variable in it.keys:
            holding[variable].append(it)
    for variable, all_of_it in holding.items():
        told: set[tuple[str, str]] = set()
        for earlier in all_of_it:
            if earlier.source.pool:  # pools come last, and no pod has two of them
                break
            for later in all_of_it:
                if (
                    later.index > earlier.index
                    and later.holder is not earlier.holder
                    and later.source.meets(earlier.source)
                ):
                    first = later.source.beats(earlier.source)
                    winner, loser = (later, earlier) if first else (earlier, later)
                    pair = (winner.holder.title, loser.holder.title)
                    if pair not in told:
                        told.add(pair)
                        yield _overrides(winner, loser, loser.keys[variable])


def _overrides(winner: Placed, loser: Placed, key: str) -> Finding:
    source, by, holder = winner.source, winner.holder, loser.holder
    entry = holder.find(key)
    roles = ", ".join(sorted(source.roles & loser.source.roles))
    message = f"for {roles}, {by.title} of scope {source.scope} wins"
    if source.pool:
        level = Level.NOTE  # what a pool's Secret is for
        message = f"in {source.scope}, {by.title} wins, as documented for pools"
    else:
        level = Level.WARNING
        message += (
            ", since env beats envFrom"
            if source.variables is not None
            else ", since it comes later"
        )
        message += ": keep the key in one of them"
    return holder.finding(level, Rule.OVERRIDDEN, message, key=key, line=entry.line if entry else 0)


def _pairs(placed: Sequence[Placed], given: Sequence[Source]) -> Iterator[Finding]:
    """Find halves of pairs: alone, or put over the half of another pair."""
    told: set[tuple[str, str]] = set()
    read = {it.index for it in placed}
    shared = [it for it in placed if not it.source.pool]
    unread = [source for i, source in enumerate(given) if i not in read and not source.pool]
    for it in placed:
        # Who gives single keys has chosen among them.
        for variable in it.keys if it.source.variables is None else ():
            key = known(variable)
            if key is None or key.partner is None or key.partner.value in it.keys:
                continue
            # No pod has two pools, so that there is nothing of another pool beside it.
            beside = [s for s in shared if s.index != it.index and s.source.meets(it.source)]
            whole = [s for s in beside if {key.name, key.partner.value} <= s.keys.keys()]
            seen = any(key.partner.value in s.keys for s in beside)
            seen |= any(source.meets(it.source) for source in unread)  # it may be in there
            over = whole[0].source if whole and whole[0].index < it.index else None
            if (over or not seen) and (it.holder.title, variable) not in told:
                told.add((it.holder.title, variable))
                yield _half(it.holder, key, over=over)


def _half(holder: Holder, key: Key, over: Source | None = None) -> Finding:
    partner = key.partner.value if key.partner else ""
    entry = holder.find(key.name)
    message = f"it belongs with {partner}, which is not there: add it"
    if over is not None:
        message = (
            f"it is put over that of scope {over.scope}, whose {partner} it does not belong to: "
            f"add {partner} here, too"
        )
    line = entry.line if entry else 0
    return holder.finding(Level.WARNING, Rule.PAIR, message, key=key.name, line=line)


def _missing(placed: Sequence[Placed], given: Sequence[Source]) -> Iterator[Finding]:
    """Find what every installation needs, for roles of which every source was read."""
    read = {it.index for it in placed}
    for key in KEYS:
        lacking: dict[str, list[str]] = defaultdict(list)
        first: dict[str, Holder] = {}
        for role in sorted(key.readers.value) if key.need.value is Need.REQUIRED else ():
            theirs = [i for i, s in enumerate(given) if role in s.roles and s.by_itself]
            shared = [i for i in theirs if not given[i].pool]
            held = [it for it in placed if it.index in set(shared)]
            if shared and read.issuperset(shared) and not any(key.name in it.keys for it in held):
                lacking[held[0].holder.title].append(role)
                first[held[0].holder.title] = held[0].holder
        for title, roles in lacking.items():
            yield _absent(first[title], key, f" ({', '.join(roles)})")


def _absent(holder: Holder, key: Key, roles: str) -> Finding:
    meant = [entry.key for entry in holder.entries if nearest(entry.key) is key]
    hint = f"; is {meant[0]} meant to be it?" if meant else ""
    return holder.finding(
        *(Level.WARNING, Rule.MISSING),
        f"it is not there, and as far as is known no installation does without it{roles}: add it, "
        f"unless it is given in another way{hint}",
        key=key.name,
    )
