"""AdmissionReview bytes -> what is asked, as far as we have a say in it."""

from collections.abc import Collection
from typing import Final, NamedTuple, TypeVar

import msgspec

from webhook.core import messages
from webhook.core.deployers import CONTROLLERS, deployer_of
from webhook.core.pod import Pod
from webhook.core.policyset import PolicySet
from webhook.core.request import AdmissionRequest, Marks, Template, What
from webhook.core.tables import TemplatePath
from webhook.core.words import Hook, NamespaceMode
from webhook.wire.images import images_differ
from webhook.wire.marks import RESTARTED, marks
from webhook.wire.review import (
    API_VERSION,
    KIND,
    GroupVersionResource,
    PodReview,
    Request,
    RequestHead,
    Review,
)
from webhook.wire.subject import SentPod
from webhook.wire.templates import BUILT_IN, REVISIONS, templates

MAX_NAME: Final = 253  # of any object, as the API has it; what is longer is no name

_PODS: Final = GroupVersionResource("", "v1", "pods")
_NO_POLICIES: Final = PolicySet(())
# How an API server writes that, and where: behind a uid and a kind.
_OF_PODS: Final = b'"resource":{"group":"","version":"v1","resource":"pods"}'
_OF_PODS_WITHIN: Final = 512
_decode_pod_review: Final = msgspec.json.Decoder(PodReview).decode
_decode_review: Final = msgspec.json.Decoder(Review).decode
_decode_pod: Final = msgspec.json.Decoder(SentPod).decode

_Head = TypeVar("_Head", bound=RequestHead)


class Malformed(ValueError):
    """The request is no proper AdmissionReview; the message says what is wrong with it."""


def decode(
    body: bytes,
    *,
    hook: Hook,
    mode: NamespaceMode,
    policies: PolicySet = _NO_POLICIES,
    controllers: Collection[str] = CONTROLLERS,
) -> tuple[RequestHead, AdmissionRequest]:
    """Read a request; raises `Malformed`."""
    try:
        if not body.isascii():
            body.decode()  # the decoder does not look into strings that it skips
        request, asked = _new_pod(body) or _anything(body, hook, policies)
    except msgspec.MsgspecError as error:
        raise Malformed(f"not an AdmissionReview: {error}") from None
    except UnicodeDecodeError:
        raise Malformed("not an AdmissionReview: the body is not UTF-8") from None
    except RecursionError:
        raise Malformed("not an AdmissionReview: the body is nested too deeply") from None
    user = request.userInfo
    groups = (user and user.groups) or ()
    name = (user and user.username) or ""
    return request, AdmissionRequest(
        hook=hook,
        mode=mode,
        namespace=request.namespace or "",
        operation=request.operation,
        pod=asked.pod,
        old=asked.old,
        groups=groups,
        what=asked.what,
        templates=asked.templates,
        marks=asked.marks,
        deployer=deployer_of(name, groups, controllers),
    )


def _checked(version: str, kind: str, request: _Head | None) -> _Head:
    if version != API_VERSION or kind != KIND:
        raise Malformed(
            f"expected {KIND} of {API_VERSION}, got {messages.clip(kind)} of "
            f"{messages.clip(version)}; list v1 in admissionReviewVersions"
        )
    if request is None:
        raise Malformed("the AdmissionReview has no request")
    if not request.uid:
        raise Malformed("the AdmissionReview has no request.uid")
    what = request.resource
    words = (request.operation, request.subResource or "")
    if any(len(word) > MAX_NAME for word in (*words, what.group, what.version, what.resource)):
        raise Malformed(f"names of operations and resources have up to {MAX_NAME} characters")
    if len(request.uid) > MAX_NAME or len(request.namespace or "") > MAX_NAME:
        raise Malformed(f"request.uid and request.namespace have up to {MAX_NAME} characters")
    return request


class _Asked(NamedTuple):
    """What of a request's objects we have a say in; nothing: none of it."""

    pod: Pod | None = None
    old: Pod | None = None
    what: What = What.POD
    templates: tuple[Template, ...] = ()
    marks: Marks | None = None


_NOTHING: Final = _Asked()


def _new_pod(body: bytes) -> tuple[RequestHead, _Asked] | None:
    """Decode the creation of a pod, which nearly all reviews are, in one pass.

    None: it is another request, or something is wrong with it, which is told by who decodes it in
    two, so that each fault has its own sentence in one place.
    """
    if body.find(_OF_PODS, 0, _OF_PODS_WITHIN) < 0:
        return None
    try:
        review = _decode_pod_review(body)
        request = _checked(review.apiVersion, review.kind, review.request)
    except (msgspec.MsgspecError, Malformed, RecursionError):
        return None
    if request.resource != _PODS or request.operation != "CREATE" or request.subResource:
        return None
    return request, _Asked(request.object)


def _anything(body: bytes, hook: Hook, policies: PolicySet) -> tuple[RequestHead, _Asked]:
    """Decode any request, and then the objects where we have a say."""
    review = _decode_review(body)
    request = _checked(review.apiVersion, review.kind, review.request)
    return request, _objects(request, hook, policies)


def _objects(request: Request, hook: Hook, policies: PolicySet) -> _Asked:
    """Decode the objects where we have a say; what else is sent here is not looked into."""
    if request.resource == _PODS:
        return _of_pod(request, hook)
    if request.subResource or request.operation not in ("CREATE", "UPDATE"):
        return _NOTHING
    if hook is Hook.MUTATE:
        return _of_restarted(request)
    return _of_workload(request, policies)


def _of_pod(request: Request, hook: Hook) -> _Asked:
    match request.operation, request.subResource or "":
        case "CREATE", "":
            return _Asked(_pod(request.object, "object"))
        case "UPDATE", "ephemeralcontainers":
            old = _pod(request.oldObject, "oldObject")
            return _Asked(_pod(request.object, "object"), old, What.DEBUG)
        case "UPDATE", "" if hook is Hook.VALIDATE and images_differ(
            request.object, request.oldObject
        ):
            return _Asked(_pod(request.object, "object"), what=What.IMAGES)
        case _:
            return _NOTHING


def _of_workload(request: Request, policies: PolicySet) -> _Asked:
    resource = (request.resource.group, request.resource.resource)
    paths = BUILT_IN.get(resource)
    if paths is None:
        policy = policies.govern(request.namespace or "")
        paths = policy.workloads.get(resource, ()) if policy else ()
    old = None if request.operation == "CREATE" else request.oldObject
    found = _templates(paths, request.object, old)
    what = What.REVISION if resource == REVISIONS else What.WORKLOAD
    return _Asked(what=what, templates=found)


def _of_restarted(request: Request) -> _Asked:
    """Read what the mutating hook sees of a workload that Reloader restarts."""
    resource = (request.resource.group, request.resource.resource)
    if resource not in RESTARTED:
        return _NOTHING
    found = _templates(BUILT_IN[resource], request.object, None)
    if not found:
        return _NOTHING
    return _Asked(what=What.WORKLOAD, templates=found, marks=marks(request.object))


def _templates(
    paths: tuple[TemplatePath, ...], new: msgspec.Raw, old: msgspec.Raw | None
) -> tuple[Template, ...]:
    try:
        return templates(paths, new, old)
    except msgspec.ValidationError as error:
        raise Malformed(f"request.object has no pod template that makes sense: {error}") from None


def _pod(raw: msgspec.Raw, field: str) -> Pod:
    try:
        return _decode_pod(raw)
    except msgspec.ValidationError as error:
        raise Malformed(f"request.{field} is not a Pod: {error}") from None
