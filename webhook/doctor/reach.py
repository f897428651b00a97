"""Whether the API server reaches the webhook: judged from a pod that was tried and not created.

The pod carries a forged annotation, which the mutating hook corrects or removes whatever the policy
says: if it comes back as it was sent, that hook was not called. The validating hook leaves no mark,
but where its failures close the door, a pod that passes has passed it. In dry run neither shows;
there the API server's own counts tell, where they may be read.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

from webhook.core.words import GROUP, NamespaceMode
from webhook.doctor.findings import Check, Finding, Level, check, failed, plural, warning
from webhook.doctor.hooks import entries, of, only_observes
from webhook.doctor.snapshot import Calls, NotRead, Probe, Snapshot

FORGED: Final = "noxus-secrets-doctor"
_CANNOT: Final = "failed calling webhook"


def examine_reach(snapshot: Snapshot) -> Check:
    """Tell for each hook whether it answered."""
    probe = snapshot.probe
    if isinstance(probe, NotRead):
        return Check("reachable", (probe.finding("calls from the API server"),))
    where = f"a pod that was tried in namespace {probe.namespace}"
    return check("reachable", _hooks(snapshot, probe), f"both hooks answered for {where}")


def _hooks(snapshot: Snapshot, probe: Probe) -> Iterator[Finding]:
    if _CANNOT in probe.message:
        yield failed(
            f"the API server cannot call the webhook: {probe.message}",
            "look at the Service's endpoints, the NetworkPolicy and the caBundle "
            "(docs/operations.md)",
        )
        return
    for hook in ("mutate", "validate"):
        answered = _answered(snapshot, probe, hook)
        if answered is False:
            yield failed(
                f"the {_word(hook)} hook was not called, or did not answer, for a pod in namespace "
                f"{probe.namespace}",
                "look at `webhook configurations` above, and at the webhook's logs",
            )
        elif answered is None:
            yield Finding(
                Level.NOT_CHECKED,
                f"whether the {_word(hook)} hook answers: nothing shows it in namespace "
                f"{probe.namespace} ({_said(probe)})",
                "name an enabled namespace with --probe, or have the right to get /metrics",
            )


def _word(hook: str) -> str:
    return "mutating" if hook == "mutate" else "validating"


def _said(probe: Probe) -> str:
    return f"{probe.status}: {probe.message}" if probe.message else f"label {probe.mode}"


def _answered(snapshot: Snapshot, probe: Probe, hook: str) -> bool | None:
    """Tell whether a hook answered; None: it cannot be known."""
    entry = f"pods.{probe.mode}.{hook}.{GROUP}"
    if f'admission webhook "{entry}" denied' in probe.message:
        return True
    counted = _counted(snapshot, probe, entry)
    installed = entries(snapshot).get(entry, {})
    shows = (
        probe.mode == NamespaceMode.ENABLED
        and probe.status == HTTPStatus.CREATED
        and not isinstance(of(snapshot, _word(hook)), NotRead)
        and not only_observes(installed)
    )
    if not shows:
        return counted
    if hook == "mutate":
        return probe.corrected
    return True if installed.get("failurePolicy") == "Fail" else counted


def _counted(snapshot: Snapshot, probe: Probe, entry: str) -> bool | None:
    """Go by the API server's counts before and after; None: they say nothing.

    Of several API servers each has its own, so that one that did not move proves nothing.
    """
    if isinstance(snapshot.calls, NotRead) or isinstance(probe.calls, NotRead):
        return None
    before = snapshot.calls.get(entry, Calls(0, 0))
    after = probe.calls.get(entry, Calls(0, 0))
    if after.failed_open > before.failed_open:
        return False
    return True if after.answered > before.answered else None


def examine_failures(snapshot: Snapshot) -> Check:
    """Tell of calls that failed and were passed over, as far as the API server still counts them.

    What the mutating hook missed, the validating one has judged; what that missed, nobody has.
    """
    name = "passed over"
    if isinstance(snapshot.calls, NotRead):
        return Check(name, (snapshot.calls.finding("the API server's counts of calls"),))
    missed = {entry: int(it.failed_open) for entry, it in snapshot.calls.items() if it.failed_open}
    found = [
        warning(
            f"{entry} was passed over {plural(times, 'time')} since this API server started: what "
            "was written then was judged by nobody",
            "noxus-secrets audit lists what of it is still there",
        )
        for entry, times in sorted(missed.items())
        if ".enabled.validate." in entry
    ]
    well = "no object went unjudged since this API server started"
    if missed:
        well += f"; {plural(sum(missed.values()), 'other call')} failed open"
    return check(name, found, well)
