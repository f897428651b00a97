"""The serving certificate: read, checked, and replaced when another one comes.

It comes from files that are followed, or is handed over as bytes. A new one is built as a whole new
context, so that connections which are there keep what they began with, and a half-written or
mismatching pair never takes the place of a good one.
"""

import contextlib
import hashlib
import logging
import os
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from webhook.serving.leaf import read_leaf
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


class _Source:
    """The certificate in force."""

    def __init__(
        self,
        where: str,
        *,
        fingerprint: Callable[[], bytes | None],
        read: Callable[[], Serving],
        metrics: Metrics,
        clock: Callable[[], float],
    ) -> None:
        """Take a clock of seconds since 1970; nothing is read before `poll`."""
        self._where, self._read, self._metrics, self._clock = where, read, metrics, clock
        self.followed = Followed(
            "the serving certificate",
            fingerprint=fingerprint,
            load=self._load,
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

    def _load(self, _generation: int) -> Serving:
        serving = self._read()
        now = datetime.fromtimestamp(self._clock(), UTC)
        why = serving.why_not_valid(now)
        # At the start any is better than none: the process lives, is not ready, and says why.
        if why and self.followed.current() is not None:
            raise LoadError(f"{self._where}: {why}")
        return serving

    def _loaded(self, serving: Serving, _status: Status) -> None:
        self._metrics.certificate_loaded(not_after=serving.not_after.timestamp())
        event(
            logging.INFO,
            "the serving certificate is loaded",
            notBefore=serving.not_before.isoformat(),
            notAfter=serving.not_after.isoformat(),
        )


class TlsSource(_Source):
    """The certificate of some files, followed on disk."""

    def __init__(self, files: TlsFiles, *, metrics: Metrics, clock: Callable[[], float]) -> None:
        """Take a clock of seconds since 1970; nothing is read before `poll`."""
        super().__init__(
            str(files.certificate),
            fingerprint=files.fingerprint,
            read=lambda: read_serving(files),
            metrics=metrics,
            clock=clock,
        )


class PemTlsSource(_Source):
    """The certificate that was handed over last; no file ever holds its key."""

    def __init__(
        self, *, client_ca: Path | None, metrics: Metrics, clock: Callable[[], float]
    ) -> None:
        """Take the CA of the clients, if only some may ask, and a clock of seconds since 1970."""
        self._offered: tuple[bytes, bytes] | None = None
        self._client_ca = client_ca
        super().__init__(
            "tls.crt",
            fingerprint=self._fingerprint,
            read=self._read_offered,
            metrics=metrics,
            clock=clock,
        )

    def offer(self, certificate: bytes, key: bytes) -> None:
        """Take certificate and key as PEM, from any thread; what is of no use changes nothing.

        That is logged and counted, and tried again for as long as nothing else is offered.
        """
        self._offered = certificate, key
        self.followed.poll(settle=False)

    def _fingerprint(self) -> bytes | None:
        if self._offered is None:
            return None
        digest = hashlib.sha256()
        client_ca = b"" if self._client_ca is None else self._client_ca.read_bytes()
        for content in (*self._offered, client_ca):
            digest.update(b"%d:" % len(content))
            digest.update(content)
        return digest.digest()

    def _read_offered(self) -> Serving:
        if self._offered is None:
            raise LoadError("no certificate has come yet")
        return _serving(*self._offered, "tls.crt", "tls.key", self._client_ca)


def read_serving(files: TlsFiles) -> Serving:
    """Read certificate and key and make a context of them; raises LoadError or OSError."""
    content = (files.certificate.read_bytes(), files.key.read_bytes())
    return _serving(*content, str(files.certificate), str(files.key), files.client_ca)


def _serving(
    certificate: bytes, key: bytes, certificate_at: str, key_at: str, client_ca: Path | None
) -> Serving:
    """Make a context of a pair, which messages call by where it came from; raises LoadError."""
    context = _context()
    leaf = read_leaf(certificate)
    if leaf is None or (why := _use(context, certificate, key)):
        from webhook.serving.unusual import examined  # noqa: PLC0415 - loads `cryptography`

        leaf = examined(certificate, key, certificate_at, key_at)
        why = _use(context, certificate, key)
    if why:
        raise LoadError(f"{certificate_at}: TLS cannot use it: {why}")
    _admit_only(context, client_ca)
    return Serving(context, leaf.der, leaf.not_before, leaf.not_after)


@contextlib.contextmanager
def _in_memory(content: bytes) -> Iterator[str]:
    """Lend a path to some bytes that are on no disk, in no folder, and gone afterwards.

    Python's ssl takes keys from paths only. A file of memory alone needs nothing writable, so that
    it works with a read-only root, and cannot be found by its name or left behind by a crash.
    """
    descriptor = os.memfd_create("tls", os.MFD_CLOEXEC)
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(content)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # A client could make us do handshake after handshake on one connection.
    context.options |= ssl.OP_NO_RENEGOTIATION
    # The API server keeps connections but no sessions: tickets would be made for nobody.
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    context.set_alpn_protocols(["http/1.1"])
    return context


def _use(context: ssl.SSLContext, certificate: bytes, key: bytes) -> str:
    """Have a context serve with a pair; returns why it cannot, in OpenSSL's words."""
    with _in_memory(certificate) as certificate_path, _in_memory(key) as key_path:
        try:
            # A pass phrase of our own, else OpenSSL would ask the terminal for that of the key.
            context.load_cert_chain(certificate_path, key_path, password="")
        except ssl.SSLError as problem:
            return problem.reason or type(problem).__name__
    return ""


def _admit_only(context: ssl.SSLContext, client_ca: Path | None) -> None:
    """Take only clients with a certificate of a CA, if one is given."""
    if client_ca is None:
        return
    try:
        context.load_verify_locations(client_ca)
    except ssl.SSLError:
        raise LoadError(f"{client_ca}: the file holds no CA certificate") from None
    context.verify_mode = ssl.CERT_REQUIRED
