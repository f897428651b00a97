"""One connection: aiohttp's, with what it does not do itself.

aiohttp answers HTTP. It does not limit how long a client may take for its headers nor how large
they may be altogether, lets 32 requests wait behind one, and logs what clients send. Only that is
different here, and that what is plain is answered at once: see shortcut.py.
"""

import asyncio
import logging
from typing import Any, Final, Protocol

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from webhook.serving.connections import Connections, State
from webhook.serving.limits import Limits
from webhook.serving.reply import error, raw_error
from webhook.serving.shortcut import AtOnce, Shortcut
from webhook.telemetry.logs import event, fault

_TOO_LARGE_HEAD: Final = "the request line and headers are too large"
_NOT_HTTP: Final = "this is not a proper HTTP/1.1 request"
# A client that sends ahead: nobody needs to, so what waits is little. aiohttp stops reading at the
# first number and goes on at the second.
_MOST_WAITING: Final = 2
_FEW_WAITING: Final = 1
# The table ends idle connections. aiohttp, who does not see what is answered at once, must not.
_NEVER: Final = 365 * 86400.0  # seconds


class Watcher(Protocol):
    """Whom a connection tells about what never reaches a handler."""

    def rejected(self, status: int) -> None:
        """Count a request that was turned away."""

    def failed(self) -> None:
        """Count a fault of our own."""

    def lost(self, reason: BaseException, peer: str) -> None:
        """Note an error of the network or of TLS."""


class Connection(web.RequestHandler):
    """A client of the server, entered in the table of connections."""

    __slots__ = (
        "_head",
        "_limits",
        "_shortcut",
        "_table",
        "_taken",
        "_watcher",
        "opening",
        "peer",
    )

    def __init__(
        self,
        server: web.Server,
        table: Connections,
        limits: Limits,
        watcher: Watcher,
        *,
        peer: str,
        at_once: AtOnce | None = None,
    ) -> None:
        """Take the server whose handler answers, and the address for the log.

        `at_once` answers what is plain, without the handler.
        """
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=_NEVER,
            lingering_time=limits.linger_time,
            access_log=None,  # type: ignore[arg-type]  # how aiohttp's own runner has none
            max_line_size=limits.head,
            max_field_size=limits.head,
            max_headers=limits.headers,
            read_bufsize=limits.read_ahead,
            auto_decompress=False,  # a small body must not become a large one
        )
        self._max_msg_queue_size = _MOST_WAITING
        self._msg_queue_resume_size = _FEW_WAITING
        self._table, self._limits, self._watcher, self.peer = table, limits, watcher, peer
        self._head = 0  # bytes of headers that have come so far
        self._taken = False  # what came last was answered at once
        self._shortcut: Shortcut | None = None
        if at_once is not None:
            parser: Any = self._parser
            self._shortcut = Shortcut(parser, self, at_once=at_once, small=limits.small_body)
            self._parser = self._shortcut  # type: ignore[assignment]  # it does all that one does
        self.opening: asyncio.Task[None] | None = None  # until the TLS handshake is done

    def drop(self) -> None:
        """Close at once, without a word."""
        if self.opening is not None:
            self.opening.cancel()
        if self.transport is not None:
            self.transport.abort()

    def finish(self) -> None:
        """Close in order: what was written still goes out."""
        if self.opening is not None:
            self.opening.cancel()
        if self.transport is not None:
            self.transport.close()

    def rest(self) -> None:
        """Note that a request has been answered and the connection stays."""
        self._table.move(self, State.BODY if self._messages else State.IDLE)

    def rests(self) -> bool:
        """Tell whether aiohttp waits for a request, and the client takes what it is sent."""
        waiter = self._waiter
        return waiter is not None and not waiter.done() and not self._messages and not self._paused

    def held(self) -> None:
        """Note that headers are there, and the shortcut waits for the body."""
        self._head = 0
        self._table.move(self, State.BODY)

    def answered(self, response: bytes) -> None:
        """Send a response of the shortcut."""
        self._head, self._taken = 0, True
        if self.transport is not None:
            self.transport.write(response)
        self._table.move(self, State.IDLE)

    def go_on(self) -> None:
        """Let aiohttp wait for the rest of a body."""
        super().data_received(b"")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, once TLS is established."""
        super().connection_made(transport)
        self._table.move(self, State.SILENT)

    def connection_lost(self, exc: BaseException | None) -> None:
        """End, for whatever reason."""
        self._table.forget(self)
        if self._shortcut is not None:
            self._shortcut.forget()
        if exc is not None:
            self._watcher.lost(exc, self.peer)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes, and see whether they complete a request's headers."""
        super().data_received(data)
        if self._taken:
            self._taken = False
        elif data and self._table.state(self) is not State.BODY:
            self._follow_head(len(data))

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Read on if reading was stopped; aiohttp asks for it twice with each body."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002  quotes what the client sent
    ) -> web.StreamResponse:
        """Answer what is no HTTP, and whatever should have been caught before it came here."""
        if request.writer.output_size > 0:
            raise ConnectionError("half an answer has been sent already")
        if status >= 500:  # noqa: PLR2004
            self._watcher.failed()
            fault("a request failed outside its handler", exc or RuntimeError())
            response = error(500, "internal error; the webhook's log has the details")
        elif isinstance(exc, LineTooLong):
            response = error(431, _TOO_LARGE_HEAD)
        else:
            response = error(400, _NOT_HTTP)
        self._watcher.rejected(response.status)
        response.force_close()
        return response

    def log_exception(self, *_args: Any, **kwargs: Any) -> None:  # noqa: ANN401  aiohttp's own
        """Note what aiohttp stumbled over: a client that broke off, as handlers catch the rest."""
        event(
            logging.DEBUG,
            "a connection ended early",
            peer=self.peer,
            error=type(kwargs.get("exc_info")).__name__,
        )

    def _follow_head(self, size: int) -> None:
        if self._messages:
            self._head = 0
            self._table.move(self, State.BODY)
            return
        if not self._head:
            self._table.move(self, State.HEAD)
        self._head += size
        if self._head > self._limits.head and self.transport is not None:
            self._watcher.rejected(431)
            self.transport.write(raw_error(431, _TOO_LARGE_HEAD))
            self.finish()
