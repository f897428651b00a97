"""The table of connections, without sockets."""

import asyncio
from dataclasses import dataclass, field

import pytest

from webhook.serving.connections import Connections, State
from webhook.serving.limits import Limits


@dataclass(eq=False)
class FakeClient:
    name: str = ""
    dropped: bool = False
    finished: bool = False

    def drop(self) -> None:
        self.dropped = True

    def finish(self) -> None:
        self.finished = True


@dataclass
class Table:
    now: float = 0.0
    reasons: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.limits = Limits(connections=3)
        self.table = Connections(self.limits, clock=lambda: self.now, dropped=self.reasons.append)

    def add(self, state: State = State.HANDSHAKE) -> FakeClient:
        self.now += 0.001
        client = FakeClient()
        self.table.admit(client)
        self.table.move(client, state)
        return client


@pytest.fixture
def rows() -> Table:
    return Table()


def test_room_is_made_in_the_crowd_and_there_for_the_longest_waiting(rows: Table) -> None:
    idle = rows.add(State.IDLE)
    first, second = rows.add(State.SILENT), rows.add(State.SILENT)
    rows.add()
    assert (idle.dropped, first.dropped, second.dropped) == (False, True, False)
    assert rows.reasons == ["crowded"]
    assert len(rows.table) == 3


def test_what_does_something_new_begins_to_wait_anew(rows: Table) -> None:
    clients = [rows.add(State.IDLE) for _ in range(3)]
    rows.table.move(clients[0], State.BODY)
    rows.table.move(clients[0], State.IDLE)
    rows.add()
    assert [client.dropped for client in clients] == [False, True, False]


@pytest.mark.parametrize(
    ("state", "longest", "reason"),
    [
        (State.HANDSHAKE, 10, "handshake"),
        (State.SILENT, 120, "silent"),
        (State.HEAD, 10, "head"),
        (State.BODY, 20, "body"),
        (State.IDLE, 120, "idle"),
    ],
)
def test_each_state_has_its_time(rows: Table, state: State, longest: float, reason: str) -> None:
    client = rows.add(state)
    rows.now += longest - 0.01
    rows.table.sweep()
    assert not client.dropped
    rows.now += 0.02
    rows.table.sweep()
    assert client.dropped
    assert rows.reasons == [reason]
    assert len(rows.table) == 0


def test_what_is_out_stays_out(rows: Table) -> None:
    client = rows.add()
    rows.table.forget(client)
    rows.table.forget(client)
    rows.table.move(client, State.IDLE)
    assert len(rows.table) == 0
    assert rows.table.state(client) is None


def test_an_empty_table_has_nobody_to_close(rows: Table) -> None:
    rows.table.make_room()
    assert rows.reasons == []


def test_resting_connections_are_closed_in_order_and_the_busy_one_is_not(rows: Table) -> None:
    idle, busy = rows.add(State.IDLE), rows.add(State.BODY)
    rows.table.finish_resting()
    assert (idle.finished, busy.finished) == (True, False)


async def test_the_last_one_to_leave_is_waited_for(rows: Table) -> None:
    await rows.table.wait_empty()
    first, second = rows.add(), rows.add()
    waiting = asyncio.create_task(rows.table.wait_empty())
    rows.table.forget(first)
    await asyncio.sleep(0)
    assert not waiting.done()
    rows.table.forget(second)
    await waiting


def test_nobody_needs_to_be_told() -> None:
    table = Connections(Limits(connections=1), clock=lambda: 0.0)
    client = FakeClient()
    table.admit(client)
    table.admit(FakeClient())
    assert client.dropped
