"""What flows read, in which pools it resolves and to what: frozen values for every output."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from webhook.flows.environment import Reader, Resolution


class Verdict(StrEnum):
    """What is to be said of a name over all readers; the worst first."""

    NOWHERE = "nowhere"  # no reader can have it
    PARTLY = "not everywhere"  # some have it, or may, and some cannot
    DIFFERS = "differs"  # all have it, or may, and some surely from different sources
    PERHAPS = "perhaps"  # depends on keys that nobody told, or on a condition
    SAME = "resolves"  # all have it, from one source


@dataclass(frozen=True, slots=True)
class Use:
    """A field of a flow that reads a name."""

    file: str
    line: int
    field: str  # nodes[1].config.apiKey


@dataclass(frozen=True, slots=True)
class Flow:
    """A file with one or more flows: what it reads, and what was meant to read."""

    file: str
    reads: tuple[tuple[str, Use], ...]
    near_misses: tuple[tuple[Use, str], ...]  # with a sentence each


@dataclass(frozen=True, slots=True)
class Group:
    """Readers on which a name comes from the same place."""

    readers: tuple[str, ...]
    resolution: Resolution


@dataclass(frozen=True, slots=True)
class Name:
    """One name, everything that reads it, and where it comes from."""

    name: str
    verdict: Verdict
    uses: tuple[Use, ...]
    groups: tuple[Group, ...]  # in the order of their first reader
    nearest: str  # the most similar name that is there; empty: nothing is similar, or it is there


@dataclass(frozen=True, slots=True)
class Exposure:
    """Which credentials of the platform a flow could read on some readers, used or not."""

    readers: tuple[str, ...]
    keys: tuple[tuple[str, str], ...]  # the name, and the source that surely gives it


@dataclass(frozen=True, slots=True)
class FlowsReport:
    """The whole: names in alphabetical order, flows by file."""

    flows: tuple[Flow, ...]
    unreadable: tuple[str, ...]  # a sentence each
    readers: tuple[str, ...]
    names: tuple[Name, ...]
    exposures: tuple[Exposure, ...]
    unknown: tuple[str, ...]  # sources of which nobody told the keys

    @property
    def failed(self) -> bool:
        """Tell whether something must be mended: the exit code."""
        broken = any(flow.near_misses for flow in self.flows) or bool(self.unreadable)
        return broken or any(name.verdict is Verdict.NOWHERE for name in self.names)


def flows_report(
    flows: Sequence[Flow],
    readers: Sequence[Reader],
    *,
    credentials: Iterable[str],
    unreadable: Sequence[str] = (),
) -> FlowsReport:
    """Look every name up on every reader; `credentials` are the platform's own."""
    uses: dict[str, list[Use]] = {}
    for flow in flows:
        for name, use in flow.reads:
            uses.setdefault(name, []).append(use)
    wanted = sorted(uses)
    there = sorted({name for it in readers for name in it.names()})
    found = {name: [(it.title, it.resolve(name)) for it in readers] for name in wanted}
    return FlowsReport(
        flows=tuple(flows),
        unreadable=tuple(unreadable),
        readers=tuple(it.title for it in readers),
        names=tuple(_name(name, tuple(uses[name]), found[name], there) for name in wanted),
        exposures=_exposures(readers, tuple(credentials)),
        unknown=_unknown(readers),
    )


def _name(
    name: str, uses: tuple[Use, ...], found: Sequence[tuple[str, Resolution]], there: Sequence[str]
) -> Name:
    groups: dict[Resolution, list[str]] = {}
    for reader, resolution in found:
        groups.setdefault(resolution, []).append(reader)
    verdict = _verdict(groups)
    similar = get_close_matches(name, there, 1) if verdict is Verdict.NOWHERE else []
    return Name(
        name,
        verdict,
        uses,
        tuple(Group(tuple(readers), resolution) for resolution, readers in groups.items()),
        similar[0] if similar else "",
    )


def _verdict(resolutions: Iterable[Resolution]) -> Verdict:
    found = list(resolutions)
    lacking = [it for it in found if it.nowhere]
    if len(lacking) == len(found):
        return Verdict.NOWHERE
    if lacking:
        return Verdict.PARTLY
    if len({it.winner for it in found if it.winner}) > 1:
        return Verdict.DIFFERS
    return Verdict.PERHAPS if any(it.perhaps for it in found) else Verdict.SAME


def _exposures(readers: Iterable[Reader], credentials: tuple[str, ...]) -> tuple[Exposure, ...]:
    groups: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for reader in readers:
        surely = tuple(
            (name, found.winner) for name in credentials if (found := reader.resolve(name)).winner
        )
        if surely:
            groups.setdefault(surely, []).append(reader.title)
    return tuple(Exposure(tuple(titles), surely) for surely, titles in groups.items())


def _unknown(readers: Iterable[Reader]) -> tuple[str, ...]:
    layers = (layer for reader in readers for layer in reader.layers)
    return tuple(dict.fromkeys(layer.source for layer in layers if layer.keys is None))
