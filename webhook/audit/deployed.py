"""Whether `deployers` was ever enforced on a workload as it is now, as far as anybody can know.

The API server keeps who manages which field, and when each manager last changed any of its fields.
So a field was written at that time or before, never later; an order of two events follows only
where the later bound of the one lies before the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from webhook.audit.judge import Judgement
from webhook.audit.report import Judged
from webhook.audit.stored import StoredNamespace
from webhook.core.assess import NO_SPEC
from webhook.core.entitlement import unfit
from webhook.core.references import pod_references

_WAY_OUT = (
    "have one of them write its template anew: an annotation in it will do, a restart will not"
)


@dataclass(frozen=True, slots=True)
class Since:
    """Since when at the latest the deployers of a namespace are enforced; empty: not known."""

    time: str
    what: str  # happened then, for the sentence


def since(namespace: StoredNamespace, policy: str, policy_written: str) -> Since:
    """Return the later of the opt-in and of the policy's last change."""
    if not namespace.labelled:
        return Since("", f"namespace {namespace.name!r} does not say when it was opted in")
    if not policy_written:
        return Since("", f"policy {policy!r} does not say when it was last changed")
    if policy_written > namespace.labelled:
        return Since(policy_written, f"policy {policy!r} was last changed")
    return Since(namespace.labelled, f"namespace {namespace.name!r} was opted in")


def deployer_scopes(judgement: Judgement) -> tuple[str, ...]:
    """Return the scopes with deployers by which an object has, or would have, what it reads."""
    return tuple(dict.fromkeys(_scopes(judgement)))


def _scopes(judgement: Judgement) -> Iterator[str]:
    why, stored = judgement.explanation, judgement.stored
    if why.policy is None or why.assessment is None:
        return
    assessment, managed = why.assessment, why.policy.managed
    for scope in assessment.granted:
        if scope.deployers is not None:
            yield scope.name
    spec = stored.pod.spec or NO_SPEC
    for reference in pod_references(spec, stored.root, managed.__contains__):
        for holder in managed[reference.secret]:
            if holder.scope.deployers is not None and unfit(holder.scope, assessment.who) is None:
                yield holder.scope.name


def undecided(scopes: tuple[str, ...]) -> tuple[str, ...]:
    """Say of each scope that nobody knows yet who will deploy."""
    return tuple(
        f"{_named(scope)} names deployers: it is granted to whom they deploy, and refused to others"
        for scope in scopes
    )


def judged(judgement: Judgement, scopes: tuple[str, ...], start: Since) -> tuple[Judged, str]:
    """Tell whether the deployers were held to it, and how that is known."""
    stored = judgement.stored
    if not scopes or not stored.uid:  # not in a cluster yet: it is judged when it is applied
        return Judged.YES, ""
    whose = f"the deployers of {', '.join(map(_named, scopes))}"
    if judgement.dry_run:
        return Judged.NO, f"dry run: {whose} were reported at most, and never enforced"
    if not start.time:
        return Judged.UNKNOWN, f"nobody knows whether {whose} were enforced: {start.what}"
    if stored.created > start.time:
        return Judged.YES, f"it was created after {start.what}, at {start.time} at the latest"
    if stored.written and stored.written < start.time:
        return (
            Judged.NO,
            (
                f"its template was last written at {stored.written}, and {start.what} at "
                f"{start.time} at the latest, so {whose} were not enforced; {_WAY_OUT}"
            ),
        )
    return (
        Judged.UNKNOWN,
        (
            f"it was created at {stored.created}, and {start.what} at {start.time} at the latest; "
            f"it was written since, but not for certain its template, so {whose} were perhaps not "
            f"enforced; {_WAY_OUT}"
        ),
    )


def _named(scope: str) -> str:
    pool = scope.removeprefix("pool/")
    return f"scope {scope!r}" if pool == scope else f"worker pool {pool!r}"
