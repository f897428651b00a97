"""Reads the body of a request: whole, in time, and within what all bodies together may hold."""

import asyncio
from typing import Final

from aiohttp import StreamReader, web
from aiohttp.web_protocol import RequestPayloadError

from webhook.serving.limits import Limits
from webhook.serving.reply import Refused

_LATE: Final = "the body did not arrive in time"
_NO_ROOM: Final = "too many large requests at once, and this one was the slowest; try again"


class Gone(Exception):
    """The client went away in the middle of its request."""


class Arrival:
    """One body on its way: its deadline, and what it holds of the budget."""

    __slots__ = ("held", "pushed_out", "scope")

    def __init__(self, scope: asyncio.Timeout) -> None:
        """Take the scope whose deadline ends the reading."""
        self.scope, self.held, self.pushed_out = scope, 0, False

    def push_out(self) -> None:
        """End the reading now, in favour of others."""
        self.pushed_out = True
        self.scope.reschedule(asyncio.get_running_loop().time())


class Budget:
    """What the bodies of all requests together may hold in memory.

    Where there is no room the one that has been arriving longest is given up: a client that behaves
    is done in milliseconds, so whoever sends slowly cannot keep others from sending.
    """

    def __init__(self, size: int) -> None:
        """Take the size in bytes, larger than any one body."""
        self._size = size
        self._arrivals: dict[Arrival, None] = {}  # the oldest first
        self.used = 0

    def hold(self, arrival: Arrival, size: int) -> None:
        """Let a body hold `size` bytes altogether, pushing out the slowest where there is no room.

        That may be the very one that asks.
        """
        self.used += size - arrival.held
        arrival.held = size
        self._arrivals[arrival] = None
        while self.used > self._size:
            slowest = next(iter(self._arrivals))
            self.give_back(slowest)
            slowest.push_out()

    def give_back(self, arrival: Arrival) -> None:
        """Take back all that a body held; it may hold nothing."""
        if arrival in self._arrivals:
            del self._arrivals[arrival]
            self.used -= arrival.held
            arrival.held = 0


class BodyReader:
    """Reads bodies within the limits of one listener."""

    def __init__(self, limits: Limits) -> None:
        """Take the limits; the budget is made here."""
        self._limits = limits
        self.budget = Budget(limits.bodies)

    async def read(self, request: web.BaseRequest, *, deadline: float) -> bytes:
        """Read the body by `deadline`, a moment of the loop's clock.

        Raises Refused (400, 408, 413, 503), and Gone when nobody is there to be answered.
        """
        content = request.content
        length = request.content_length
        if length is not None and length > self._limits.body:
            raise self._too_large()
        if content.is_eof():  # most reviews fit into one read, so that all is here already
            return content.read_nowait()
        scope = asyncio.timeout_at(deadline)
        arrival = Arrival(scope)
        try:
            async with scope:
                return await self._arriving(content, arrival)
        except TimeoutError:
            raise (Refused(503, _NO_ROOM) if arrival.pushed_out else Refused(408, _LATE)) from None
        except RequestPayloadError:
            raise Refused(400, "the body's transfer encoding is broken") from None
        except OSError:
            raise Gone from None
        finally:
            self.budget.give_back(arrival)

    async def _arriving(self, content: StreamReader, arrival: Arrival) -> bytes:
        blocks: list[bytes] = []
        size = 0
        while block := await content.readany():
            blocks.append(block)
            size += len(block)
            if size > self._limits.body:
                raise self._too_large()
            if size > self._limits.small_body and not arrival.pushed_out:
                self.budget.hold(arrival, size)
        return b"".join(blocks)

    def _too_large(self) -> Refused:
        return Refused(413, f"the body is larger than {self._limits.body} bytes")
