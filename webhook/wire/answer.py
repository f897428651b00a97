"""AdmissionReview bytes in, AdmissionReview bytes and a record for the log out."""

from collections.abc import Callable, Collection
from typing import Final, assert_never

import msgspec

from webhook.core import messages
from webhook.core.decide import decide
from webhook.core.decision import Allow, Decision, Deny, Mutate, Observed
from webhook.core.deployers import CONTROLLERS
from webhook.core.policyset import PolicySet
from webhook.core.request import AdmissionRequest
from webhook.core.words import Hook, NamespaceMode
from webhook.wire.asked import MAX_NAME, Malformed, decode
from webhook.wire.review import (
    API_VERSION,
    KIND,
    Answered,
    Cause,
    Details,
    RequestHead,
    Response,
    Status,
)

__all__ = ["Answer", "Malformed", "NoPolicyLoaded", "Record", "answer", "decode", "encode"]


class NoPolicyLoaded(RuntimeError):
    """There is no policy to decide by, so the API server's failurePolicy must."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """What is written down of a decision; nothing in it comes from the value of a variable."""

    uid: str
    operation: str
    resource: str
    namespace: str
    name: str  # or generateName
    user: str
    hook: str
    mode: str  # enforce | dry-run: what the namespace and the policy make of it together
    decision: str  # allow | mutate | deny; in dry run, what enforcement would have done
    reason: str
    policy: str
    role: str
    pool: str
    scopes: tuple[str, ...]
    warnings: int
    dry_run: bool  # the request's own, as in kubectl --dry-run=server


class Answer:
    """The body of the HTTP response, and the record.

    Who tells more of it than the record does finds what was asked and decided here, and keeps none
    of it: it holds on to the body of the request.
    """

    __slots__ = ("_asked", "body", "decision", "record")

    def __init__(
        self,
        body: bytes,
        record: Record,
        asked: AdmissionRequest | Callable[[], AdmissionRequest],
        decision: Decision,
    ) -> None:
        """Take what was asked, or how to find out again."""
        self.body, self.record, self.decision = body, record, decision
        self._asked = asked

    @property
    def asked(self) -> AdmissionRequest:
        """What was asked; where the memo answered, it is decoded only now."""
        if not isinstance(self._asked, AdmissionRequest):
            self._asked = self._asked()
        return self._asked


_encode: Final = msgspec.json.Encoder().encode


def answer(
    body: bytes,
    *,
    hook: Hook,
    mode: NamespaceMode,
    policies: PolicySet,
    controllers: Collection[str] = CONTROLLERS,
) -> Answer:
    """Decide about one AdmissionReview.

    `controllers` are the users whose pods inherit the judgement of their workload.

    Raises `Malformed` where the caller is at fault and `NoPolicyLoaded` where we are; never
    answers `allowed: false` for either, since the API server would then ignore failurePolicy.
    """
    request, admission = decode(
        body, hook=hook, mode=mode, policies=policies, controllers=controllers
    )
    if not policies:
        raise NoPolicyLoaded("no policy is loaded")
    decision = decide(admission, policies)
    record = _record(request, admission, decision)
    return Answer(encode(request.uid, decision, record), record, admission, decision)


def encode(uid: str, decision: Decision, record: Record) -> bytes:
    """Write the answer."""
    annotations = {
        "decision": record.decision,
        "mode": record.mode,
        "policy": record.policy,
        "role": record.role,
        "pool": record.pool,
        "scopes": ",".join(record.scopes),
        "reason": record.reason,
    }
    status = patch = None
    match decision:
        case Deny(refusals=refusals):
            causes = [Cause(f.reason, f.message, f.field) for f in refusals]
            causes = causes[: messages.MAX_REFUSALS]
            status = Status(message=messages.refusal(refusals), details=Details(causes))
        case Mutate(patch=operations):
            patch = _encode(operations)
        case Allow() | Observed():
            pass
        case _:
            assert_never(decision)
    response = Response(
        uid=uid,
        allowed=status is None,
        status=status,
        patchType="JSONPatch" if patch is not None else None,
        patch=patch,
        auditAnnotations={key: value for key, value in annotations.items() if value},
        warnings=decision.report.warnings or None,
    )
    return _encode(Answered(API_VERSION, KIND, response))


def _record(request: RequestHead, admission: AdmissionRequest, decision: Decision) -> Record:
    report = decision.report
    verdict = decision.would if isinstance(decision, Observed) else decision
    dry_run = isinstance(decision, Observed) or admission.mode is NamespaceMode.DRY_RUN
    resource = request.resource.resource
    return Record(
        uid=request.uid,
        operation=request.operation,
        resource=f"{resource}/{request.subResource}" if request.subResource else resource,
        namespace=admission.namespace,
        name=messages.clip(
            request.name or (admission.pod.display_name if admission.pod else ""), MAX_NAME
        ),
        user=messages.clip((request.userInfo and request.userInfo.username) or "", MAX_NAME),
        hook=admission.hook,
        mode="dry-run" if dry_run else "enforce",
        decision=type(verdict).__name__.lower(),
        reason=report.reason,
        policy=report.policy,
        role=report.role,
        pool=messages.clip(report.pool, MAX_NAME),
        scopes=report.scopes,
        warnings=len(report.warnings),
        dry_run=bool(request.dryRun),
    )
