"""The lines on standard error."""

import asyncio
import io
import json
import logging
import os
import select
import socket
import sys
from collections.abc import Iterator
from typing import BinaryIO

import msgspec
import pytest

from tests.serving.kit import RECORD
from webhook.telemetry import logs
from webhook.telemetry.decisions import DecisionLog


@pytest.fixture
def stream() -> Iterator[io.BytesIO]:
    """Take the logging over, and give it back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    made = io.BytesIO()
    logs.configure("info", made)
    yield made
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(stream: io.BytesIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_with_its_fields(stream: io.BytesIO) -> None:
    logs.event(logging.WARNING, "the policy could be better", reason="two\nlines", count=3)
    (line,) = lines(stream)
    assert str(line.pop("time")).endswith("Z")
    assert line == {
        "level": "warning",
        "message": "the policy could be better",
        "reason": "two\nlines",
        "count": 3,
    }


def test_what_is_below_the_level_is_not_written(stream: io.BytesIO) -> None:
    logs.event(logging.DEBUG, "a connection was lost")
    assert stream.getvalue() == b""


def test_libraries_speak_the_same_language(stream: io.BytesIO) -> None:
    logging.getLogger("asyncio").warning("slow %s", "callback")
    (line,) = lines(stream)
    assert (line["logger"], line["message"]) == ("asyncio", "slow callback")


def recursive(depth: int) -> None:
    if depth:
        recursive(depth - 1)
    raise LookupError("secret value of a pod")


def test_a_fault_tells_kind_and_place_and_never_values(stream: io.BytesIO) -> None:
    try:
        try:
            recursive(2)
        except LookupError as cause:
            raise ValueError("another secret") from cause
    except ValueError as problem:
        logs.fault("a request could not be decided", problem, path="/mutate/enabled")
    (line,) = lines(stream)
    assert line["error"] == "ValueError from LookupError"
    assert line["path"] == "/mutate/enabled"
    (frame,) = line["stack"]  # type: ignore[misc]
    assert frame.split(":")[0] == __name__
    assert b"secret" not in stream.getvalue()


def test_a_deep_stack_is_told_by_its_innermost_calls(stream: io.BytesIO) -> None:
    try:
        recursive(100)
    except LookupError as problem:
        logs.fault("deep", problem)
    (line,) = lines(stream)
    assert len(line["stack"]) == logs.MAX_FRAMES  # type: ignore[arg-type]


def test_an_exception_that_a_library_logs_is_described_the_same_way(stream: io.BytesIO) -> None:
    try:
        recursive(0)
    except LookupError:
        logging.getLogger("asyncio").exception("Task exception was never retrieved")
    (line,) = lines(stream)
    assert line["error"] == "LookupError"
    assert b"secret" not in stream.getvalue()


def test_a_chain_of_causes_that_bites_its_tail_ends() -> None:
    first, second = ValueError(), LookupError()
    first.__cause__, second.__cause__ = second, first
    assert logs.describe(first)["error"] == "ValueError from LookupError"


async def in_a_group(depth: int) -> None:
    async with asyncio.TaskGroup() as tasks:
        if depth:
            tasks.create_task(in_a_group(depth - 1))
        else:
            tasks.create_task(asyncio.to_thread(recursive, 0))


async def test_of_groups_what_really_failed_is_told(stream: io.BytesIO) -> None:
    try:
        await in_a_group(2)
    except ExceptionGroup as problem:
        logs.fault("what runs beside failed", problem)
    (line,) = lines(stream)
    inside = line["inside"][0]  # type: ignore[index]
    assert (line["error"], inside["error"]) == ("ExceptionGroup", "LookupError")
    assert inside["stack"][-1].endswith(":recursive")
    assert b"secret" not in stream.getvalue()


def test_of_a_group_of_many_some_are_told() -> None:
    many = ExceptionGroup("many", [ValueError(str(i)) for i in range(100)])
    assert len(logs.describe(many)["inside"]) == logs.MAX_INSIDE  # type: ignore[arg-type]


def test_the_first_message_of_a_kind_comes_through_whatever_the_clock_says() -> None:
    times = [i / 7 for i in range(1000)]
    assert {logs.Throttle(every=60, clock=lambda at=at: at).admit("a") for at in times} == {0}  # type: ignore[misc]


def test_what_is_no_unicode_is_escaped(stream: io.BytesIO) -> None:
    logs.event(logging.INFO, "loaded", file="a\udcffb")
    assert lines(stream)[0]["file"] == "a\\udcffb"


def test_what_json_does_not_know_is_written_as_text(stream: io.BytesIO) -> None:
    logs.event(logging.INFO, "loaded", path=object)
    assert lines(stream)[0]["path"] == "<class 'object'>"


def test_a_closed_standard_error_fails_nobody(stream: io.BytesIO) -> None:
    stream.close()
    logs.event(logging.ERROR, "nobody reads this")


@pytest.fixture(params=["pipe", "socket"])
def ends(request: pytest.FixtureRequest) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """The reading and the writing end."""
    if request.param == "pipe":
        reading, writing = os.pipe()
    else:
        reading, writing = (it.detach() for it in socket.socketpair())
    with os.fdopen(reading, "rb", buffering=0) as out, os.fdopen(writing, "wb", 0) as into:
        yield out, into


def all_there_is(out: BinaryIO) -> bytes:
    found = b""
    while select.select([out], [], [], 0)[0]:
        found += out.read(65536)
    return found


@pytest.mark.parametrize("size", [100, 10_000])
def test_a_standard_error_that_nobody_reads_holds_nobody_up(
    ends: tuple[BinaryIO, BinaryIO], size: int
) -> None:
    out, into = ends
    handler = logs.JsonHandler(into)
    for number in range(20_000):
        handler.write(b'{"number":%d,"text":"%s"}' % (number, b"x" * size))
        if handler.dropped == 3:
            break
    assert os.get_blocking(into.fileno())

    text = all_there_is(out)
    lost = handler.dropped
    handler.write(b'{"number":-1}')
    handler.write(b'{"number":-2}')
    found = [json.loads(line) for line in (text + all_there_is(out)).splitlines()]

    numbers = [it["number"] for it in found]
    assert numbers == [*range(len(found) - 2), -1, -2]
    assert found[-2]["loggingDropped"] == lost
    assert "loggingDropped" not in found[-1]


def test_a_pipe_that_was_closed_is_not_written_to_by_its_number(
    ends: tuple[BinaryIO, BinaryIO],
) -> None:
    out, into = ends
    handler = logs.JsonHandler(into)
    reading, writing = os.pipe()
    number = into.fileno()
    into.close()
    os.dup2(writing, number)  # somebody else's by now
    handler.write(b'{"number":1}')
    found = select.select([reading], [], [], 0)[0]
    for each in (reading, writing, number):
        os.close(each)
    assert found == []
    assert out.read() == b""


def test_a_pipe_whose_reader_is_gone_fails_nobody(ends: tuple[BinaryIO, BinaryIO]) -> None:
    out, into = ends
    handler = logs.JsonHandler(into)
    out.close()
    handler.write(b'{"number":1}')
    handler.write(b'{"number":2}')
    assert handler.dropped == 2


def test_standard_error_is_the_default(
    stream: io.BytesIO, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert stream.getvalue() == b""
    logs.configure("debug")
    logs.event(logging.DEBUG, "hello")
    assert json.loads(capsysbinary.readouterr().err)["message"] == "hello"
    assert sys.stderr is not None


def test_a_time_is_utc_to_the_millisecond() -> None:
    assert logs.timestamp(1893499200.0) == "2030-01-01T12:00:00.000Z"
    assert logs.timestamp(1893499200.9996) == "2030-01-01T12:00:00.999Z"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_one_message_of_a_kind_comes_through_and_the_next_says_how_many_did_not() -> None:
    clock = Clock()
    throttle = logs.Throttle(every=10, clock=clock)
    assert [throttle.admit("a"), throttle.admit("a"), throttle.admit("b")] == [0, None, 0]
    clock.now = 9.9
    assert throttle.admit("a") is None
    clock.now = 10
    assert throttle.admit("a") == 2
    clock.now = 20
    assert throttle.admit("a") == 0


def test_a_decision_is_one_flat_line(stream: io.BytesIO) -> None:
    written: list[bytes] = []
    DecisionLog(written.append, clock=lambda: 1893499200.0).decided(RECORD, 0.0001234)
    line = json.loads(written[0])
    assert list(line)[:5] == ["time", "level", "message", "milliseconds", "uid"]
    assert line["time"] == "2030-01-01T12:00:00.000Z"
    assert line["milliseconds"] == 0.123
    assert stream.getvalue() == b""


def test_a_decision_with_odd_names_is_still_json() -> None:
    written: list[bytes] = []
    logs.LOG.setLevel(logging.INFO)
    record = msgspec.structs.replace(RECORD, name='a"b\n\u2028é')
    DecisionLog(written.append, clock=lambda: 0.0).decided(record, 0.0)
    logs.LOG.setLevel(logging.NOTSET)
    assert json.loads(written[0])["name"] == 'a"b\n\u2028é'
    assert b"\n" not in written[0]


def test_decisions_are_silent_above_the_level_of_information(stream: io.BytesIO) -> None:
    written: list[bytes] = []
    logs.configure("warning", stream)
    DecisionLog(written.append, clock=lambda: 0.0).decided(RECORD, 0.0)
    assert written == []
