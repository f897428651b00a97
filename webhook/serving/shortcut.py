"""Takes out of aiohttp's hands what can be answered at once.

Nearly every review comes whole, or in two pieces of one write, and its decision waits for nothing.
aiohttp would make a request, a response, two tasks and a future of it, and answer two turns of the
event loop later: half of what a request cost outside of its decision (docs/performance.md, HTTP).
So one that is plain is answered in the moment in which its last byte is parsed. Everything else,
each error included, goes the way that aiohttp has for it, so that there is one place for those.

The bytes are parsed by aiohttp's parser all the same, which is what keeps this safe: where a
request begins and ends is decided in one place, whichever way it is answered.
"""

import asyncio
from collections.abc import Sequence
from time import perf_counter
from typing import Any, Final, NamedTuple, Protocol

from aiohttp import StreamReader
from aiohttp.http import HttpRequestParser, RawRequestMessage

from webhook.serving.head import Route, plain

# A client writes a review at once, and the network cuts it: the pieces are microseconds apart, or
# some milliseconds where they are sent again. Later than this nobody is in a hurry, and aiohttp,
# who has deadlines for bodies, waits for the rest.
HOLD: Final = 0.02  # seconds

Message = tuple[RawRequestMessage, StreamReader]
# What a parser gives: whole headers, whether another protocol was agreed upon, what follows then.
Fed = tuple[Sequence[Message], bool, bytes]

_NOTHING: Final[Fed] = ((), False, b"")


class AtOnce(Protocol):
    """Answers what is plain."""

    def __call__(self, route: Route, body: bytes, begin: float) -> bytes | None:
        """Give the whole response; None: it is not that plain. `begin` is of perf_counter.

        Never raises, and has told nobody of a request for which it gives None.
        """


class Asker(Protocol):
    """The connection, as far as it concerns us."""

    def rests(self) -> bool:
        """Tell whether nothing is under way, and the client takes what it is sent."""

    def held(self) -> None:
        """Note that the headers are there, and the body is on its way."""

    def answered(self, response: bytes) -> None:
        """Send a response, after which the connection rests."""

    def go_on(self) -> None:
        """Take from the parser what it held back."""


class _Held(NamedTuple):
    """A plain request whose body is on its way."""

    message: Message
    route: Route
    begin: float


class Shortcut:
    """aiohttp's parser, which keeps back what it can have answered at once."""

    def __init__(
        self, parser: HttpRequestParser, asker: Asker, *, at_once: AtOnce, small: int
    ) -> None:
        """Take the largest size of a body, in bytes, that may wait here for its rest.

        It must be one that the parser takes in without anybody reading it.
        """
        self._parser, self._asker, self._at_once, self._small = parser, asker, at_once, small
        self._held: _Held | None = None
        self._timer: asyncio.TimerHandle | None = None

    def feed_data(self, data: bytes) -> Fed:
        """Take bytes; gives the requests for which nothing more is done here."""
        if self._held is not None:
            return self._more(self._held, data)
        begin = perf_counter()
        fed: Fed = self._parser.feed_data(data)
        messages, upgraded, _ = fed
        if len(messages) != 1 or upgraded or not self._asker.rests():
            return fed
        message = messages[0]
        head, body = message
        route = plain(head)
        if route is None:
            return fed
        if body.is_eof():
            return self._answer(message, route, begin)
        if int(head.headers.get("Content-Length", self._small + 1)) > self._small:
            return fed
        self._held = _Held(message, route, begin)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(HOLD, self._late)
        self._asker.held()
        return _NOTHING

    def forget(self) -> None:
        """Drop what is held back: the connection is gone."""
        self._held = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        """Look whether something is held for too long.

        One timer serves many requests of a busy connection: to make one and cancel it for each cost
        a third of what a request costs here.
        """
        self._timer = None
        if self._held is None:
            return
        left = self._held.begin + HOLD - perf_counter()
        if left <= 0:
            self._asker.go_on()
        else:
            self._timer = asyncio.get_running_loop().call_later(left, self._late)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  the parser's own
        """Be the parser in all other respects."""
        return getattr(self._parser, name)

    def _more(self, held: _Held, data: bytes) -> Fed:
        """Take more of a body; without data, or with more than the body, it is aiohttp's turn."""
        message = held.message
        messages: Sequence[Message] = ()
        upgraded, tail = False, b""
        if data:
            try:
                messages, upgraded, tail = self._parser.feed_data(data)
            except Exception:
                # What follows the body is no request. aiohttp answers that alone, as it does when
                # both come in one piece.
                self._held = None
                raise
            if not messages and not message[1].is_eof():
                return _NOTHING
        self._held = None
        if messages or not data:
            return [message, *messages], upgraded, tail
        return self._answer(message, held.route, held.begin)

    def _answer(self, message: Message, route: Route, begin: float) -> Fed:
        head, payload = message
        body = payload.read_nowait()
        response = self._at_once(route, body, begin)
        if response is None:
            return [(head, self._again(body))], False, b""
        self._parser.message_consumed()
        self._asker.answered(response)
        return _NOTHING

    def _again(self, body: bytes) -> StreamReader:
        """Put a body that was read into another reader, for whoever reads it next."""
        protocol: Any = self._parser.protocol  # the connection; typed as if there might be none
        payload = StreamReader(protocol, max(len(body), 1))
        payload.feed_data(body)
        payload.feed_eof()
        return payload
