"""The server as a whole: built from settings, started, drained."""

import asyncio
import gc
import logging
import signal
import socket
import ssl
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import uvloop
from prometheus_client import CollectorRegistry

from webhook.serving.connections import Connections
from webhook.serving.errors import StartError
from webhook.serving.health import Health, Readiness
from webhook.serving.hooks import Answerer, Hooks
from webhook.serving.limits import DEFAULT_LIMITS, Limits
from webhook.serving.listener import Handler, Listener, listen
from webhook.serving.probe import Probe
from webhook.serving.reload import POLL_EVERY, follow
from webhook.serving.shortcut import AtOnce
from webhook.serving.sources import Sources
from webhook.serving.watcher import Watcher
from webhook.settings import Address, Settings
from webhook.telemetry import logs
from webhook.telemetry.decisions import DecisionLog
from webhook.telemetry.metrics import Metrics

# What failed by a fault of ours is not to fail as fast as it can.
_AGAIN: Final = 1.0

# How long a thread that loads a policy may keep the event loop from running, in each of its turns.
# Python's own 5 ms would be the wait of every request meanwhile.
_SWITCH: Final = 0.0005

# The kubelet and Prometheus need one or two each; with the hooks' own it stays below 1,024 files.
_HEALTH_CONNECTIONS: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the server needs of the rest of the program, handed over by who starts it."""

    answer: Answerer
    sources: Callable[[Settings, Metrics], Sources]
    version: str
    write: Callable[[bytes], None]  # takes the log lines of decisions
    limits: Limits = DEFAULT_LIMITS
    poll_every: float = POLL_EVERY


def run(settings: Settings, parts: Parts) -> int:
    """Serve until a signal; returns the exit code. Raises StartError."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(settings, parts))


async def _serve(settings: Settings, parts: Parts) -> int:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_unhandled)
    stop, hurry = asyncio.Event(), asyncio.Event()

    def on_signal() -> None:
        (hurry if stop.is_set() else stop).set()

    sys.setswitchinterval(_SWITCH)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    service = Service(settings, parts)
    # What exists now lives as long as the process. Out of the collector's sight it is not looked
    # at again and again, which would hold up some request each time.
    gc.collect()
    gc.freeze()
    await stop.wait()
    await service.drain(settings.drain_delay, hurry)
    return 1 if hurry.is_set() else 0


class Service:
    """A running server. Everything is made here, from arguments."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        """Start, inside a running loop; raises StartError."""
        clock = asyncio.get_running_loop().time
        self._limits = parts.limits
        self.metrics = Metrics(CollectorRegistry(), version=parts.version)
        self._watcher = Watcher(self.metrics, clock=clock)
        sources = parts.sources(settings, self.metrics)
        self.tls, self.policies = sources.certificate, sources.policies
        self._closing = sources.closing
        public, private = _sockets(settings)
        self._hooks = Hooks(
            answer=parts.answer,
            policies=self.policies,
            metrics=self.metrics,
            log=DecisionLog(parts.write, clock=time.time),
            limits=parts.limits,
            clock=clock,
            reporter=sources.reporter,
        )
        self.table = Connections(parts.limits, clock=clock, dropped=self.metrics.dropped)
        self._public = self._listener(
            public,
            self._hooks.handle,
            self.table,
            context=self.tls.context,
            at_once=self._hooks.at_once,
        )
        self.hooks_address = Address(*self._public.address)
        probe = Probe(self.hooks_address, self.tls.current, ours=self._watcher.ours, clock=clock)
        self.readiness = Readiness(self.policies, self.tls, probe, clock=time.time)
        health = Health(self.readiness, self.metrics.registry)
        few = Connections(replace(parts.limits, connections=_HEALTH_CONNECTIONS), clock=clock)
        self._private = self._listener(private, health.handle, few)
        self.health_address = Address(*self._private.address)
        following = partial(follow, *sources.followed, every=parts.poll_every)
        endless: list[Callable[[], Awaitable[None]]] = [probe.run, following, *sources.beside]
        self._tasks = [asyncio.create_task(_forever(each)) for each in endless]
        where = {"hooks": str(self.hooks_address), "health": str(self.health_address)}
        logs.event(logging.INFO, "serving", version=parts.version, **where)

    def _listener(
        self,
        listening: socket.socket,
        handler: Handler,
        table: Connections,
        *,
        context: Callable[[], ssl.SSLContext] | None = None,
        at_once: AtOnce | None = None,
    ) -> Listener:
        return Listener(
            listening,
            handler,
            table=table,
            limits=self._limits,
            watcher=self._watcher,
            context=context,
            at_once=at_once,
        )

    async def drain(self, delay: float, hurry: asyncio.Event) -> None:
        """Stop in order; `hurry` ends every wait.

        For `delay` seconds connections are still accepted, as endpoints change a little later than
        we are told to stop, and each answer asks its client to connect anew. Then nothing is
        accepted, resting connections are closed, and requests under way get their time.
        """
        logs.event(logging.INFO, "draining", connections=len(self.table))
        self.readiness.draining = True
        self._hooks.draining = True
        await _first(hurry.wait(), asyncio.sleep(delay))
        await self._public.stop()
        self.table.finish_resting()
        await _first(hurry.wait(), self.table.wait_empty(), asyncio.sleep(self._limits.drain_time))
        left = len(self.table)
        await self.close()
        logs.event(logging.INFO, "stopped", abandoned=left)

    async def close(self) -> None:
        """Stop at once."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._closing is not None:
            await self._closing()
        await self._public.close()
        await self._private.close()


def _sockets(settings: Settings) -> tuple[socket.socket, socket.socket]:
    """Listen on both addresses, or on none; raises StartError."""
    public = listen(settings.listen, flag="--listen")
    try:
        return public, listen(settings.health_listen, flag="--health-listen")
    except StartError:
        public.close()
        raise


async def _forever(run: Callable[[], Awaitable[None]]) -> None:
    """Run what never ends; a fault in it is logged and must not be the end of it."""
    while True:
        try:
            await run()
        except Exception as problem:  # noqa: BLE001  whatever it is, serving goes on
            logs.fault("what runs beside the server failed, and begins anew", problem)
        await asyncio.sleep(_AGAIN)


async def _first(*waiting: Any) -> None:  # noqa: ANN401  coroutines of any kind
    """Wait for the first of several, and give up the others."""
    tasks = [asyncio.ensure_future(each) for each in waiting]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


def _unhandled(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what no code waited for; asyncio itself would write out values with it."""
    error = context.get("exception")
    if isinstance(error, (OSError, ssl.SSLError)):
        logs.event(logging.DEBUG, "a connection broke", error=type(error).__name__)
    else:
        logs.fault("unhandled in the event loop", error or RuntimeError())
