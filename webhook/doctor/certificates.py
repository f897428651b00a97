"""Certificates: what the API server trusts, what the webhook serves, and until when."""

import base64
import binascii
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography import x509

from webhook.core.words import GROUP
from webhook.doctor.findings import Check, Finding, check, failed, warning
from webhook.doctor.hooks import entries
from webhook.doctor.snapshot import NotRead, Snapshot, named
from webhook.pki.authority import read_certificate, why_not_in_force
from webhook.pki.errors import PkiError
from webhook.pki.keyring import fingerprint, usable_cas
from webhook.pki.leaf import is_signed_by, needs_renewal
from webhook.pki.names import names_of

SECRET: Final = "noxus-secret-webhook-tls"  # noqa: S105  the name of an object
SERVING: Final = f"{GROUP}/serving"
# A CA that the webhook makes itself is replaced long before. Whoever brings one needs days.
_SOON: Final = timedelta(days=30)


def examine_certificates(snapshot: Snapshot, at: datetime) -> Check:
    """Look at the CA bundles, and at the serving certificate where it may be read."""
    bundles = {name: _bundle(entry) for name, entry in entries(snapshot).items()}
    if not bundles:
        for configuration in (snapshot.installed.mutating, snapshot.installed.validating):
            if isinstance(configuration, NotRead):
                return Check("certificates", (configuration.finding("CA bundles"),))
        return Check("certificates", (failed("there is no entry that could trust a CA", ""),))
    found = [*_bundles(snapshot, bundles, at), *_served(snapshot, bundles, at)]
    cas = {ca for bundle in bundles.values() for ca in usable_cas(bundle, at)}
    until = f"{max(ca.not_valid_after_utc for ca in cas):%Y-%m-%d}" if cas else ""
    leaf = _leaf(snapshot)
    if leaf is not None:
        until = f"{until}, serving certificate until {leaf.not_valid_after_utc:%Y-%m-%d}"
    well = f"every entry trusts the CA that signed what is served: CA until {until}"
    return check("certificates", found, well)


def _bundles(snapshot: Snapshot, bundles: dict[str, bytes], at: datetime) -> Iterator[Finding]:
    mend = _mend(snapshot)
    empty = sorted(name for name, bundle in bundles.items() if not bundle)
    if empty:
        yield failed(f"no caBundle: {', '.join(empty)} cannot be called", mend)
    for name, bundle in sorted(bundles.items()):
        if not bundle:
            continue
        cas = usable_cas(bundle, at)
        if not cas:
            yield failed(f"{name}: its caBundle holds no CA that is in force", mend)
        elif (end := max(ca.not_valid_after_utc for ca in cas)) - at < _SOON:
            yield warning(f"{name}: the CA in its caBundle ends on {end:%Y-%m-%d}", mend)


def _served(snapshot: Snapshot, bundles: dict[str, bytes], at: datetime) -> Iterator[Finding]:
    kept = snapshot.installed.certificates
    mend = _mend(snapshot)
    if isinstance(kept, NotRead):
        yield kept.finding("serving certificate")
        return
    if kept is None:
        yield failed(f"Secret {SECRET} is missing in namespace {snapshot.namespace}", mend)
        return
    try:
        leaf = read_certificate(kept.get("tls.crt", b""))
    except PkiError as problem:
        yield failed(f"Secret {SECRET}: tls.crt: {problem}", mend)
        return
    why = why_not_in_force(leaf, at)
    if why:
        yield failed(f"Secret {SECRET}: tls.crt: {why}", mend)
    elif needs_renewal(leaf, at):
        end = f"{leaf.not_valid_after_utc:%Y-%m-%d}"
        yield warning(f"the serving certificate should have been renewed: it ends on {end}", mend)
    strangers = [
        name
        for name, bundle in sorted(bundles.items())
        if (cas := usable_cas(bundle, at)) and not any(is_signed_by(leaf, ca) for ca in cas)
    ]
    if strangers:
        message = (
            f"the serving certificate is of a CA that these do not trust: {', '.join(strangers)}"
        )
        yield failed(message, mend)
    yield from _names(snapshot, leaf)
    yield from _replicas(snapshot, leaf)


def _names(snapshot: Snapshot, leaf: x509.Certificate) -> Iterator[Finding]:
    host = f"noxus-secret-webhook.{snapshot.namespace}.svc"
    if host not in names_of(leaf).dns:
        yield failed(f"the serving certificate is not for {host}", _mend(snapshot))


def _replicas(snapshot: Snapshot, leaf: x509.Certificate) -> Iterator[Finding]:
    """Compare with what replicas say that they serve; only self-managed ones say so."""
    leases = snapshot.installed.leases
    if isinstance(leases, NotRead):
        yield leases.finding("what each replica serves")
        return
    said = {
        named(it): str(((it.get("metadata") or {}).get("annotations") or {}).get(SERVING, ""))
        for it in leases
    }
    other = sorted(name for name, served in said.items() if served != fingerprint(leaf))
    if other:
        yield warning(
            f"these replicas serve another certificate than that of the Secret: {', '.join(other)}",
            "wait a minute and look again, then: kubectl -n "
            f"{snapshot.namespace} rollout restart deployment/noxus-secret-webhook",
        )


def _leaf(snapshot: Snapshot) -> x509.Certificate | None:
    kept = snapshot.installed.certificates
    if isinstance(kept, NotRead) or kept is None:
        return None
    try:
        return read_certificate(kept.get("tls.crt", b""))
    except PkiError:
        return None


def _mend(snapshot: Snapshot) -> str:
    rotate = f"kubectl -n {snapshot.namespace} annotate --overwrite secret {SECRET}"
    return (
        f"{rotate} {GROUP}/rotate=ca where the webhook makes its own; else renew them where they "
        "come from (docs/operations.md, Certificates)"
    )


def _bundle(entry: dict[str, Any]) -> bytes:
    encoded = str((entry.get("clientConfig") or {}).get("caBundle") or "")
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return b""
