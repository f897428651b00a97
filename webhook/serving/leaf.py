"""What we must know of our own certificate: from when, until when, and for what kind of key.

`cryptography` would tell, and costs 9 MB of memory and 30 ms of the start for three fields. OpenSSL
has taken the certificate before this is believed; what is not written as everyday certificates are
is left to `webhook.serving.unusual`, which asks `cryptography`.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

# OpenSSL takes a certificate under other labels, too; the first of any is the one it serves with.
_FIRST: Final = re.compile(
    rb"-----BEGIN ([A-Z0-9 ]*CERTIFICATE)-----\r?\n(.*?)-----END \1-----", re.DOTALL
)
_LABEL: Final = b"CERTIFICATE"
# The tags of DER, and the formats of its two kinds of time, whose years RFC 5280 (4.1.2.5) splits.
_SEQUENCE: Final = 0x30
_VERSION: Final = 0xA0
_OID: Final = 0x06
_TIMES: Final = {0x17: "%y%m%d%H%M%SZ", 0x18: "%Y%m%d%H%M%SZ"}
_LENGTHS: Final = {0x17: 13, 0x18: 15}
_PIVOT: Final = 2050  # 1950 to 2049 are written with two digits; strptime splits at 1969
# The keys that TLS 1.3 signs with: rsaEncryption, id-ecPublicKey, id-Ed25519.
_KEYS: Final = frozenset(
    map(bytes.fromhex, ("2a864886f70d010101", "2a8648ce3d0201", "2b6570")),
)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A serving certificate, as far as it concerns whoever serves with it."""

    der: bytes
    not_before: datetime
    not_after: datetime


def read_leaf(pem: bytes) -> Leaf | None:
    """Read the first certificate of a file; None: it is no everyday one, or none at all."""
    found = _FIRST.search(pem)
    if found is None or found[1] != _LABEL:
        return None
    try:
        der = base64.b64decode(b"".join(found[2].split()), validate=True)
        return _leaf(der)
    except (binascii.Error, IndexError, ValueError):
        return None


def _leaf(der: bytes) -> Leaf:
    """Walk to the validity: `Certificate` and `TBSCertificate` of RFC 5280, section 4.1."""
    _, at, _ = _element(der, 0, _SEQUENCE)
    _, at, _ = _element(der, at, _SEQUENCE)
    if der[at] == _VERSION:
        _, _, at = _element(der, at)
    for _ in ("serialNumber", "signature", "issuer"):
        _, _, at = _element(der, at)
    _, begins, at = _element(der, at, _SEQUENCE)
    not_before, then = _time(der, begins)
    not_after, _ = _time(der, then)
    _, _, at = _element(der, at)  # the subject
    _, at, _ = _element(der, at, _SEQUENCE)  # SubjectPublicKeyInfo
    _, at, _ = _element(der, at, _SEQUENCE)  # AlgorithmIdentifier
    _, begins, end = _element(der, at, _OID)
    if der[begins:end] not in _KEYS:
        raise ValueError("not a key that we serve with")
    return Leaf(der, not_before, not_after)


def _element(der: bytes, at: int, tag: int | None = None) -> tuple[int, int, int]:
    """Return the tag of the element at a place, and where its content begins and ends."""
    length, begins = der[at + 1], at + 2
    if length & 0x80:  # then it says how many bytes say how long it is
        begins += length & 0x7F
        length = int.from_bytes(der[at + 2 : begins], "big")
    end = begins + length
    if end > len(der) or (tag is not None and der[at] != tag):
        raise ValueError("not a certificate")
    return der[at], begins, end


def _time(der: bytes, at: int) -> tuple[datetime, int]:
    """Read a time; returns it, and where it ends."""
    tag, begins, end = _element(der, at)
    if end - begins != _LENGTHS.get(tag):
        raise ValueError("not a time")
    read = datetime.strptime(der[begins:end].decode("ascii"), _TIMES[tag]).replace(tzinfo=UTC)
    if tag == min(_TIMES) and read.year >= _PIVOT:
        read = read.replace(year=read.year - 100)
    return read, end
