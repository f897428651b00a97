"""The server as a whole: built from settings, started, drained."""

import asyncio
import contextlib
import gc
import logging
import signal
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
from prometheus_client import CollectorRegistry

from webhook.serving.connections import Connections
from webhook.serving.errors import StartError
from webhook.serving.health import Health, Readiness
from webhook.serving.hooks import Answerer, Hooks
from webhook.serving.limits import DEFAULT_LIMITS, Limits
from webhook.serving.listener import Listener, listen
from webhook.serving.policies import FilePolicySource, Loader
from webhook.serving.probe import Probe
from webhook.serving.reload import POLL_EVERY, follow
from webhook.serving.tls import TlsFiles, TlsSource
from webhook.serving.watcher import Watcher
from webhook.settings import Address, Settings
from webhook.telemetry import logs
from webhook.telemetry.decisions import DecisionLog
from webhook.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the server needs of the rest of the program, handed over by who starts it."""

    answer: Answerer
    load: Loader
    fingerprint: Callable[[Path], bytes]
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
        loop = asyncio.get_running_loop()
        limits, self._limits = parts.limits, parts.limits
        self.metrics = metrics = Metrics(CollectorRegistry(), version=parts.version)
        self._watcher = Watcher(metrics, clock=loop.time)
        tls = _certificate(settings, metrics)
        policies = _policies(settings, parts, metrics)
        self.policies, self.tls = policies, tls
        self._hooks = Hooks(
            answer=parts.answer,
            policies=policies,
            metrics=metrics,
            log=DecisionLog(parts.write, clock=time.time),
            limits=limits,
            clock=loop.time,
        )
        self.table = Connections(limits, clock=loop.time, dropped=metrics.dropped)
        public = listen(settings.listen, flag="--listen")
        with contextlib.ExitStack() as undo:
            undo.callback(public.close)
            private = listen(settings.health_listen, flag="--health-listen")
            undo.pop_all()
        self._public = Listener(
            public,
            self._hooks.handle,
            table=self.table,
            limits=limits,
            watcher=self._watcher,
            context=tls.context,
        )
        self.hooks_address = Address(*self._public.address)
        probe = Probe(self.hooks_address, tls.current, ours=self._watcher.ours, clock=loop.time)
        self.readiness = Readiness(policies, tls, probe, clock=time.time)
        self._private = Listener(
            private,
            Health(self.readiness, metrics.registry).handle,
            table=Connections(limits, clock=loop.time),
            limits=limits,
            watcher=self._watcher,
        )
        self.health_address = Address(*self._private.address)
        self._tasks = [
            asyncio.create_task(probe.run()),
            asyncio.create_task(follow(policies.followed, tls.followed, every=parts.poll_every)),
        ]
        logs.event(
            logging.INFO,
            "serving",
            version=parts.version,
            hooks=str(self.hooks_address),
            health=str(self.health_address),
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
        await self._public.close()
        await self._private.close()


def _certificate(settings: Settings, metrics: Metrics) -> TlsSource:
    """Load the certificate; without one there is nothing to wait for, and the way out is known."""
    files = TlsFiles(settings.tls_cert, settings.tls_key, settings.client_ca)
    for flag, path in (
        ("--tls-cert", files.certificate),
        ("--tls-key", files.key),
        ("--client-ca", files.client_ca),
    ):
        if path is not None and not path.is_file():
            hint = "" if flag == "--client-ca" else "run `noxus-secrets certs` to make one, or "
            raise StartError(f"{flag}: there is no file {path}; {hint}name another")
    source = TlsSource(files, metrics=metrics, clock=time.time)
    source.followed.poll(settle=False)
    if source.current() is None:
        raise StartError(f"the serving certificate cannot be used: {source.status().error}")
    return source


def _policies(settings: Settings, parts: Parts, metrics: Metrics) -> FilePolicySource:
    """Load the policy; one that does not load may be mended while we wait, not ready."""
    if not settings.policy.exists():
        raise StartError(f"--policy: there is no file or folder {settings.policy}; name another")
    source = FilePolicySource(
        settings.policy,
        load=parts.load,
        fingerprint=parts.fingerprint,
        metrics=metrics,
        clock=time.time,
    )
    source.followed.poll(settle=False)
    return source


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
