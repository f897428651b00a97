"""Ours beside the null server, round by round: what both show of one machine at one time."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from benchmarks import servers
from benchmarks.context import Context
from benchmarks.section import Row
from benchmarks.servers import NULL, OURS, Server

# The null server shows what the load generator, TLS and the kernel need for the same.
COMPARED: Final = (OURS, NULL)


def beside_null(
    context: Context, title: str, one: Callable[[Server], Iterable[Row]]
) -> Iterator[Row]:
    """Measure one server after the other in each round; each is the first in every other round."""
    every = servers.servers(context.files, context.ours)
    compared = [server for server in every if server.name in COMPARED]
    for number in range(context.rounds):
        for server in compared if number % 2 else reversed(compared):
            context.say(f"{title}, round {number + 1}: {server.name}")
            for row in one(server):
                yield {"round": number, "server": server.name, **row}
