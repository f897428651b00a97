"""What flows read, in which pools it resolves and to what: frozen values for every output."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from webhook.flows.environment import Certainty, Reader, Resolution


class Verdict(StrEnum):
    """What is to be said of a name over all readers; the worst first."""

    NOWHERE = "nowhere"  # no reader can have it
    PARTLY = "not everywhere"  # some have it, or may, and some cannot
    DIFFERS = "differs"  # all have it, from different sources
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
    unknown: tuple[str, ...]  # sources of which nobody told the keys


@dataclass(frozen=True, slots=True)
class Reading:
    """What the flows read on one reader: a row of the matrix."""

    reader: str
    namespace: str
    names: tuple[tuple[str, Resolution], ...]


@dataclass(frozen=True, slots=True)
class FlowsReport:
    """The whole: names in alphabetical order, flows by file."""

    flows: tuple[Flow, ...]
    unreadable: tuple[str, ...]  # a sentence each
    readers: tuple[str, ...]
    names: tuple[Name, ...]
    exposures: tuple[Exposure, ...]
    readings: tuple[Reading, ...]

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
        readings=tuple(
            Reading(
                it.title, it.namespace, tuple((name, found[name][place][1]) for name in wanted)
            )
            for place, it in enumerate(readers)
        ),
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
    if any(it.certainty is Certainty.PERHAPS or it.perhaps for it in found):
        return Verdict.PERHAPS
    return Verdict.SAME if len({it.winner for it in found}) == 1 else Verdict.DIFFERS


def _exposures(readers: Iterable[Reader], credentials: tuple[str, ...]) -> tuple[Exposure, ...]:
    groups: dict[tuple[tuple[tuple[str, str], ...], tuple[str, ...]], list[str]] = {}
    for reader in readers:
        surely = tuple(
            (name, found.winner) for name in credentials if (found := reader.resolve(name)).winner
        )
        unknown = tuple(
            dict.fromkeys(layer.source for layer in reader.layers if layer.keys is None)
        )
        if surely or unknown:
            groups.setdefault((surely, unknown), []).append(reader.title)
    return tuple(
        Exposure(tuple(titles), surely, unknown) for (surely, unknown), titles in groups.items()
    )
