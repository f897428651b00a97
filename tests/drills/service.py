"""What kube-proxy does for one Service: its ClusterIP leads to any of its ready pods.

Each new connection goes to one of them at random and stays there, whatever becomes of the pod's
endpoint later, as with kube-proxy in its iptables mode. Where no pod is ready the port is closed,
so that a client is refused at once, as kube-proxy's REJECT rule has it.

It differs in one thing: a connection to a pod that has died is accepted and then reset, where the
kernel would have refused it. Either way its client learns of it at once.
"""

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Self

Address = tuple[str, int]
# How often it is looked whether there is a ready pod at all.
LOOK_EVERY = 0.05
# Longer than a client's patience (the API server dials for 30 s): here the kernel would wait, too.
DIAL_SECONDS = 30.0
READ_BYTES = 64 * 1024
RESET = struct.pack("ii", 1, 0)  # SO_LINGER, on, zero seconds: close with RST


class ServiceProxy:
    """Listens on a Service's address, in a thread of its own, from `start` to `stop`."""

    def __init__(self, address: Address, endpoints: Callable[[], Sequence[Address]]) -> None:
        """Take the ClusterIP with its port, and whom to ask for the ready pods' addresses."""
        self.address = address
        self._endpoints = endpoints
        self._thread = threading.Thread(target=self._run, name="service-proxy", daemon=True)
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._started: threading.Event = threading.Event()
        self._failure: Exception | None = None
        self._relays: set[asyncio.Task[None]] = set()
        self.made: Counter[Address] = Counter()  # connections so far, by pod
        self.open: Counter[Address] = Counter()  # connections at this moment, by pod

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin; raises OSError where the address cannot be bound."""
        _check(self.address)
        self._thread.start()
        self._started.wait()

    def stop(self) -> None:
        """Close the port and all connections."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        with contextlib.closing(self._loop):
            try:
                self._loop.run_until_complete(self._serve())
            except Exception as problem:  # noqa: BLE001 - raised again by `stop`
                self._failure = problem
            finally:
                self._started.set()

    async def _serve(self) -> None:
        server: asyncio.Server | None = None
        while not self._stopping.is_set():
            ready = bool(self._endpoints())
            if ready and server is None:
                server = await asyncio.start_server(self._accepted, *self.address)
            elif not ready and server is not None:
                server.close()
                server = None
            self._started.set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), LOOK_EVERY)
        if server is not None:
            server.close()
        for relay in list(self._relays):
            relay.cancel()
        await asyncio.gather(*self._relays, return_exceptions=True)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        relay = self._loop.create_task(self._relay(reader, writer))
        self._relays.add(relay)
        relay.add_done_callback(self._relays.discard)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ready = self._endpoints()
        if not ready:  # the last one went between the two looks
            _reset(writer)
            return
        pod = random.choice(ready)  # noqa: S311 - no secret
        self.made[pod] += 1
        self.open[pod] += 1
        try:
            await self._relay_to(pod, reader, writer)
        finally:
            self.open[pod] -= 1

    async def _relay_to(
        self, pod: Address, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            dialled = asyncio.open_connection(*pod)
            there_reader, there_writer = await asyncio.wait_for(dialled, DIAL_SECONDS)
        except OSError:
            _reset(writer)
            return
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_copy(reader, there_writer))
                both.create_task(_copy(there_reader, writer))
        except* OSError:  # one end has gone without a goodbye: neither does the other get one
            _reset(writer)
            _reset(there_writer)
        finally:
            writer.close()
            there_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes, and its end."""
    while data := await reader.read(READ_BYTES):
        writer.write(data)
        await writer.drain()
    writer.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


def _check(address: Address) -> None:
    """See that the address can be bound now, rather than when the first pod is ready."""
    with contextlib.closing(socket.socket()) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        trial.bind(address)
