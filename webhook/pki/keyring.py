"""What the webhook's one Secret holds: CA, serving certificate, and the CAs before and after.

A keyring is content, as found; `open_keyring` tells which parts of it are of use.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from webhook.pki.authority import (
    Authority,
    certificate_pem,
    is_ca,
    is_pair,
    open_authority,
    read_certificate,
    read_key,
    why_not_in_force,
)
from webhook.pki.errors import PkiError
from webhook.pki.leaf import is_signed_by

T = TypeVar("T")

# What cryptography raises, ValueError apart, for a certificate with nonsense in an extension.
_MALFORMED: Final = (x509.DuplicateExtension, x509.UnsupportedGeneralNameType)


@dataclass(frozen=True, slots=True)
class Keyring:
    """PEM of each part; empty: it is not there."""

    ca_crt: bytes = b""
    ca_key: bytes = field(default=b"", repr=False)
    tls_crt: bytes = b""
    tls_key: bytes = field(default=b"", repr=False)
    next_ca_crt: bytes = b""
    next_ca_key: bytes = field(default=b"", repr=False)
    previous_ca_crt: bytes = b""  # one after the other, where there are several
    # Counts our changes, so that an old backup that somebody puts back is known for what it is.
    generation: int = 0

    @classmethod
    def of(cls, data: Mapping[str, bytes], generation: int) -> "Keyring":
        """Take the keys of a Secret; others are none of our business."""
        parts = {part: data.get(key, b"") for part, key in KEYS.items()}
        return cls(**parts, generation=generation)

    def data(self) -> dict[str, bytes]:
        """Give the keys of the Secret; what is not there is left out."""
        parts = {key: getattr(self, part) for part, key in KEYS.items()}
        return {key: content for key, content in parts.items() if content}

    def same_content(self, other: "Keyring") -> bool:
        """Tell whether both hold the same, whatever their generations."""
        return replace(self, generation=0) == replace(other, generation=0)


# Part of a keyring -> key of the Secret. The two of the leaf are those of the type
# kubernetes.io/tls, so that every tool that knows certificates can read it.
KEYS: Final = {
    "ca_crt": "ca.crt",
    "ca_key": "ca.key",
    "tls_crt": "tls.crt",
    "tls_key": "tls.key",
    "next_ca_crt": "next-ca.crt",
    "next_ca_key": "next-ca.key",
    "previous_ca_crt": "previous-ca.crt",
}


@dataclass(frozen=True, slots=True)
class Opened:
    """What of a keyring can be used at a moment, and why the rest cannot."""

    ca: x509.Certificate | None = None  # trusted; its key may be lost
    signer: Authority | None = None  # the CA with its key
    leaf: x509.Certificate | None = None  # signed by `ca`, in force, and with its key
    successor: Authority | None = None
    previous: tuple[x509.Certificate, ...] = ()
    why_no_ca: str = ""
    why_no_signer: str = ""
    why_no_leaf: str = ""
    why_no_successor: str = ""  # empty also where there is none


def open_keyring(found: Keyring, at: datetime) -> Opened:
    """Read every part and check it as of `at`; never raises."""
    ca, why_no_ca = _tried(lambda: _ca(found.ca_crt, at))
    signer, why_no_signer = _tried(lambda: _authority(found.ca_crt, found.ca_key, at))
    successor, why_no_successor = _tried(
        lambda: _authority(found.next_ca_crt, found.next_ca_key, at)
    )
    leaf, why_no_leaf = _tried(lambda: _leaf(found, ca, at))
    return Opened(
        ca=ca,
        signer=signer,
        leaf=leaf,
        successor=successor,
        previous=usable_cas(found.previous_ca_crt, at),
        why_no_ca=why_no_ca,
        why_no_signer=why_no_signer,
        why_no_leaf=why_no_leaf,
        why_no_successor=why_no_successor if found.next_ca_crt or found.next_ca_key else "",
    )


def usable_cas(pem: bytes, at: datetime) -> tuple[x509.Certificate, ...]:
    """Read the CA certificates of a bundle that are in force at a moment; rubbish has none."""
    try:
        found = x509.load_pem_x509_certificates(pem)
        cas = [_whole(certificate_pem(each)) for each in found]
    except (ValueError, PkiError):
        return ()
    return tuple(each for each in cas if is_ca(each) and not why_not_in_force(each, at))


def fingerprint(certificate: x509.Certificate) -> str:
    """Give the SHA-256 of a certificate's DER, as hexadecimal digits."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def choose(memory: Keyring | None, found: Keyring | None) -> tuple[Keyring | None, str]:
    """Decide between what we last knew and what the Secret holds now.

    Returns the one to go on from, and what happened to the Secret if it is not the one found.
    """
    if memory is None:
        return found, ""
    if found is None:
        return memory, "the Secret was gone"
    if found.generation < memory.generation:
        return memory, (
            f"the Secret held generation {found.generation}, "
            f"an older one than {memory.generation}, which was in force"
        )
    # Each writer counts on, and the API server lets only one of two writers through: whoever
    # changed the content without counting on was not one of us.
    if found.generation == memory.generation and not found.same_content(memory):
        return memory, "somebody else changed the Secret"
    return found, ""


def _tried(read: Callable[[], T]) -> tuple[T | None, str]:
    """Return what was read, or why it cannot be used."""
    try:
        return read(), ""
    except PkiError as problem:
        return None, str(problem)


def _ca(pem: bytes, at: datetime) -> x509.Certificate:
    if not pem:
        raise PkiError("there was none")
    certificate = _whole(pem)
    if not is_ca(certificate):
        raise PkiError("the certificate is not a CA's")
    _check_whole(certificate)
    _check_in_force(certificate, at)
    return certificate


def _authority(certificate: bytes, key: bytes, at: datetime) -> Authority:
    if not certificate or not key:
        raise PkiError("the certificate is missing" if key else "the key is missing")
    _check_whole(_whole(certificate))
    return open_authority(certificate, key, at=at)


def _leaf(found: Keyring, ca: x509.Certificate | None, at: datetime) -> x509.Certificate:
    if not found.tls_crt:
        raise PkiError("there was none")
    certificate = _whole(found.tls_crt)
    if not is_pair(certificate, read_key(found.tls_key)):
        raise PkiError("the key does not belong to the certificate")
    # OpenSSL reads on where we stop: what stands behind may keep it from loading a good pair.
    if found.tls_crt.strip() != certificate_pem(certificate).strip():
        raise PkiError("more than one certificate stood there")
    if ca is None or not is_signed_by(certificate, ca):
        raise PkiError("another CA had signed it")
    if certificate.not_valid_after_utc > ca.not_valid_after_utc:
        raise PkiError("it would outlive its CA")
    _check_in_force(certificate, at)
    return certificate


def _check_whole(ca: x509.Certificate) -> None:
    """Hold a CA to its own signature: no client looks at it, but a flipped bit shows there only."""
    if not is_signed_by(ca, ca):
        raise PkiError("the certificate is damaged: its signature does not fit")


def _check_in_force(certificate: x509.Certificate, at: datetime) -> None:
    why = why_not_in_force(certificate, at)
    if why:
        raise PkiError(why)


def _whole(pem: bytes) -> x509.Certificate:
    """Read a certificate, and the parts that cryptography would read when they are used."""
    certificate = read_certificate(pem)
    try:
        certificate.public_key()
        _ = certificate.extensions
    except (ValueError, UnsupportedAlgorithm, *_MALFORMED):
        raise PkiError("the certificate cannot be read") from None
    return certificate
