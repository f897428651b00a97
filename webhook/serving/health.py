"""Health and metrics over plain HTTP, for the kubelet and Prometheus."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from webhook.serving.probe import Probe
from webhook.serving.protocol import Connection
from webhook.serving.reload import Status
from webhook.serving.reply import exposition, text
from webhook.serving.sources import Certificate, Policies
from webhook.telemetry.logs import timestamp

_PATHS: Final = ("/healthz", "/readyz", "/metrics")


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing that readiness depends on; `detail` says why it fails, or more about it."""

    name: str
    ok: bool
    detail: str = ""

    def __str__(self) -> str:
        """Write it as the API server's own /readyz does."""
        mark, state = ("+", "ok") if self.ok else ("-", "failed")
        return f"[{mark}]{self.name} {state}{': ' if self.detail else ''}{self.detail}"


class Readiness:
    """Whether requests may be sent here."""

    def __init__(
        self,
        policies: Policies,
        tls: Certificate,
        probe: Probe,
        *,
        clock: Callable[[], float],
    ) -> None:
        """Take a clock of seconds since 1970."""
        self._policies, self._tls, self._probe, self._clock = policies, tls, probe, clock
        self.draining = False

    def verdicts(self) -> list[Verdict]:
        """Look at everything; asking costs next to nothing."""
        failure = self._probe.failure()
        return [
            self._policy(),
            self._certificate(),
            Verdict("handshake", not failure, failure),
            Verdict("serving", not self.draining, "draining" if self.draining else ""),
        ]

    def _policy(self) -> Verdict:
        status = self._policies.status()
        if not self._policies.current():
            return Verdict("policy", ok=False, detail=status.error or "there is none")
        return Verdict("policy", ok=True, detail=_in_force(status, self._clock()))

    def _certificate(self) -> Verdict:
        serving, status = self._tls.current(), self._tls.status()
        if serving is None:
            return Verdict("certificate", ok=False, detail=status.error or "there is none")
        why = serving.why_not_valid(datetime.fromtimestamp(self._clock(), UTC))
        until = f"until {timestamp(serving.not_after.timestamp())}, "
        detail = until + _in_force(status, self._clock())
        return Verdict("certificate", ok=not why, detail=why or detail)


class Health:
    """Answers the three paths."""

    def __init__(self, readiness: Readiness, registry: CollectorRegistry) -> None:
        """Take what to tell."""
        self._readiness, self._registry = readiness, registry

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        response = self._respond(request)
        if isinstance(request.protocol, Connection):
            request.protocol.rest()
        return response

    def _respond(self, request: web.BaseRequest) -> web.Response:
        if request.path not in _PATHS:
            return text(404, f"there is nothing here; there are {', '.join(_PATHS)}\n")
        if request.method not in ("GET", "HEAD"):
            return text(405, "use GET\n", headers={"Allow": "GET, HEAD"})
        match request.path:
            case "/healthz":
                return text(200, "ok")
            case "/readyz":
                return self._ready(verbose="verbose" in request.query)
            case _:
                return exposition(generate_latest(self._registry), CONTENT_TYPE_LATEST)

    def _ready(self, *, verbose: bool) -> web.Response:
        verdicts = self._readiness.verdicts()
        ok = all(verdict.ok for verdict in verdicts)
        if ok and not verbose:
            return text(200, "ok")
        lines = [*map(str, verdicts), f"readyz check {'passed' if ok else 'failed'}"]
        return text(200 if ok else 503, "\n".join(lines) + "\n")


def _in_force(status: Status, now: float) -> str:
    detail = f"generation {status.generation}, loaded {timestamp(status.loaded_at)}"
    if status.error:
        age = now - status.failing_since
        detail += f"; what is newer cannot be used for {age:.0f} s: {status.error}"
    return detail
