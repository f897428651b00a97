"""The body of a review -> what differs between the pods of one workload, cut out of it.

The pods of one ReplicaSet are the same but for a few strings that the API server makes up: the uid
of the request, name, uid and times of the pod, and the name of the volume with the token of its
ServiceAccount. They are found where the API server writes them, without decoding anything, and a
place that looks otherwise is simply not cut: the memo then knows fewer reviews again.

Everything else stays, whatever it is. Of each string only characters are cut that mean nothing in
JSON, so that two bodies with the same rest are the same document but for the content of the same
strings. Whether those are the strings that they look like is `webhook.wire.memo`'s to prove.
"""

import re
from typing import Final, NamedTuple

# A pod with 20 containers has 57 kB. What is longer is rare, and costs more to hash than it saves.
MAX_BODY: Final = 65_536

# No valid JSON holds this byte, so that a mark cannot be mistaken for what was sent.
NUL: Final = b"\0"
ACCESS: Final = b"kube-api-access-"

_UID: Final = rb"[0-9a-f-]{36}"
_NAME: Final = rb"[a-z0-9.-]{1,253}"
_TIME: Final = rb"[0-9TZ:-]{20}"
_KIND: Final = rb"\{[^{}\0]{1,200}\}"
_HEAD: Final = re.compile(
    rb'\{"kind":"AdmissionReview","apiVersion":"admission\.k8s\.io/v1","request":\{'
    rb'"uid":"(' + _UID + rb')","kind":\{"group":"","version":"v1","kind":"Pod"\},'
    rb'"resource":\{"group":"","version":"v1","resource":"pods"\},'
    rb'"requestKind":' + _KIND + rb',"requestResource":' + _KIND + rb","
    rb'(?:"name":"(' + _NAME + rb')",)?'
    rb'"namespace":"[a-z0-9-]{1,63}","operation":"CREATE",'
)
_OBJECT: Final = b'"object":{"kind":"Pod","apiVersion":"v1","metadata":{'
_METADATA: Final = re.compile(
    re.escape(_OBJECT) + rb'(?:"name":"(' + _NAME + rb')",)?'
    rb'(?:"generateName":"[a-z0-9.-]{1,253}",)?(?:"namespace":"[a-z0-9-]{1,63}",)?'
    rb'(?:"uid":"(' + _UID + rb')",)?(?:"creationTimestamp":"(' + _TIME + rb')")?'
)
_MANAGED: Final = b',"time":"'
_MANAGED_TIME: Final = re.compile(_MANAGED + rb"(" + _TIME + rb')","fieldsType":')
_VOLUME: Final = b'{"name":"' + ACCESS
_TOKEN: Final = re.compile(
    rb'\{"name":"(' + ACCESS + rb'[a-z0-9]{5})","projected":\{"sources":\['
    rb'\{"serviceAccountToken":'
)

# The names of the places, in the order in which they come in a body.
REQUEST_UID: Final = "request_uid"
REQUEST_NAME: Final = "request_name"
NAME: Final = "name"
UID: Final = "uid"
CREATED: Final = "created"
MANAGED: Final = "managed"
TOKEN: Final = "token"  # noqa: S105 - the name of a volume
_PLACES: Final = (REQUEST_UID, REQUEST_NAME, NAME, UID, CREATED, MANAGED, TOKEN)
_MARKS: Final = {place: NUL + place.encode() + NUL for place in _PLACES}

Strings = dict[str, bytes]  # by the names of the places; one that is not there is absent


class Cut(NamedTuple):
    """A body, taken apart."""

    rest: bytes  # the body with marks in place of the strings
    strings: Strings


def cut(body: bytes) -> Cut | None:
    """Take a body apart; None: it is no creation of a pod as an API server writes it."""
    head = _HEAD.match(body)
    if head is None or len(body) > MAX_BODY or NUL in body:
        return None
    metadata = _METADATA.match(body, max(body.find(_OBJECT, head.end()), 0))
    if metadata is None:
        return None
    managed = _MANAGED_TIME.match(body, max(body.find(_MANAGED, metadata.end()), 0))
    spans = head.regs[1:] + metadata.regs[1:] + (managed.regs[1:] if managed else ())
    strings: Strings = {}
    pieces: list[bytes] = []
    end = 0
    for place, (begin, after) in zip(_PLACES, spans, strict=False):  # managed may be missing
        if begin >= 0:
            strings[place] = body[begin:after]
            pieces += (body[end:begin], _MARKS[place])
            end = after
    pieces.append(body[end:])
    rest = b"".join(pieces)
    volume = _TOKEN.match(rest, max(rest.find(_VOLUME), 0))
    if volume:
        token = strings[TOKEN] = volume[1]
        # As `replace` would, which counts first and takes half as long again.
        rest = (b'"' + _MARKS[TOKEN] + b'"').join(rest.split(b'"' + token + b'"'))
    return Cut(rest, strings)


def put(rest: bytes, strings: Strings) -> bytes:
    """Put strings where their marks are."""
    for place, string in strings.items():
        rest = rest.replace(_MARKS[place], string)
    return rest
