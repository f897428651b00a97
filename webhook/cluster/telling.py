"""Answer -> what an Event says of it, or nothing.

Of one pod there is one Event at most, whichever hooks it meets:

- a refusal is told by the hook that refuses, for the other one is then not asked;
- in dry run both are asked, and the validating one tells, since it sees the final object;
- what a new pod gets is told by the validating hook, too: the pod that it sees has gone through
  every other webhook that changes pods;
- what a debug container gets is told by the hook that gives it: the final object does not show it.

Events are about the workload that controls the pod: it is there also where the pod was refused,
and it is where people look when no pod comes. A debug container concerns its pod alone.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from webhook.core import messages
from webhook.core.asks import is_mirror_pod
from webhook.core.decision import Decision, Deny, Observed
from webhook.core.names import dns_label
from webhook.core.words import Hook
from webhook.wire.answer import Answer, Record
from webhook.wire.subject import Subject, itself, owner

MAX_NOTE: Final = 1024  # bytes, by the API's validation
_PODS: Final = ("pods", "pods/ephemeralcontainers")  # of others the author himself is told
_ELLIPSIS: Final = "…"


class Reason(StrEnum):
    """The reasons of our Events."""

    INJECTED = "SecretsInjected"
    REFUSED = "SecretsRefused"
    DRY_RUN = "SecretsDryRun"
    RELOADED = "SecretsReloaded"


class Telling(NamedTuple):
    """What one Event says; of equal ones each is the same Event again."""

    namespace: str
    subject: Subject
    reason: Reason
    warning: bool  # type Warning rather than Normal
    note: str


def telling(answer: Answer) -> Telling | None:
    """Say what there is to say; None: nothing, or there is nobody to say it about."""
    record = answer.record
    refused = record.decision == "deny"
    # A server-side dry run must leave no trace: the configurations promise NoneOnDryRun.
    if record.dry_run or not (_tells_refusal(record) if refused else _tells_gift(answer)):
        return None
    rehearsed = record.mode == "dry-run"
    enforced = Reason.REFUSED if refused else Reason.INJECTED
    reason = Reason.DRY_RUN if rehearsed else enforced
    subject = _subject(answer)
    known = record.resource in _PODS and subject.name and _is_namespace(record.namespace)
    if not known:
        return None
    if refused:
        note = f"{'dry run: would refuse: ' if rehearsed else ''}{_refusal(answer.decision)}"
    else:
        note = _gift(record, rehearsed=rehearsed)
    return Telling(record.namespace, subject, reason, refused, clip_bytes(note))


def clip_bytes(text: str, size: int = MAX_NOTE) -> str:
    """Shorten a text to a number of bytes of UTF-8, with an ellipsis."""
    encoded = text.encode()
    if len(encoded) <= size:
        return text
    head = encoded[: size - len(_ELLIPSIS.encode())].decode(errors="ignore")
    return head + _ELLIPSIS


def _tells_refusal(record: Record) -> bool:
    return record.mode == "enforce" or record.hook == Hook.VALIDATE


def _tells_gift(answer: Answer) -> bool:
    record, asked = answer.record, answer.asked
    if not record.scopes or asked.pod is None:
        return False
    if asked.old is not None:
        return record.decision == "mutate"
    return record.hook == Hook.VALIDATE and not is_mirror_pod(asked.pod, asked.groups)


def _subject(answer: Answer) -> Subject:
    asked = answer.asked
    workload = owner(asked.pod) if asked.old is None else None
    return workload or itself(asked.pod, answer.record.name)


def _is_namespace(name: str) -> bool:
    """Check what becomes part of a path; the API server sends nothing else."""
    try:
        return bool(dns_label(name))
    except ValueError:
        return False


def _refusal(decision: Decision) -> str:
    """Repeat the sentence that the author of the pod reads."""
    verdict = decision.would if isinstance(decision, Observed) else decision
    return messages.refusal(verdict.refusals) if isinstance(verdict, Deny) else ""


def _gift(record: Record, *, rehearsed: bool) -> str:
    # A policy's generation is left out: each new one would make other Events of the same.
    policy = record.policy.rpartition("/")[0]
    debug = record.operation == "UPDATE"
    who = "a debug container" if debug else f"a pod of role {record.role}"
    gets = "would get" if rehearsed else "gets"
    scopes = f"scope{'s' if len(record.scopes) > 1 else ''} {', '.join(record.scopes)}"
    note = f"{who} {gets} {scopes} by policy {policy}"
    return f"dry run: {note}" if rehearsed else note
