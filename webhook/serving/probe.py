"""A TLS handshake with ourselves: the one test that the port, the loop and the certificate work."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from typing import Final

from webhook.serving.tls import Serving
from webhook.settings import Address

# Readiness shows the last result, so that asking for it costs nothing; three in a row may be late.
PROBE_EVERY: Final = 10.0  # seconds, as the kubelet's default period of a probe
# What failed is tried again soon: at the start the certificate may come a little later than we do.
PROBE_AGAIN: Final = 0.5
# ... and at once when it has come: twenty looks a second cost nothing, half a second of a start
# is seen.
PROBE_LOOK: Final = 0.05
PROBE_STALE: Final = 3 * PROBE_EVERY
# Ourselves, on this machine: later than this the loop is overloaded or stands still.
PROBE_TIME: Final = 5.0

_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  not bound, translated


class Probe:
    """Shakes hands from time to time, and remembers how the last time went."""

    def __init__(
        self,
        address: Address,
        serving: Callable[[], Serving | None],
        *,
        ours: set[str],
        clock: Callable[[], float],
        patience: float = PROBE_TIME,
        again: float = PROBE_AGAIN,
    ) -> None:
        """Take where we listen; `ours` is told our own end, so that the server knows us."""
        self._address = Address(_EVERYWHERE.get(address.host, address.host), address.port)
        self._serving, self._ours, self._clock = serving, ours, clock
        self._patience, self._again = patience, again
        self._failure = "there was none yet"
        self._last = clock()

    def failure(self) -> str:
        """Say what is wrong; empty: the last handshake was fine and not long ago."""
        if self._failure:
            return self._failure
        age = self._clock() - self._last
        return f"the last one was {age:.0f} s ago" if age > PROBE_STALE else ""

    async def run(self) -> None:
        """Shake hands for ever."""
        while True:
            tried = self._serving()
            await self.once()
            if self._failure:
                await self._rest(tried)
            else:
                await asyncio.sleep(PROBE_EVERY)

    async def _rest(self, tried: Serving | None) -> None:
        """Wait before what failed is tried again; not long where there is another certificate."""
        for _ in range(round(self._again / PROBE_LOOK)):
            await asyncio.sleep(PROBE_LOOK)
            if self._serving() is not tried:
                return

    async def once(self) -> None:
        """Shake hands once; never raises."""
        try:
            # Not wait_for: in Python 3.11 it can swallow being cancelled.
            async with asyncio.timeout(self._patience):
                self._failure = await self._shake()
        except TimeoutError:
            self._failure = f"it took longer than {self._patience:g} s"
        except OSError as problem:
            self._failure = f"it failed: {type(problem).__name__}"
        self._last = self._clock()

    async def _shake(self) -> str:
        loop = asyncio.get_running_loop()
        family = socket.AF_INET6 if ":" in self._address.host else socket.AF_INET
        with contextlib.closing(socket.socket(family, socket.SOCK_STREAM)) as ours:
            ours.setblocking(False)
            ours.bind((self._address.host, 0))
            name = "{}:{}".format(*ours.getsockname()[:2])
            self._ours.add(name)
            try:
                await loop.sock_connect(ours, (self._address.host, self._address.port))
                _, writer = await asyncio.open_connection(
                    sock=ours, ssl=_client(), server_hostname=self._address.host
                )
                shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
            finally:
                self._ours.discard(name)
        serving = self._serving()
        if serving is None or shown != serving.der:
            return "the port showed another certificate than the one that is loaded"
        return ""


def _client() -> ssl.SSLContext:
    """Make a client that takes any certificate: which one it was is compared afterwards."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # Its client is done before the server asks for a certificate, so --client-ca stops us not.
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context
