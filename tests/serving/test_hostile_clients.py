"""A client that is slow, silent or sends rubbish costs nobody else anything.

Each test lets a hostile client do its worst on a real socket, asks as a good one meanwhile, and
looks at what became of the hostile one.
"""

import asyncio
import os
import random
import resource
import socket
import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from tests.serving.kit import Certificates, Client, Rig, post, rig
from webhook.serving.connections import State
from webhook.serving.limits import Limits

pytestmark = pytest.mark.slow

KIB = 1024


async def good(served: Rig) -> None:
    """Ask as a good client does; it must not notice anything."""
    async with asyncio.timeout(2):
        assert (await served.good()).status == 200


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def crawl(client: Client, data: bytes) -> None:
    """Send a byte at a time, until the server has had enough."""
    try:
        for byte in data:
            await client.send(bytes([byte]))
            await asyncio.sleep(0.02)
    except (ConnectionError, ssl.SSLError):
        return


async def test_headers_that_crawl_are_cut_off(served: Rig) -> None:
    client = await served.connect()
    crawling = asyncio.create_task(crawl(client, post()))
    await good(served)
    assert await client.closed() == b""
    await crawling
    assert served.metric("connections_dropped_total", reason="head") == 1


async def test_headers_that_crawl_on_a_proven_connection_are_cut_off_too(served: Rig) -> None:
    client = await served.connect()
    assert (await client.ask(post())).status == 200
    await client.send(b"POST /mutate")
    assert await client.closed() == b""
    assert served.metric("connections_dropped_total", reason="head") == 1


async def test_a_body_that_crawls_is_answered_408(served: Rig) -> None:
    client = await served.connect()
    await client.send(post(body=b"", Content_Length="100"))
    await good(served)
    response = await client.response()
    assert (response.status, response.error) == (408, "the body did not arrive in time")
    assert await client.closed() == b""


async def test_a_silent_tcp_connection_is_closed(served: Rig) -> None:
    client = await served.connect_plain()
    await good(served)
    assert await client.closed() == b""
    await served.until(lambda: len(served.service.table) == 0)


async def test_a_client_that_is_silent_after_tls_is_closed_when_it_is_idle(served: Rig) -> None:
    client = await served.connect()
    await good(served)
    assert await client.closed() == b""
    assert served.metric("connections_dropped_total", reason="silent") == 1


async def test_a_client_that_stays_silent_after_an_answer_is_closed(served: Rig) -> None:
    client = await served.connect()
    assert (await client.ask(post())).status == 200
    assert await client.closed() == b""
    assert served.metric("connections_dropped_total", reason="idle") == 1


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\x00" * 64,
        b"\xff" * 4096,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc" + b"\x00" * 20,  # the beginning of a TLS hello
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    ],
    ids=["zeros", "ones", "half a hello", "ssh", "plain http"],
)
async def test_rubbish_instead_of_tls_is_closed(served: Rig, rubbish: bytes) -> None:
    client = await served.connect_plain()
    await client.send(rubbish)
    await good(served)
    await client.closed()
    await served.until(lambda: len(served.service.table) == 0)


async def test_plain_http_on_the_tls_port_is_told_to_the_operator_once_in_a_while(
    served: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5):
        client = await served.connect_plain()
        await client.send(b"POST /mutate/enabled HTTP/1.1\r\n\r\n")
        await client.closed()
    told = [r for r in caplog.records if r.message == "a client spoke plain HTTP to the HTTPS port"]
    assert len(told) == 1


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"rubbish\r\n\r\n", 400),
        (b"POST /mutate/enabled HTTP/1.1\r\n\r\n", 400),  # no Host
        (b"POST /mutate/enabled HTTP/9.9\r\nHost: h\r\n\r\n", 400),
        (b"\x00\x01\x02\x03\r\n\r\n", 400),
        (b"POST /mutate/enabled HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n", 400),
        (b"POST /mutate/enabled HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n", 400),
        (b"POST /mutate/enabled HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /mutate/enabled HTTP/1.1\r\nHost: h\r\nContent-Length: 9e9\r\n\r\n", 400),
        (post(body=b"", Content_Length="3, 4"), 400),
        (post(Transfer_Encoding="chunked"), 400),  # and a Content-Length: a smuggler
        (post(body=b"", Content_Length="", Transfer_Encoding="gzip, chunked, gzip"), 400),
        (b"POST /" + b"x" * 17 * KIB + b" HTTP/1.1\r\nHost: h\r\n\r\n", 431),
        (b"POST / HTTP/1.1\r\nHost: h\r\nA: " + b"x" * 17 * KIB + b"\r\n\r\n", 431),
        (b"POST / HTTP/1.1\r\nHost: h\r\n" + b"A: b\r\n" * 100 + b"\r\n", 400),
    ],
)
async def test_what_is_not_http_is_refused(served: Rig, request_bytes: bytes, status: int) -> None:
    client = await served.connect()
    response = await client.ask(request_bytes)
    assert response.status == status
    assert response.error == (
        "this is not a proper HTTP/1.1 request"
        if status == 400
        else "the request line and headers are too large"
    )
    await client.closed()
    assert served.metric("requests_rejected_total", status=str(status)) == 1
    await good(served)


async def test_headers_that_never_end_are_refused_by_their_sum(served: Rig) -> None:
    client = await served.connect()
    await client.send(b"POST / HTTP/1.1\r\nHost: h\r\n")
    for number in range(33):  # 16.5 KiB, a little more than is allowed
        await client.send(b"A%02d: %b\r\n" % (number, b"x" * 505))
        await asyncio.sleep(0)
    response = await client.response()
    assert response.status == 431
    assert response.error == "the request line and headers are too large"
    assert await client.closed() == b""


async def test_a_body_that_is_announced_too_large_is_refused_before_it_comes(served: Rig) -> None:
    client = await served.connect()
    response = await client.ask(post(body=b"", Content_Length=str(256 * KIB + 1)))
    assert (response.status, response.error) == (413, "the body is larger than 262144 bytes")
    assert await client.closed() == b""


@pytest.mark.parametrize("pieces", [1, 300])
async def test_a_chunked_body_over_the_limit_is_refused(served: Rig, pieces: int) -> None:
    client = await served.connect()
    await client.send(post(body=b"", Content_Length="", Transfer_Encoding="chunked"))
    chunk = b"x" * (300 * KIB // pieces)
    for _ in range(pieces):
        client.writer.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
    await good(served)
    response = await client.response()
    assert (response.status, response.error) == (413, "the body is larger than 262144 bytes")
    await client.closed()


async def test_a_chunked_body_of_9_mib_is_refused_by_the_limits_of_production(
    generous: Rig,
) -> None:
    client = await generous.connect()
    client.writer.write(post(body=b"", Content_Length="", Transfer_Encoding="chunked"))
    chunk = b"x" * KIB * KIB
    for _ in range(9):
        client.writer.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
    response = await client.response()
    assert (response.status, response.error) == (413, "the body is larger than 8388608 bytes")


async def test_a_broken_chunk_is_refused(served: Rig) -> None:
    client = await served.connect()
    await client.send(post(body=b"", Content_Length="", Transfer_Encoding="chunked"))
    await client.send(b"5\r\nabcde\r\nzz\r\n")
    await good(served)
    assert (await client.response()).status in (400, 408)
    await client.closed()


async def test_what_follows_a_body_and_is_no_request_is_refused(served: Rig) -> None:
    client = await served.connect()
    assert (await client.ask(post(body=b"{}"))).status == 200
    await client.send(post(body=b"{}" + b" and more", Content_Length="2"))
    assert b" 400 Bad Request" in await client.closed()
    await good(served)


async def test_a_client_that_leaves_in_the_middle_of_its_body_is_forgotten(
    served: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    client = await served.connect()
    await client.send(post(body=b"half", Content_Length="100000"))
    await served.until(lambda: served.service.table.count(State.BODY) == 1)
    client.close()
    await served.until(lambda: len(served.service.table) == 0)
    await good(served)
    assert [r for r in caplog.records if r.levelname in ("WARNING", "ERROR")] == []


async def test_a_client_that_sends_ahead_and_never_reads_is_closed(served: Rig) -> None:
    client = await served.connect()
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]
    request = post({"say": "a lot"}) * 50

    async def flood() -> None:
        while True:
            await client.send(request)

    flooding = asyncio.create_task(flood())
    await good(served)
    await served.until(lambda: len(served.service.table) == 0)
    flooding.cancel()
    await asyncio.gather(flooding, return_exceptions=True)


async def test_requests_sent_ahead_do_not_pile_up_in_memory(served: Rig) -> None:
    client = await served.connect()
    # The first keeps its handler waiting for a body; what stands behind it stays with the client.
    await client.send(post(body=b"", Content_Length="10"))
    client.writer.write(b"0123456789" + post({"pad": "x" * 4000}) * 2000)
    await good(served)
    for _ in range(2000):
        assert (await client.response()).status in (200, 400)
        if client.reader.at_eof():
            break


async def test_old_tls_is_refused(served: Rig) -> None:
    context = served.pki.client()
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1 is deprecated"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1_1 is deprecated"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await served.connect(context=context)
    await good(served)


async def test_five_hundred_silent_connections_keep_nobody_out(generous: Rig) -> None:
    address = generous.service.hooks_address
    crowd = [socket.create_connection((address.host, address.port)) for _ in range(500)]
    try:
        await generous.until(lambda: generous.service.table.count(State.HANDSHAKE) == 500)
        await good(generous)
    finally:
        for each in crowd:
            each.close()


SMALL = Limits(
    connections=20, head_time=20, idle_time=20, body_time=20, request_time=20, sweep_every=20
)


@pytest.mark.parametrize("state", [State.HANDSHAKE, State.SILENT, State.HEAD, State.BODY])
async def test_a_full_table_makes_room_for_a_good_client(
    pki: Certificates, tmp_path: Path, state: State
) -> None:
    """However long the times are: whoever has been at it longest in the crowd goes."""
    sent = {State.HEAD: b"POST /mu", State.BODY: post(body=b"", Content_Length="5")}
    async with rig(pki, tmp_path, limits=SMALL) as served:
        crowd: list[Client] = []
        for _ in range(30):
            tls = state is not State.HANDSHAKE
            crowd.append(await (served.connect() if tls else served.connect_plain()))
            await crowd[-1].send(sent.get(state, b""))
        await served.until(lambda: served.service.table.count(state) >= 19)
        for _ in range(5):
            await good(served)
        assert await crowd[0].closed() == b""
        assert len(served.service.table) <= 20
        assert served.metric("connections_dropped_total", reason="crowded") >= 11


async def test_a_proven_connection_is_not_what_gives_way_to_a_crowd(
    pki: Certificates, tmp_path: Path
) -> None:
    async with rig(pki, tmp_path, limits=SMALL) as served:
        proven = await served.connect()
        assert (await proven.ask(post())).status == 200
        for _ in range(60):
            await served.connect_plain()
        assert (await proven.ask(post())).status == 200


async def test_large_bodies_that_stand_still_give_way_to_those_that_move(served: Rig) -> None:
    """The budget holds two of the largest bodies; three that stop just before their end come."""
    size = 250 * KIB
    stuck = [await served.connect() for _ in range(3)]
    for client in stuck:
        await client.send(post(body=b"x" * (size - 1), Content_Length=str(size)))
    first = await stuck[0].response()
    assert first.status == 503
    assert first.error == "too many large requests at once, and this one was the slowest; try again"
    moving = await served.connect()
    assert (await moving.ask(post({"pad": "x" * (200 * KIB)}))).status == 200
    await good(served)
    assert (await stuck[1].response()).status in (408, 503)


async def test_small_bodies_are_taken_in_however_full_the_budget_is(
    pki: Certificates, tmp_path: Path, quick: Limits
) -> None:
    limits = replace(quick, bodies=64 * KIB, body=60 * KIB, body_time=5.0, request_time=5.0)
    async with rig(pki, tmp_path, limits=limits) as served:
        stuck = await served.connect()
        await stuck.send(post(body=b"x" * (59 * KIB), Content_Length=str(60 * KIB)))
        for _ in range(20):
            client = await served.connect()
            request = post({"pad": "x" * (10 * KIB)})
            await client.send(request[:-1])
            assert (await client.ask(request[-1:])).status == 200
        assert served.metric("requests_rejected_total", status="503") == 0


async def test_connections_leave_no_files_open(served: Rig) -> None:
    await good(served)
    await served.until(lambda: len(served.service.table) == 0)
    before = open_files()
    for _ in range(30):
        (await served.connect_plain()).close()
        client = await served.connect_plain()
        await client.send(b"rubbish that is long enough for a record\r\n")
        client.close()
        await good(served)
    await served.until(lambda: len(served.service.table) == 0)
    await served.until(lambda: open_files() <= before)


async def test_running_out_of_files_closes_the_crowd_and_goes_on(
    generous: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    address = generous.service.hooks_address
    crowd = [socket.create_connection((address.host, address.port)) for _ in range(50)]
    await generous.until(lambda: generous.service.table.count(State.HANDSHAKE) == 50)
    late = socket.socket()
    late.setblocking(False)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        await asyncio.get_running_loop().sock_connect(late, (address.host, address.port))
        await generous.until(
            lambda: generous.metric("connections_dropped_total", reason="crowded") > 0
        )
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for each in [*crowd, late]:
            each.close()
    await good(generous)
    assert "no connection can be accepted: too many open files (ulimit -n)" in [
        r.message for r in caplog.records
    ]


STATUSES = {200, 400, 404, 405, 408, 413, 415, 417, 431, 501, 503}


@pytest.mark.parametrize("seed", range(4))
async def test_mutated_requests_are_answered_or_closed_and_never_a_fault(
    served: Rig, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311  not for secrets
    whole = post({"pad": "x" * 100}, Expect="100-continue") + post({"say": "hello"})
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            place = chance.randrange(len(data))
            match chance.randrange(4):
                case 0:
                    data[place] = chance.randrange(256)
                case 1:
                    del data[place : place + chance.randrange(40)]
                case 2:
                    data[place:place] = data[: chance.randrange(200)]
                case _:
                    data[place:place] = chance.choice([b"\r\n", b"\r\n\r\n", b"\x00", b": ", b"\n"])
        client = await served.connect()
        cut = chance.randrange(len(data))
        await client.send(bytes(data[:cut]))
        await client.send(bytes(data[cut:]))
        client.writer.write_eof() if client.writer.can_write_eof() else client.close()
        for line in (await client.closed()).split(b"\r\n"):
            if line.startswith(b"HTTP/1."):
                assert int(line.split()[1]) in STATUSES | {100}
    assert served.metric("internal_errors_total") == 0
    await good(served)
    await served.until(lambda: len(served.service.table) == 0)
