"""The serving certificate: read, checked, and replaced when its files change.

A new one is built as a whole new context, so that connections which are there keep what they began
with, and a half-written or mismatching pair never takes the place of a good one.
"""

import hashlib
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from webhook.pki.authority import is_pair, read_certificate, read_key
from webhook.pki.errors import PkiError
from webhook.serving.reload import Followed, LoadError, Status
from webhook.telemetry.logs import event
from webhook.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where certificate and key lie, and the CA of the clients, if only some may ask."""

    certificate: Path
    key: Path
    client_ca: Path | None = None

    def fingerprint(self) -> bytes:
        """Hash all contents; raises OSError."""
        digest = hashlib.sha256()
        for path in (self.certificate, self.key, self.client_ca):
            content = b"" if path is None else path.read_bytes()
            digest.update(b"%d:" % len(content))
            digest.update(content)
        return digest.digest()


@dataclass(frozen=True, slots=True)
class Serving:
    """A certificate ready to serve with."""

    context: ssl.SSLContext
    der: bytes  # the certificate itself
    not_before: datetime
    not_after: datetime

    def why_not_valid(self, at: datetime) -> str:
        """Say why the certificate is not good at a moment; empty: it is."""
        if at >= self.not_after:
            return f"the certificate expired on {self.not_after:%Y-%m-%d %H:%M} UTC"
        if at < self.not_before:
            return f"the certificate begins on {self.not_before:%Y-%m-%d %H:%M} UTC"
        return ""


class TlsSource:
    """The certificate in force, followed on disk."""

    def __init__(self, files: TlsFiles, *, metrics: Metrics, clock: Callable[[], float]) -> None:
        """Take a clock of seconds since 1970; nothing is read before `poll`."""
        self._files, self._metrics, self._clock = files, metrics, clock
        self.followed = Followed(
            "the serving certificate",
            fingerprint=files.fingerprint,
            load=self._read,
            clock=clock,
            loaded=self._loaded,
            failed=metrics.certificate_failed,
            try_again=True,  # one that begins in a minute will do then
        )

    def current(self) -> Serving | None:
        """Give the certificate in force; None: none ever loaded."""
        return self.followed.current()

    def context(self) -> ssl.SSLContext:
        """Give the context for a new connection; only once a certificate has loaded."""
        serving = self.followed.current()
        if serving is None:
            raise ssl.SSLError("no certificate is loaded")
        return serving.context

    def status(self) -> Status:
        """Tell what is in force, and what is wrong with what is not."""
        return self.followed.status()

    def _read(self, _generation: int) -> Serving:
        serving = read_serving(self._files)
        now = datetime.fromtimestamp(self._clock(), UTC)
        why = serving.why_not_valid(now)
        # At the start any is better than none: the process lives, is not ready, and says why.
        if why and self.followed.current() is not None:
            raise LoadError(f"{self._files.certificate}: {why}")
        return serving

    def _loaded(self, serving: Serving, _status: Status) -> None:
        self._metrics.certificate_loaded(not_after=serving.not_after.timestamp())
        event(
            logging.INFO,
            "the serving certificate is loaded",
            notBefore=serving.not_before.isoformat(),
            notAfter=serving.not_after.isoformat(),
        )


def read_serving(files: TlsFiles) -> Serving:
    """Read certificate and key and make a context of them; raises LoadError or OSError."""
    try:
        certificate = read_certificate(files.certificate.read_bytes())
    except PkiError as problem:
        raise LoadError(f"{files.certificate}: {problem}") from None
    try:
        key = read_key(files.key.read_bytes())
    except PkiError as problem:
        raise LoadError(f"{files.key}: {problem}") from None
    if not is_pair(certificate, key):
        raise LoadError(f"{files.key}: the key does not belong to {files.certificate}")
    return Serving(
        context=_context(files),
        der=certificate.public_bytes(Encoding.DER),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def _context(files: TlsFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # A client could make us do handshake after handshake on one connection.
    context.options |= ssl.OP_NO_RENEGOTIATION
    # The API server keeps connections but no sessions: tickets would be made for nobody.
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(files.certificate, files.key)
    except ssl.SSLError as problem:
        raise LoadError(f"{files.certificate}: TLS cannot use it: {problem.reason}") from None
    if files.client_ca is not None:
        try:
            context.load_verify_locations(files.client_ca)
        except ssl.SSLError:
            raise LoadError(f"{files.client_ca}: the file holds no CA certificate") from None
        context.verify_mode = ssl.CERT_REQUIRED
    return context
