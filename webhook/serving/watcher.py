"""Makes sense of what goes wrong below a request: rubbish, TLS, the network."""

import logging
import ssl
from collections.abc import Callable
from typing import Final

from webhook.telemetry.logs import Throttle, event
from webhook.telemetry.metrics import Metrics

# One line of a kind in so many seconds: whoever can reach the port can cause any number of them.
_QUIET: Final = 30.0

_DISTRUST: Final = (
    "a client does not trust our certificate: put the CA that signed it into the caBundle of the "
    "webhook configurations"
)
_PLAIN: Final = "a client spoke plain HTTP to the HTTPS port"
_STRANGER: Final = "a client brought no certificate that the CA of --client-ca signed"
_OTHER: Final = "a TLS handshake failed"
_FILES: Final = "no connection can be accepted: too many open files (ulimit -n)"

# OpenSSL's names for what can happen, as far as a person can do something about it.
_MEANING: Final = {
    "HTTP_REQUEST": _PLAIN,
    "SSLV3_ALERT_BAD_CERTIFICATE": _DISTRUST,
    "TLSV1_ALERT_UNKNOWN_CA": _DISTRUST,
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": _DISTRUST,
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": _DISTRUST,
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": _STRANGER,
    "CERTIFICATE_VERIFY_FAILED": _STRANGER,
}


class Watcher:
    """Counts and logs, and is not made to fill the disk."""

    def __init__(self, metrics: Metrics, *, clock: Callable[[], float]) -> None:
        """Take a clock in seconds."""
        self._metrics = metrics
        self._throttle = Throttle(every=_QUIET, clock=clock)
        self.ours: set[str] = set()  # addresses of our own probes, which bring no certificate

    def rejected(self, status: int) -> None:
        """Count a request that was turned away."""
        self._metrics.rejected(status)

    def failed(self) -> None:
        """Count a fault of our own."""
        self._metrics.failed()

    def lost(self, reason: BaseException, peer: str) -> None:
        """Note an error of the network or of TLS; `peer` is empty where accepting failed."""
        if peer in self.ours:
            return
        if isinstance(reason, ssl.SSLError):
            name = str(getattr(reason, "reason", None))  # only OpenSSL's own have one
            self._tell(_MEANING.get(name, _OTHER), peer, name)
        elif not peer:
            self._tell(_FILES, peer, type(reason).__name__)
        else:  # clients come and go, port scanners and TCP probes among them
            event(logging.DEBUG, "a connection was lost", peer=peer, error=type(reason).__name__)

    def _tell(self, message: str, peer: str, error: str) -> None:
        held = self._throttle.admit(message)
        if held is not None:
            event(logging.WARNING, message, peer=peer, error=error, before=held)
