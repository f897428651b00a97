"""Accepts connections and sees them through the TLS handshake."""

import asyncio
import contextlib
import errno
import os
import socket
import ssl
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

from aiohttp import web

from webhook.serving.connections import Connections
from webhook.serving.errors import StartError
from webhook.serving.limits import Limits
from webhook.serving.protocol import Connection, Watcher
from webhook.serving.shortcut import AtOnce
from webhook.settings import Address

# Connections that the kernel completes while we are busy. All API servers together may open some
# hundred at once after a restart of ours; the kernel cuts it to net.core.somaxconn.
_BACKLOG: Final = 1024
# How many of them are taken in one turn of the event loop. With one a turn, the last of 75 is taken
# when the first have been answered ten times: p99 of a storm was 712 ms instead of 146.
_AT_ONCE: Final = 64
# The process or the machine has no file left: time for a connection that was closed to be gone.
_PAUSE: Final = 0.05
_WHY: Final = {
    errno.EADDRINUSE: "another process listens there",
    errno.EACCES: "ports below 1024 need a privilege",
    errno.EADDRNOTAVAIL: "the machine has no such address",
}

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def listen(address: Address, *, flag: str) -> socket.socket:
    """Open a listening socket; an empty host means all addresses, IPv4 and IPv6.

    Raises StartError, which names the flag that set the address.
    """
    try:
        listening = _bound(address)
    except OSError as problem:
        number = problem.errno or 0
        why = "the host name cannot be resolved"  # whose errors are numbered below zero
        if number >= 0:
            why = _WHY.get(number, os.strerror(number))
        raise StartError(
            f"cannot listen on {address}: {why}; choose another address with {flag}"
        ) from None
    listening.setblocking(False)
    return listening


def _bound(address: Address) -> socket.socket:
    if address.host in ("", "::") and _has_ipv6():
        # Both kinds of addresses, as Go's servers understand these two.
        return socket.create_server(
            ("", address.port), family=socket.AF_INET6, backlog=_BACKLOG, dualstack_ipv6=True
        )
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    return socket.create_server((address.host, address.port), family=family, backlog=_BACKLOG)


def _has_ipv6() -> bool:
    """Tell whether IPv6 is not only compiled in but switched on: in many a container it is not."""
    if not socket.has_dualstack_ipv6():
        return False
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


class Listener:
    """One listening socket, its server and its connections.

    asyncio's own server learns of a connection after the TLS handshake, so that silent ones could
    neither be counted nor closed in favour of others; hence the accepting is done here.
    """

    def __init__(
        self,
        listening: socket.socket,
        handler: Handler,
        *,
        table: Connections,
        limits: Limits,
        watcher: Watcher,
        context: Callable[[], ssl.SSLContext] | None = None,
        at_once: AtOnce | None = None,
    ) -> None:
        """Take `context` for TLS: it is asked for each connection, so it may change.

        `at_once` answers what is plain, without the handler.
        """
        self.address: tuple[str, int] = listening.getsockname()[:2]
        self._socket, self._table, self._limits, self._watcher = listening, table, limits, watcher
        self._context, self._at_once = context, at_once
        self._server = web.Server(handler)
        self._accepting = asyncio.create_task(self._accept())
        self._sweeping = asyncio.create_task(self._sweep())

    async def stop(self) -> None:
        """Accept no more; what is connected stays, and its times go on counting."""
        await _cancelled(self._accepting)
        self._socket.close()

    async def close(self) -> None:
        """Close everything at once."""
        await self.stop()
        await _cancelled(self._sweeping)
        self._table.drop_all()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                self._welcome(*await loop.sock_accept(self._socket))
            except OSError as problem:
                if problem.errno != errno.ECONNABORTED:  # gone again before we saw it
                    self._watcher.lost(problem, "")
                    self._table.make_room()
                    await asyncio.sleep(_PAUSE)
                continue
            self._welcome_more()

    def _welcome(self, accepted: socket.socket, peer: tuple[Any, ...]) -> None:
        client = self._connection(f"{peer[0]}:{peer[1]}")
        self._table.admit(client)
        client.opening = asyncio.get_running_loop().create_task(self._open(accepted, client))
        client.opening.add_done_callback(partial(self._opened, accepted, client))

    def _welcome_more(self) -> None:
        """Take who else is waiting; what is wrong with one comes again where it is waited for."""
        with contextlib.suppress(OSError):
            for _ in range(_AT_ONCE):
                self._welcome(*self._socket.accept())

    def _connection(self, peer: str) -> Connection:
        return Connection(
            self._server,
            self._table,
            self._limits,
            self._watcher,
            peer=peer,
            at_once=self._at_once,
        )

    async def _open(self, accepted: socket.socket, client: Connection) -> None:
        """Do the TLS handshake; from then on the connection lives by itself."""
        accepted.setblocking(False)
        tls: dict[str, Any] = {}
        if self._context is not None:
            tls = {
                "ssl": self._context(),
                "ssl_handshake_timeout": self._limits.head_time,
                "ssl_shutdown_timeout": self._limits.goodbye_time,
            }
        loop = asyncio.get_running_loop()
        await loop.connect_accepted_socket(lambda: client, accepted, **tls)

    def _opened(
        self, accepted: socket.socket, client: Connection, task: "asyncio.Task[None]"
    ) -> None:
        """Clean up after a handshake that failed, or was cancelled, even before it began."""
        client.opening = None
        problem = None if task.cancelled() else task.exception()
        if problem is not None:
            self._watcher.lost(problem, client.peer)
        if problem is not None or task.cancelled():
            self._table.forget(client)
            accepted.close()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(self._limits.sweep_every)
            self._table.sweep()


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
