"""What flows read, for people at a terminal."""

from collections import Counter
from collections.abc import Iterator
from typing import TextIO

from webhook.flows.environment import Resolution
from webhook.flows.report import Exposure, FlowsReport, Name, Use, Verdict
from webhook.report.lines import Detail, Lines, aligned, count, some

_PLACES = 3  # that are named of those which read one name
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
    for exposure in report.exposures:
        lines.heading("within reach of every flow", f" ({some(list(exposure.readers), 'worker')})")
        for detail in _exposed(exposure):
            lines.text(detail)
    lines.text()
    for sentence in _sums(report):
        lines.text(sentence)


def place(use: Use) -> str:
    """Write a place as editors jump to it."""
    return f"{use.file}:{use.line}: {use.field}" if use.field else f"{use.file}:{use.line}"


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
    for group in name.groups:
        yield Detail("from", f"{source(group.resolution)}: {some(list(group.readers), 'worker')}")
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
        yield f"credentials of the platform in {given}: {', '.join(keys)}"
    if by_source:
        yield (
            "whoever writes a flow can read them: keep them in a scope that workers do not get, "
            "or give single keys with env"
        )
    if exposure.unknown:
        yield (
            f"whatever is in {', '.join(exposure.unknown)}; to see which names those are, "
            "give manifests with --secrets"
        )


def _sums(report: FlowsReport) -> Iterator[str]:
    verdicts = Counter(name.verdict for name in report.names)
    told = "; ".join(f"{verdicts[it]} {it}" for it in Verdict if verdicts[it])
    flows = count(len(report.flows), "flow file")
    yield f"{count(len(report.names), 'name')} in {flows}{f': {told}' if told else ''}"
    near = sum(len(flow.near_misses) for flow in report.flows)
    if near:
        yield f"{count(near, 'expression')} that reads nothing"
    if report.unreadable:
        yield f"{count(len(report.unreadable), 'file')} not readable"
