"""What flows read, for people at a terminal."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TextIO

from webhook.flows.environment import Resolution
from webhook.flows.report import Exposure, FlowsReport, Name, Use, Verdict
from webhook.report.lines import Detail, Lines, aligned, count

_PLACES = 3  # that are named of those which read one name
_GROUPS = 8  # of pools, that differ in where one name comes from: about a screenful for two names
_NAMES = 4
_WAY_OUT = (
    "whoever writes a flow can read these credentials of the platform: keep them in a scope that "
    "workers do not get, or give single keys with env"
)
_ONLY = "workers that take every tenant's tasks may run such a flow as well, and do not have it"


def write_flows(report: FlowsReport, stream: TextIO, *, about: str) -> None:
    """Write names, then what else a flow could read, then the sums."""
    lines = Lines(stream)
    lines.heading("flows", f" ({about})")
    rows = aligned([(name.name,) for name in report.names])
    for name, cells in zip(report.names, rows, strict=True):
        lines.entry(cells, str(name.verdict), _details(name))
    for flow in report.flows:
        for use, message in flow.near_misses:
            lines.text(f"{place(use)}: {message}")
    for sentence in report.unreadable:
        lines.text(f"unreadable: {sentence}")
    if report.exposures:
        lines.heading("within reach of every flow", "")
        for exposure in report.exposures:
            for sentence in _exposed(exposure):
                lines.text(sentence)
        lines.text(_WAY_OUT)
    lines.text()
    for sentence in _sums(report):
        lines.text(sentence)


def place(use: Use) -> str:
    """Write a place as editors jump to it."""
    return f"{use.file}:{use.line}: {use.field}" if use.field else f"{use.file}:{use.line}"


def few(names: Sequence[str]) -> str:
    """Name a few of many: a, b, c, d and 9 more."""
    more = len(names) - _NAMES
    return ", ".join(names[:_NAMES]) + (f" and {more} more" if more > 0 else "")


def source(resolution: Resolution) -> str:
    """Say where a name comes from."""
    if resolution.nowhere:
        return "nothing gives it"
    perhaps = ", ".join(resolution.perhaps)
    if not resolution.winner:
        return f"perhaps from {perhaps}"
    text = resolution.winner
    if resolution.overridden:
        text += f", over {', '.join(resolution.overridden)}"
    return f"{text}; unless it is in {perhaps}, which would win" if perhaps else text


def _details(name: Name) -> Iterator[Detail]:
    for use in name.uses[:_PLACES]:
        yield Detail("read by", place(use))
    if len(name.uses) > _PLACES:
        yield Detail("read by", f"and {count(len(name.uses) - _PLACES, 'other field')}")
    if name.verdict is Verdict.NOWHERE:
        yield Detail("missing", _missing(name))
        return
    for group in name.groups[:_GROUPS]:
        yield Detail("from", f"{source(group.resolution)}: {few(group.readers)}")
    if len(name.groups) > _GROUPS:
        rest = sum(len(group.readers) for group in name.groups[_GROUPS:])
        yield Detail("from", f"other Secrets: {rest} more; -o json names all")
    if name.verdict is Verdict.PARTLY:
        yield Detail("warning", _ONLY)


def _missing(name: Name) -> str:
    similar = f"; {name.nearest} is there" if name.nearest else ""
    return f"no worker has it: mend the name, or put it into a Secret that workers get{similar}"


def _exposed(exposure: Exposure) -> Iterator[str]:
    by_source: dict[str, list[str]] = {}
    for key, given in exposure.keys:
        by_source.setdefault(given, []).append(key)
    for given, keys in by_source.items():
        yield f"{few(exposure.readers)}: {', '.join(keys)}, from {given}"


def _sums(report: FlowsReport) -> Iterator[str]:
    verdicts = Counter(name.verdict for name in report.names)
    told = "; ".join(f"{verdicts[it]} {it}" for it in Verdict if verdicts[it])
    flows = count(len(report.flows), "flow file")
    yield f"{count(len(report.names), 'name')} in {flows}{f': {told}' if told else ''}"
    if report.unknown:
        told = few(report.unknown)
        yield f"nobody told the keys of {told}: give manifests of them with --secrets"
    near = sum(len(flow.near_misses) for flow in report.flows)
    if near:
        yield f"{count(near, 'expression')} that reads nothing"
    if report.unreadable:
        yield f"{count(len(report.unreadable), 'file')} not readable"
