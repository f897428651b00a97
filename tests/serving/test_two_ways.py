"""Whatever is sent, with the shortcut it is answered as aiohttp alone answers it, byte by byte."""

import asyncio
import os

import pytest
from hypothesis import HealthCheck, given, settings

from tests.serving.kit import post
from tests.serving.streams import (
    EXTRA,
    METHODS,
    ODD_FRAMES,
    TARGETS,
    TYPES,
    VERSIONS,
    framed,
    streams,
)
from tests.serving.two_ways import Piece, Server, compare
from webhook.core.words import Hook, NamespaceMode
from webhook.serving.head import Route

pytestmark = pytest.mark.slow

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "ci")
COUNTS = {"fast": 200, "nightly": 50_000}


@pytest.mark.timeout(3600)
@given(streams())
@settings(
    max_examples=COUNTS.get(PROFILE, 1_000),
    derandomize=PROFILE != "nightly",
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_both_ways_answer_alike(pieces: list[Piece]) -> None:
    asyncio.run(compare(pieces))


@pytest.mark.parametrize("frame", ["right", "chunked"])
def test_a_request_in_order_is_answered_alike_wherever_it_is_cut_in_two(frame: str) -> None:
    length, body = framed(frame, b'{"say":"anything"}')
    head = f"POST /mutate/enabled HTTP/1.1\r\nHost: hook\r\n{length}\r\n{TYPES[0]}\r\n\r\n"
    request = head.encode() + body

    async def run() -> list[int]:
        cuts = range(1, len(request))
        return [await compare([(request[:at], 1), (request[at:], 0)]) for at in cuts]

    at_once = asyncio.run(run())

    assert sum(at_once) == len(at_once) if frame == "right" else sum(at_once) > 0


@pytest.mark.parametrize("odd", ["", "Expect: 100-continue\r\n", "Connection: close\r\n"])
def test_requests_sent_ahead_are_answered_alike_wherever_they_are_cut(odd: str) -> None:
    length, body = framed("right", b'{"say":"anything"}')
    head = f"POST /mutate/enabled HTTP/1.1\r\nHost: hook\r\n{length}\r\n{TYPES[0]}\r\n"
    plain, other = (f"{head}{more}\r\n".encode() + body for more in ("", odd))
    stream = plain + other + plain

    async def run() -> None:
        for at in range(1, len(stream)):
            for pause in (0, 20):
                await compare([(stream[:at], pause), (stream[at:], 0)])

    asyncio.run(run())


@pytest.mark.parametrize(
    ("part", "odd"),
    [
        *(("method", it) for it in sorted(set(METHODS))),
        *(("target", it) for it in TARGETS),
        *(("version", it) for it in sorted(set(VERSIONS))),
        *(("type", it) for it in sorted(set(TYPES))),
        *(("extra", it) for it in EXTRA),
        *(("frame", it) for it in (*ODD_FRAMES, "chunked")),
        ("version", "HTTP/1.0\r\nConnection: keep-alive"),  # which HTTP/1.0 has to be asked for
    ],
)
def test_what_is_odd_in_one_thing_is_answered_alike(part: str, odd: str) -> None:
    parts = {"method": METHODS[0], "target": TARGETS[0], "version": VERSIONS[0], "type": TYPES[0]}
    parts |= {"frame": "right", "extra": ""} | {part: odd}
    length, body = framed(parts["frame"], b'{"say":"anything"}')
    line = f"{parts['method']} {parts['target']} {parts['version']}"
    fields = [it for it in ("Host: hook", length, parts["type"], parts["extra"]) if it]
    request = "\r\n".join([line, *fields, "", ""]).encode() + body

    async def run() -> None:
        # Another one behind it shows whether the connection stays.
        await compare([(request, 20), (post({"say": "more"}), 0)])
        await compare([(request[:-5], 1), (request[-5:], 20), (post({"say": "more"}), 0)])

    asyncio.run(run())


def test_behind_one_that_aiohttp_answers_none_is_answered_earlier() -> None:
    other = post({"say": "first"}, Content_Type="application/json; charset=utf-8")
    plain = post({"say": "second"})

    assert asyncio.run(compare([(other, 0), (plain, 0)])) == 0


def test_many_are_answered_at_once() -> None:
    """Otherwise the promise above would promise nothing."""
    request = post({"say": "anything"})

    assert asyncio.run(compare([(request, 0)] * 20)) == 20


def test_another_answer_would_be_found() -> None:
    class Deaf(Server):
        """Mistakes the place that is asked."""

        def _at_once(self, route: Route, body: bytes, begin: float) -> bytes | None:
            del route
            return super()._at_once((Hook.VALIDATE, NamespaceMode.DRY_RUN), body, begin)

    async def run() -> bool:
        pieces = [(post({"say": "anything"}), 0)]
        given = await Deaf(shortcut=True).told(pieces)
        return given == await Server(shortcut=False).told(pieces)

    assert not asyncio.run(run())
