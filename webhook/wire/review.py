"""The AdmissionReview of admission.k8s.io/v1: what is read of a request, what an answer holds.

Field names are those of the Kubernetes API, hence the camelCase.
"""

# ruff: noqa: N815 - the field names are those of the Kubernetes API

from typing import Final

import msgspec

from webhook.wire.subject import SentPod

API_VERSION: Final = "admission.k8s.io/v1"
KIND: Final = "AdmissionReview"
_NULL: Final = msgspec.Raw(b"null")


class GroupVersionResource(msgspec.Struct, frozen=True):
    """Which resource a request is about."""

    group: str = ""
    version: str = ""
    resource: str = ""


class UserInfo(msgspec.Struct, frozen=True):
    """The authenticated user."""

    username: str | None = None
    groups: tuple[str, ...] | None = None


class RequestHead(msgspec.Struct, frozen=True):
    """`request` of an AdmissionReview without the objects."""

    uid: str
    resource: GroupVersionResource
    operation: str
    subResource: str | None = None
    namespace: str | None = None
    name: str | None = None
    userInfo: UserInfo | None = None
    dryRun: bool | None = None


class Request(RequestHead, frozen=True):
    """All of it; the two objects stay bytes until somebody needs them."""

    object: msgspec.Raw = _NULL
    oldObject: msgspec.Raw = _NULL


class Review(msgspec.Struct, frozen=True):
    """An AdmissionReview as the API server sends it."""

    apiVersion: str
    kind: str
    request: Request | None = None


class PodRequest(RequestHead, frozen=True, kw_only=True):
    """A request whose object is a pod, decoded with it."""

    object: SentPod


class PodReview(msgspec.Struct, frozen=True):
    """An AdmissionReview of such a request."""

    apiVersion: str
    kind: str
    request: PodRequest


class Cause(msgspec.Struct, frozen=True):
    """One refusal, for machines: `status.details.causes[]`."""

    reason: str
    message: str
    field: str


class Details(msgspec.Struct, frozen=True):
    """`status.details`."""

    causes: list[Cause]


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """`response.status` of a refusal: the API server hands it to the client as it is."""

    status: str = "Failure"
    code: int = 403
    reason: str = "Forbidden"
    message: str
    details: Details


class Response(msgspec.Struct, frozen=True, omit_defaults=True):
    """`response` of an AdmissionReview; `patch` and `patchType` come both or not at all."""

    uid: str
    allowed: bool
    status: Status | None = None
    patchType: str | None = None
    patch: bytes | None = None  # msgspec writes bytes as base64, as the API wants them
    auditAnnotations: dict[str, str] | None = None
    warnings: tuple[str, ...] | None = None


class Answered(msgspec.Struct, frozen=True):
    """An AdmissionReview as the API server wants it back."""

    apiVersion: str
    kind: str
    response: Response
