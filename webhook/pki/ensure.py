"""Brings a folder to hold a good CA and serving certificate, touching as little as it can."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from webhook.pki.authority import (
    Authority,
    certificate_pem,
    create_authority,
    is_pair,
    key_pem,
    open_authority,
    read_certificate,
    read_key,
)
from webhook.pki.errors import PkiError
from webhook.pki.leaf import is_issued_by, issue_leaf, needs_renewal
from webhook.pki.names import Names, names_of
from webhook.pki.store import Folder

CA_CERTIFICATE: Final = "ca.crt"
CA_KEY: Final = "ca.key"
LEAF_CERTIFICATE: Final = "tls.crt"
LEAF_KEY: Final = "tls.key"


@dataclass(frozen=True, slots=True)
class Source:
    """Where fresh keys and serial numbers come from."""

    key: Callable[[], ec.EllipticCurvePrivateKey]
    serial: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the folder shall hold."""

    names: Names
    ca_lifetime: timedelta
    lifetime: timedelta
    renew: bool = False  # issue the serving certificate anew although it is still good


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one pair of files, and why."""

    certificate_file: str
    key_file: str
    action: Literal["created", "renewed", "kept"]
    why: str
    certificate: x509.Certificate


def ensure(folder: Folder, wish: Wish, *, at: datetime, fresh: Source) -> tuple[Outcome, Outcome]:
    """Keep or make the CA, then the serving certificate; the caller holds the folder's lock.

    Raises PkiError, with nothing changed, where going on would destroy something of the user's.
    """
    authority, of_ca = _ensure_authority(folder, wish, at=at, fresh=fresh)
    return of_ca, _ensure_leaf(folder, authority, wish, at=at, fresh=fresh)


def _ensure_authority(
    folder: Folder, wish: Wish, *, at: datetime, fresh: Source
) -> tuple[Authority, Outcome]:
    certificate, key = folder.read(CA_CERTIFICATE), folder.read(CA_KEY)
    if certificate is None and key is None:
        authority = create_authority(
            key=fresh.key(), serial=fresh.serial(), at=at, lifetime=wish.ca_lifetime
        )
        # The key first: a certificate whose key was lost would be of no use, and would be refused.
        folder.write(CA_KEY, key_pem(authority.key), private=True)
        folder.write(CA_CERTIFICATE, certificate_pem(authority.certificate), private=False)
        return authority, _of_ca("created", "there was none", authority)
    restart = (
        f"to begin with a new CA, move {CA_CERTIFICATE} and {CA_KEY} away, run this again and "
        "put the new CA into the caBundle of the webhook configurations"
    )
    if certificate is None or key is None:
        missing, there = CA_CERTIFICATE, CA_KEY
        if key is None:
            missing, there = there, missing
        raise PkiError(
            f"{folder.path / there} is there but {missing} is missing: put it back; {restart}"
        )
    try:
        authority = open_authority(certificate, key, at=at)
    except PkiError as fault:
        raise PkiError(f"{folder.path / CA_CERTIFICATE}: {fault}; {restart}") from None
    tightened = folder.make_private(CA_KEY)
    why = "still good; its key is now readable by its owner only" if tightened else "still good"
    return authority, _of_ca("kept", why, authority)


def _ensure_leaf(
    folder: Folder, authority: Authority, wish: Wish, *, at: datetime, fresh: Source
) -> Outcome:
    old = folder.read(LEAF_CERTIFICATE)
    certificate = None if old is None else _own_leaf(folder, old, authority, renew=wish.renew)
    why = _why_issue(folder, certificate, wish, at=at)
    if certificate is not None and why is None:
        folder.make_private(LEAF_KEY)
        return Outcome(LEAF_CERTIFICATE, LEAF_KEY, "kept", "still good", certificate)
    key = fresh.key()
    issued = issue_leaf(
        authority, names=wish.names, key=key, serial=fresh.serial(), at=at, lifetime=wish.lifetime
    )
    # Between the two a server may read a key and a certificate that do not match; ours keeps what
    # it has until they do.
    folder.write(LEAF_KEY, key_pem(key), private=True)
    folder.write(LEAF_CERTIFICATE, certificate_pem(issued), private=False)
    action: Literal["created", "renewed"] = "created" if old is None else "renewed"
    return Outcome(LEAF_CERTIFICATE, LEAF_KEY, action, why or "there was none", issued)


def _own_leaf(
    folder: Folder, pem: bytes, authority: Authority, *, renew: bool
) -> x509.Certificate | None:
    """Read the present certificate, and refuse to overwrite one that another CA issued."""
    try:
        certificate = read_certificate(pem)
    except PkiError:
        certificate = None
    if renew or (certificate is not None and is_issued_by(certificate, authority)):
        return certificate
    what = "is no certificate" if certificate is None else f"was not issued by {CA_CERTIFICATE}"
    raise PkiError(
        f"{folder.path / LEAF_CERTIFICATE} {what}: name another folder with --dir, "
        "or replace it with --renew"
    )


def _why_issue(
    folder: Folder, certificate: x509.Certificate | None, wish: Wish, *, at: datetime
) -> str | None:
    """Say why a certificate has to be issued; None: the present one is good."""
    if certificate is None:
        return "there was none"
    if wish.renew:
        return "asked for"
    try:
        key = folder.read(LEAF_KEY)
        if key is None or not is_pair(certificate, read_key(key)):
            return "its key was missing or another's"
    except PkiError:
        return "its key could not be read"
    if names_of(certificate) != wish.names:
        return "other names"
    return "due" if needs_renewal(certificate, at) else None


def _of_ca(action: Literal["created", "kept"], why: str, authority: Authority) -> Outcome:
    return Outcome(CA_CERTIFICATE, CA_KEY, action, why, authority.certificate)
