"""What is plain is answered at once, whatever the pieces in which it comes."""

import asyncio
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpRequestParser
from aiohttp.http_exceptions import BadHttpMessage
from hypothesis import given
from hypothesis import strategies as st

from tests.serving.kit import Rig, post
from webhook.serving.head import Route
from webhook.serving.shortcut import HOLD, Fed, Shortcut

SMALL = 2048


@dataclass
class FakeAsker:
    """A connection that notes what is done with it."""

    resting: bool = True
    holds: int = 0
    sent: list[bytes] = field(default_factory=list)
    went_on: asyncio.Event = field(default_factory=asyncio.Event)

    def rests(self) -> bool:
        return self.resting

    def held(self) -> None:
        self.holds += 1

    def answered(self, response: bytes) -> None:
        self.sent.append(response)

    def go_on(self) -> None:
        self.went_on.set()


class Bench:
    """A shortcut before a real parser; what goes past it is noted."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        protocol = BaseProtocol(loop)
        parser = HttpRequestParser(
            protocol, loop, SMALL, max_msg_queue_size=1000, auto_decompress=False
        )
        protocol._parser = parser  # aiohttp's own do so, too
        self.asker = FakeAsker()
        self.begun: list[float] = []
        self.shortcut = Shortcut(parser, self.asker, at_once=self.at_once, small=SMALL)
        self._done: list[Any] = []  # bodies, and readers of them
        self.passed = 0

    def at_once(self, route: Route, body: bytes, begin: float) -> bytes | None:
        self.begun.append(begin)
        if body.startswith(b"no"):
            return None
        self._done.append(body)
        return f"{route[0]} {route[1]}".encode()

    def feed(self, data: bytes) -> Fed:
        fed = self.shortcut.feed_data(data)
        for _, payload in fed[0]:
            self.passed += 1
            self._done.append(payload)
        return fed

    def done(self) -> list[bytes]:
        """Read the bodies, in the order in which they were answered or passed on."""
        return [each if isinstance(each, bytes) else each.read_nowait() for each in self._done]


async def test_a_whole_request_is_answered_and_nothing_is_left_of_it() -> None:
    bench = Bench()
    before = perf_counter()
    assert bench.feed(post(body=b"yes", path="/validate/dry-run")) == ((), False, b"")
    assert bench.asker.sent == [b"validate dry-run"]
    assert bench.done() == [b"yes"]
    assert before < bench.begun[0] < perf_counter()
    assert bench.asker.holds == 0


async def test_a_request_in_pieces_is_answered_with_its_last_one() -> None:
    bench = Bench()
    request = post(body=b"x" * SMALL)
    head = len(request) - SMALL
    for piece in (request[: head - 9], request[head - 9 : head + 1], request[head + 1 : -1]):
        assert bench.feed(piece) == ((), False, b"")
        assert bench.asker.sent == []
    assert bench.feed(request[-1:]) == ((), False, b"")
    assert bench.asker.sent == [b"mutate enabled"]
    assert bench.done() == [b"x" * SMALL]
    assert bench.asker.holds == 1
    await asyncio.sleep(2 * HOLD)
    assert not bench.asker.went_on.is_set(), "nobody waits for it any more"


async def test_a_body_that_does_not_come_soon_is_passed_on_and_comes_there() -> None:
    bench = Bench()
    request = post(body=b"late")
    bench.feed(request[:-2])
    async with asyncio.timeout(5):
        await bench.asker.went_on.wait()
    ((_, payload),), _, _ = bench.shortcut.feed_data(b"")
    assert not payload.is_eof()
    assert bench.feed(request[-2:]) == ((), False, b"")
    assert payload.is_eof()
    assert payload.read_nowait() == b"late"
    assert bench.asker.sent == []


@pytest.mark.parametrize(
    "request_bytes",
    [
        post(body=b"x", path="/elsewhere"),
        post(body=b"x", method="PUT"),
        post(body=b"x", Content_Type="text/plain"),
        post(body=b"x", Content_Type="application/json; charset=utf-8"),
        post(body=b"x", Content_Encoding="gzip"),
        post(body=b"x", Expect="100-continue"),
        post(body=b"x", Connection="close"),
        post(body=b"x").replace(b"HTTP/1.1", b"HTTP/1.0"),
        post(body=b"no"),
    ],
)
async def test_what_is_not_plain_is_passed_on_with_its_body(request_bytes: bytes) -> None:
    bench = Bench()
    bench.feed(request_bytes)
    assert bench.asker.sent == []
    assert bench.passed == 1
    assert bench.done() == [request_bytes.split(b"\r\n\r\n")[1]]


async def test_a_body_that_the_parser_would_not_take_in_alone_is_passed_on() -> None:
    bench = Bench()
    bench.feed(post(body=b"x", Content_Length=str(SMALL + 1)))
    assert (bench.passed, bench.asker.holds) == (1, 0)


async def test_a_body_of_unknown_length_is_passed_on_unless_it_is_there() -> None:
    bench = Bench()
    head = post(body=b"", Content_Length="", Transfer_Encoding="chunked")
    bench.feed(head + b"3\r\nyes\r\n0\r\n\r\n")
    assert bench.asker.sent == [b"mutate enabled"]
    bench.feed(head + b"3\r\nyes\r\n")
    assert (bench.passed, bench.asker.holds) == (1, 0)


async def test_behind_a_request_that_is_under_way_everything_waits() -> None:
    bench = Bench()
    bench.asker.resting = False
    bench.feed(post(body=b"yes"))
    assert (bench.passed, bench.asker.sent) == (1, [])


async def test_a_request_that_was_sent_ahead_goes_behind_the_one_that_is_held() -> None:
    bench = Bench()
    first, second = post(body=b"first"), post(body=b"second")
    bench.feed(first[:-1])
    bench.feed(first[-1:] + second)
    assert (bench.passed, bench.done(), bench.asker.sent) == (2, [b"first", b"second"], [])


async def test_rubbish_behind_a_body_is_an_error_and_the_body_is_dropped() -> None:
    bench = Bench()
    bench.feed(post(body=b"{", Content_Length="2"))
    with pytest.raises(BadHttpMessage):
        bench.feed(b"} and more")
    assert bench.done() == []
    await asyncio.sleep(2 * HOLD)
    assert not bench.asker.went_on.is_set()


async def test_a_connection_that_is_gone_is_not_waited_for() -> None:
    bench = Bench()
    bench.feed(post(body=b"half", Content_Length="9"))
    bench.shortcut.forget()
    bench.shortcut.forget()
    await asyncio.sleep(2 * HOLD)
    assert not bench.asker.went_on.is_set()


@given(
    st.lists(st.binary(max_size=40).map(lambda tail: b"x" + tail), min_size=1, max_size=4),
    st.lists(st.integers(1, 400), max_size=12),
    st.booleans(),
)
def test_however_it_is_cut_each_body_is_done_once_and_in_order(
    bodies: list[bytes], cuts: list[int], resting: bool
) -> None:
    async def run() -> None:
        bench = Bench()
        bench.asker.resting = resting
        stream = b"".join(post(body=body) for body in bodies)
        for size in (*cuts, len(stream)):
            bench.feed(stream[:size])
            stream = stream[size:]
        assert bench.done() == bodies
        assert len(bench.asker.sent) + bench.passed == len(bodies)
        assert resting or not bench.asker.sent

    asyncio.run(run())


async def test_a_connection_rests_after_each_answer_and_is_no_younger_for_being_asked(
    served: Rig,
) -> None:
    """aiohttp does not see these requests; its idea of idleness must not close the connection."""
    client = await served.connect()
    for _ in range(8):
        assert (await client.ask(post())).status == 200
        await asyncio.sleep(0.2)  # longer altogether than a connection may be idle


async def test_a_client_that_does_not_read_is_not_answered_at_once(generous: Rig) -> None:
    """Whoever asks on without reading is waited for, so that answers do not pile up here."""
    client = await generous.connect()
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]
    request = post({"say": "a lot"})
    for _ in range(200):  # answers of 70 kB each: more than sockets hold
        client.writer.write(request)
        await asyncio.sleep(0.001)
    decided = generous.metric("admission_duration_seconds_count", hook="mutate")
    await asyncio.sleep(0.2)
    assert generous.metric("admission_duration_seconds_count", hook="mutate") == decided < 200
    client.writer.transport.resume_reading()  # type: ignore[attr-defined]
    for _ in range(200):
        assert (await client.response()).status == 200
