"""Who is connected, sorted by what each is doing and for how long.

When there is no room for a new connection, the crowd gives way: of the state that most connections
are in, the one that has been there longest is closed. A client that behaves spends milliseconds in
any state but IDLE, so a crowd of slow or silent ones, in whatever way they are, costs it nothing.
"""

import asyncio
from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import Final, Protocol

from webhook.serving.limits import Limits


class State(Enum):
    """What a connection is doing."""

    HANDSHAKE = auto()  # TLS
    SILENT = auto()  # connected, and has never sent a byte of a request
    HEAD = auto()  # some bytes of a request have come, but not yet all of its headers
    BODY = auto()  # headers have come, the body is on its way, or an error answer is
    IDLE = auto()  # has been answered, may ask again
    # Deciding is no state: it happens in one go, while nobody looks.

    __hash__ = object.__hash__  # Enum hashes its name each time, and this happens for each request


_RESTING: Final = (State.HANDSHAKE, State.SILENT, State.HEAD, State.IDLE)


class Client(Protocol):
    """What the table needs of a connection."""

    def drop(self) -> None:
        """Close at once, without a word."""

    def finish(self) -> None:
        """Close in order: what was written still goes out."""


class Connections:
    """Every connection of one listener, each in one state since a moment of the clock."""

    def __init__(
        self,
        limits: Limits,
        *,
        clock: Callable[[], float],
        dropped: Callable[[str], None] = lambda _reason: None,
    ) -> None:
        """Take the clock, in seconds, and whom to tell why a connection was closed."""
        self._most, self._clock, self._dropped = limits.connections, clock, dropped
        # Dicts keep the order of insertion, and what changes its state is inserted anew: the first
        # of each has been there longest. Nothing here looks at more connections than it closes.
        self._since: Final[dict[State, dict[Client, float]]] = {state: {} for state in State}
        self._state: Final[dict[Client, State]] = {}
        self._longest: Final = {
            State.HANDSHAKE: (limits.head_time, "handshake"),
            State.SILENT: (limits.idle_time, "silent"),
            State.HEAD: (limits.head_time, "head"),
            State.BODY: (limits.request_time, "body"),
            State.IDLE: (limits.idle_time, "idle"),
        }
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        return len(self._state)

    def count(self, state: State) -> int:
        """Count the connections in a state."""
        return len(self._since[state])

    def admit(self, client: Client) -> None:
        """Take in a new connection, closing another one where there is no room."""
        if len(self._state) >= self._most:
            self.make_room()
        self._empty.clear()
        self._state[client] = State.HANDSHAKE
        self._since[State.HANDSHAKE][client] = self._clock()

    def make_room(self) -> None:
        """Close the one that has been longest in the most crowded state."""
        crowd = max(self._since.values(), key=len)
        if crowd:
            self._close(next(iter(crowd)), "crowded")

    def move(self, client: Client, state: State) -> None:
        """Note that a connection does something else from now on; one that is out stays out."""
        before = self._state.get(client)
        if before is not None:
            del self._since[before][client]
            self._state[client] = state
            self._since[state][client] = self._clock()

    def state(self, client: Client) -> State | None:
        """Tell what a connection is doing; None: it is not, or no longer, in the table."""
        return self._state.get(client)

    def forget(self, client: Client) -> None:
        """Take a closed connection out; it may be out already."""
        state = self._state.pop(client, None)
        if state is not None:
            del self._since[state][client]
            if not self._state:
                self._empty.set()

    def sweep(self) -> None:
        """Close every connection that has been in its state for too long."""
        now = self._clock()
        for state, (longest, reason) in self._longest.items():
            for client in self._overdue(state, now - longest):
                self._close(client, reason)

    def finish_resting(self) -> None:
        """Close, in order, every connection that has no request under way."""
        for state in _RESTING:
            for client in list(self._since[state]):
                client.finish()

    def drop_all(self) -> None:
        """Close every connection at once."""
        for client in list(self._state):
            self.forget(client)
            client.drop()

    async def wait_empty(self) -> None:
        """Return when the last connection is gone."""
        await self._empty.wait()

    def _overdue(self, state: State, before: float) -> Iterator[Client]:
        while self._since[state]:
            client, since = next(iter(self._since[state].items()))
            if since > before:
                return
            yield client

    def _close(self, client: Client, reason: str) -> None:
        self.forget(client)
        self._dropped(reason)
        client.drop()
