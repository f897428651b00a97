"""Where policy and certificate come from: what the server needs of them, and files as a source."""

import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from webhook.core.policyset import PolicySet
from webhook.serving.errors import StartError
from webhook.serving.hooks import Reporter
from webhook.serving.policies import FilePolicySource, Loader
from webhook.serving.reload import Followed, Status
from webhook.serving.tls import Serving, TlsFiles, TlsSource
from webhook.settings import Settings
from webhook.telemetry.metrics import Metrics


class Policies(Protocol):
    """The policies in force."""

    def current(self) -> PolicySet | None:
        """Give them; None or empty: there are none."""

    def status(self) -> Status:
        """Tell what is in force, and what is wrong with what is not."""


class Certificate(Protocol):
    """The serving certificate in force."""

    def current(self) -> Serving | None:
        """Give it; None: there is none yet."""

    def context(self) -> ssl.SSLContext:
        """Give the context for a new connection; raises SSLError where there is none yet."""

    def status(self) -> Status:
        """Tell what is in force, and what is wrong with what is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """All that a server serves with, and what runs beside it."""

    policies: Policies
    certificate: Certificate
    followed: tuple[Followed[Any], ...]  # looked at once in a while
    beside: tuple[Callable[[], Awaitable[None]], ...] = ()  # run for ever, cancelled at the end
    closing: Callable[[], Awaitable[None]] | None = None  # after those have ended
    reporter: Reporter | None = None  # is told of decisions


def from_files(
    load: Loader, fingerprint: Callable[[Path], bytes]
) -> Callable[[Settings, Metrics], Sources]:
    """Serve with what lies in files, and nothing else."""

    def sources(settings: Settings, metrics: Metrics) -> Sources:
        certificate = file_certificate(settings, metrics)
        policies = file_policies(settings, metrics, load=load, fingerprint=fingerprint)
        followed = (policies.followed, certificate.followed)
        return Sources(policies=policies, certificate=certificate, followed=followed)

    return sources


def file_policies(
    settings: Settings,
    metrics: Metrics,
    *,
    load: Loader,
    fingerprint: Callable[[Path], bytes],
) -> FilePolicySource:
    """Load the policy; one that does not load may be mended while we wait, not ready."""
    if settings.policy is None or not settings.policy.exists():
        raise StartError(f"--policy: there is no file or folder {settings.policy}; name another")
    source = FilePolicySource(
        settings.policy, load=load, fingerprint=fingerprint, metrics=metrics, clock=time.time
    )
    source.followed.poll(settle=False)
    return source


def file_certificate(settings: Settings, metrics: Metrics) -> TlsSource:
    """Load the certificate; without one there is nothing to wait for, and the way out is known."""
    files = TlsFiles(settings.tls_cert, settings.tls_key, settings.client_ca)
    for flag, path in (
        ("--tls-cert", files.certificate),
        ("--tls-key", files.key),
        ("--client-ca", files.client_ca),
    ):
        if path is not None and not path.is_file():
            hint = "" if flag == "--client-ca" else "run `noxus-secrets certs` to make one, or "
            raise StartError(f"{flag}: there is no file {path}; {hint}name another")
    source = TlsSource(files, metrics=metrics, clock=time.time)
    source.followed.poll(settle=False)
    if source.current() is None:
        raise StartError(f"the serving certificate cannot be used: {source.status().error}")
    return source
