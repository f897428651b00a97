"""Corners of the server that no proper client reaches, with hand-made neighbours."""

import asyncio
import contextlib
import gc
import ssl
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from tests.serving.kit import Client, Rig, post
from webhook.serving.connections import Connections
from webhook.serving.limits import Limits
from webhook.serving.listener import Handler, Listener, listen
from webhook.serving.server import _unhandled
from webhook.serving.watcher import Watcher
from webhook.settings import Address
from webhook.telemetry.metrics import Metrics


@contextlib.asynccontextmanager
async def served_by(handler: Handler) -> AsyncIterator[tuple[Client, CollectorRegistry]]:
    """Serve by a handler that is none of ours, without TLS; give a client of it."""
    registry = CollectorRegistry()
    clock = asyncio.get_running_loop().time
    listener = Listener(
        listen(Address("127.0.0.1", 0), flag="--listen"),
        handler,
        table=Connections(Limits(), clock=clock),
        limits=Limits(),
        watcher=Watcher(Metrics(registry, version="1"), clock=clock),
    )
    client = Client(*await asyncio.open_connection(*listener.address))
    try:
        yield client, registry
    finally:
        client.close()
        await listener.close()


async def test_a_handler_that_raises_after_all_is_a_fault_of_ours(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nothing gets past our handlers; were it to, the client is still answered."""

    async def broken(_request: web.BaseRequest) -> web.StreamResponse:
        raise LookupError("secret value of a pod")

    async with served_by(broken) as (client, registry):
        response = await client.ask(post())
        assert (response.status, response.error) == (
            500,
            "internal error; the webhook's log has the details",
        )
        assert await client.closed() == b""
        assert registry.get_sample_value("noxus_secrets_internal_errors_total") == 1
    told = [r for r in caplog.records if r.levelname == "ERROR"]
    assert [r.message for r in told] == ["a request failed outside its handler"]
    assert told[0].__dict__["fields"]["error"] == "LookupError"
    assert "secret value" not in caplog.text


async def test_a_handler_that_breaks_off_half_an_answer_closes_the_connection() -> None:
    async def broken(request: web.BaseRequest) -> web.StreamResponse:
        await request.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        raise LookupError

    async with served_by(broken) as (client, _):
        await client.send(post())
        assert (await client.closed()).endswith(b"half")


def unhandled(context: dict[str, object]) -> None:
    loop = asyncio.new_event_loop()
    _unhandled(loop, context)
    loop.close()


def test_what_no_code_waited_for_is_logged_without_values(
    caplog: pytest.LogCaptureFixture,
) -> None:
    unhandled({"message": "boo", "exception": LookupError("secret value of a pod")})
    unhandled({"message": "boo", "exception": ssl.SSLError("bad record")})
    unhandled({"message": "boo"})
    assert [(r.levelname, r.message, r.__dict__["fields"]["error"]) for r in caplog.records] == [
        ("ERROR", "unhandled in the event loop", "LookupError"),
        ("DEBUG", "a connection broke", "SSLError"),
        ("ERROR", "unhandled in the event loop", "RuntimeError"),
    ]
    assert "secret value" not in caplog.text


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_error_of_a_handshake_that_nobody_can_mend_is_told_by_its_name(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    watcher = Watcher(Metrics(CollectorRegistry(), version="1"), clock=clock)
    for _ in range(3):
        watcher.lost(ssl.SSLError("odd"), "10.0.0.1:4711")
    clock.now = 31
    watcher.lost(ssl.SSLError("odd"), "10.0.0.1:4711")
    assert [(r.message, r.__dict__["fields"]["before"]) for r in caplog.records] == [
        ("a TLS handshake failed", 0),
        ("a TLS handshake failed", 2),
    ]


async def test_connections_leave_no_memory_behind(generous: Rig) -> None:
    async def round_of(count: int) -> int:
        for _ in range(count):
            await generous.good()
            client = await generous.connect()
            await client.send(b"rubbish\r\n\r\n")
            await client.closed()
        await generous.until(lambda: len(generous.service.table) == 0)
        generous.clients.clear()
        gc.collect()
        return len(gc.get_objects())

    await round_of(5)
    before = await round_of(5)
    assert await round_of(40) < before + 500
