"""The hooks behind one connection, with the shortcut or without, and a network between."""

import asyncio
import re
import time
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry

from tests.serving.kit import POLICY, echo
from webhook.core.policyset import PolicySet
from webhook.loading.load import load_text
from webhook.serving.connections import Connections
from webhook.serving.head import Route
from webhook.serving.hooks import Hooks
from webhook.serving.limits import Limits
from webhook.serving.protocol import Connection
from webhook.serving.shortcut import HOLD
from webhook.serving.watcher import Watcher
from webhook.telemetry.decisions import DecisionLog
from webhook.telemetry.metrics import Metrics
from webhook.wire.answer import Answer

POLICIES = load_text(POLICY).policies
# Turns of the event loop after which nothing moves any more: a request takes six or so.
SETTLED = 80
LATE = -1  # longer than the shortcut waits for the rest of a body
DATE = re.compile(rb"Date: [^\r]*")

Piece = tuple[bytes, int]  # what comes at once, and how many turns later the next one comes


class Wire(asyncio.Transport):
    """The network: keeps what is sent, and can be told not to deliver."""

    def __init__(self, protocol: Connection) -> None:
        super().__init__({"peername": ("192.0.2.1", 1024)})
        self._protocol = protocol
        self.sent = bytearray()
        self.reading, self.closed = True, False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += data

    def is_closing(self) -> bool:
        return self.closed

    def is_reading(self) -> bool:
        return self.reading

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()


class Server:
    """The hooks behind one connection, with or without the shortcut."""

    def __init__(self, *, shortcut: bool) -> None:
        limits, clock = Limits(), asyncio.get_running_loop().time
        metrics = Metrics(CollectorRegistry(), version="1")
        self._hooks = Hooks(
            answer=self._answer,
            policies=self,
            metrics=metrics,
            log=DecisionLog(lambda _: None, clock=time.time),
            limits=limits,
            clock=clock,
        )
        self.connection = Connection(
            web.Server(self._hooks.handle),
            Connections(limits, clock=clock),
            limits,
            Watcher(metrics, clock=clock),
            peer="192.0.2.1",
            at_once=self._at_once if shortcut else None,
        )
        self.wire = Wire(self.connection)
        self.connection.connection_made(self.wire)
        self.at_once = 0

    def current(self) -> PolicySet:
        return POLICIES

    def _answer(self, body: bytes, **how: Any) -> Answer:  # noqa: ANN401 - handed on
        """Answer with all that matters of the request: the route, and exactly these bytes."""
        said = echo(body, **how)
        document = said.body + sha256(body).hexdigest().encode()
        return Answer(document, said.record, said.asked, said.decision)

    def _at_once(self, route: Route, body: bytes, begin: float) -> bytes | None:
        given = self._hooks.at_once(route, body, begin)
        self.at_once += given is not None
        return given

    async def told(self, pieces: list[Piece]) -> bytes:
        """Send, and return all that was answered."""
        await turns(1)
        for data, pause in pieces:
            for _ in range(SETTLED):
                if self.wire.reading:
                    break
                await turns(1)
            if self.wire.closed or not self.wire.reading:
                break
            self.connection.data_received(data)
            await (asyncio.sleep(2 * HOLD) if pause == LATE else turns(pause))
        await turns(SETTLED)
        sent = DATE.sub(b"Date: -", bytes(self.wire.sent))
        self.wire.close()
        await turns(SETTLED)
        return sent


async def turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def compare(pieces: list[Piece]) -> int:
    """Ask both; return how many were answered at once."""
    server = Server(shortcut=True)
    await turns(1)
    given = await server.told(pieces)
    for same in alike(pieces):
        if given == await Server(shortcut=False).told(same):
            return server.at_once
    plain = await Server(shortcut=False).told(pieces)
    raise AssertionError(f"{pieces} -> with: {given!r}, without: {plain!r}")


def alike(pieces: list[Piece]) -> Iterator[list[Piece]]:
    """Give these pieces, and the same where those from one of them on come together.

    What is behind a body and no request ends it, if it comes with a part of the body.
    """
    yield pieces
    for first in range(len(pieces) - 1):
        yield [*pieces[:first], (b"".join(data for data, _ in pieces[first:]), 0)]
