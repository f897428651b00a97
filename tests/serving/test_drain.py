"""How the server stops: nobody loses an answer."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.serving.kit import Certificates, Rig, post, rig
from webhook.serving.connections import State
from webhook.serving.errors import StartError
from webhook.serving.limits import Limits
from webhook.settings import Address


async def test_a_request_under_way_is_answered_and_its_connection_closed(served: Rig) -> None:
    client = await served.connect()
    request = post({"pad": "x"})
    await client.send(request[:-1])
    await served.until(lambda: served.service.table.count(State.BODY) == 1)
    draining = asyncio.create_task(served.service.drain(0, asyncio.Event()))
    await asyncio.sleep(0.05)
    response = await client.ask(request[-1:])
    assert response.status == 200
    assert response.headers["connection"] == "close"
    assert await client.closed() == b""
    await draining


async def test_idle_and_silent_connections_are_closed(served: Rig) -> None:
    idle, silent, tcp = (
        await served.connect(),
        await served.connect(),
        await served.connect_plain(),
    )
    assert (await idle.ask(post())).status == 200
    await served.service.drain(0, asyncio.Event())
    for client in (idle, silent, tcp):
        assert await client.closed() == b""


async def test_nothing_is_accepted_after_the_delay(served: Rig) -> None:
    await served.service.drain(0, asyncio.Event())
    with pytest.raises(ConnectionError):
        await served.connect()


async def test_during_the_delay_connections_are_accepted_and_asked_to_leave(served: Rig) -> None:
    old = await served.connect()
    assert (await old.ask(post())).headers.get("connection") is None
    draining = asyncio.create_task(served.service.drain(0.3, asyncio.Event()))
    await asyncio.sleep(0.05)
    for client in (old, await served.connect()):
        response = await client.ask(post())
        assert (response.status, response.headers["connection"]) == (200, "close")
        assert await client.closed() == b""
    lines = (await served.health("/readyz")).body.decode().splitlines()
    assert lines[-2:] == ["[-]serving failed: draining", "readyz check failed"]
    await draining


async def test_a_request_that_never_ends_is_given_up(served: Rig) -> None:
    client = await served.connect()
    await client.send(post(body=b"", Content_Length="5", path="/mutate/enabled"))
    await served.until(lambda: served.service.table.count(State.BODY) == 1)
    async with asyncio.timeout(3):
        await served.service.drain(0, asyncio.Event())
    assert len(served.service.table) == 0


async def test_hurry_ends_every_wait(pki: Certificates, tmp_path: Path) -> None:
    async with rig(pki, tmp_path, limits=Limits()) as served:
        client = await served.connect()
        await client.send(post(body=b"", Content_Length="5"))
        await served.until(lambda: served.service.table.count(State.BODY) == 1)
        hurry = asyncio.Event()
        draining = asyncio.create_task(served.service.drain(60, hurry))
        await asyncio.sleep(0.01)
        hurry.set()
        async with asyncio.timeout(3):
            await draining


async def test_a_port_in_use_keeps_the_server_from_starting(
    pki: Certificates, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = Address(*taken.getsockname()[:2])
        for field in ("listen", "health_listen"):
            flag = f"--{field.replace('_', '-')}"
            with pytest.raises(StartError) as caught:
                async with rig(pki, tmp_path, limits=Limits(), **{field: address}):
                    pass
            assert str(caught.value) == (
                f"cannot listen on {address}: another process listens there; choose another "
                f"address with {flag}"
            )


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("192.0.2.1", "the machine has no such address"),
        ("no.such.host.invalid", "the host name cannot be resolved"),
        ("::ffff:0:0:1", "the machine has no such address"),
    ],
)
async def test_an_address_that_is_not_ours_keeps_the_server_from_starting(
    pki: Certificates, tmp_path: Path, host: str, why: str
) -> None:
    address = Address(host, 0)
    with pytest.raises(StartError) as caught:
        async with rig(pki, tmp_path, limits=Limits(), listen=address):
            pass
    assert str(caught.value) == (
        f"cannot listen on {address}: {why}; choose another address with --listen"
    )


@pytest.mark.parametrize("host", ["", "::", "0.0.0.0", "::1"])  # noqa: S104
async def test_all_addresses_are_both_kinds(pki: Certificates, tmp_path: Path, host: str) -> None:
    async with rig(pki, tmp_path, limits=Limits(), listen=Address(host, 0)) as served:
        await served.until(
            lambda: "[+]handshake ok" in map(str, served.service.readiness.verdicts())
        )
        reached = []
        for target in ("127.0.0.1", "::1"):
            try:
                socket.create_connection((target, served.service.hooks_address.port)).close()
                reached.append(target)
            except OSError:
                continue
        expected = {"0.0.0.0": ["127.0.0.1"], "::1": ["::1"]}  # noqa: S104
        assert reached == expected.get(host, ["127.0.0.1", "::1"])


class Process:
    """`noxus-secrets serve` as a process."""

    def __init__(self, pki: Certificates, folder: Path, *extra: str) -> None:
        policy = folder / "policy.yaml"
        policy.write_text(
            "apiVersion: secrets.noxus.ai/v1alpha1\nkind: SecretInjectionPolicy\n"
            "metadata: {name: noxus}\nspec: {scopes: [{name: shared, roles: [frontend], "
            "envFrom: [{secretRef: {name: app-env}}]}]}\n"
        )
        program = (
            "import argparse, sys\n"
            "from webhook.commands import serve\n"
            "parser = argparse.ArgumentParser()\n"
            "serve.add_parser(parser.add_subparsers())\n"
            "args = parser.parse_args()\n"
            "sys.exit(args.run(args))\n"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, "serve", "--policy", policy, *extra],
            env={
                **os.environ,
                "NOXUS_SECRETS_TLS_CERT": str(pki.cert),
                "NOXUS_SECRETS_TLS_KEY": str(pki.key),
                "NOXUS_SECRETS_LISTEN": "127.0.0.1:0",
                "NOXUS_SECRETS_HEALTH_LISTEN": "127.0.0.1:0",
            },
            stderr=subprocess.PIPE,
        )

    def line(self, message: str) -> dict[str, str]:
        """Read the log up to a message."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            fields: dict[str, str] = json.loads(line)
            if fields["message"] == message:
                return fields
        raise AssertionError(f"there was no {message!r}")

    def ready(self) -> str:
        """Wait until the server is ready; gives the address of health."""
        address = self.line("serving")["health"]
        for _ in range(200):
            try:
                with urllib.request.urlopen(f"http://{address}/readyz", timeout=5):
                    return address
            except urllib.error.HTTPError:
                time.sleep(0.02)
        raise AssertionError("it was never ready")


@pytest.fixture
def processes() -> Iterator[list[Process]]:
    started: list[Process] = []
    yield started
    for each in started:
        each.process.kill()
        each.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_and_ends_with_0(
    pki: Certificates, tmp_path: Path, processes: list[Process], number: signal.Signals
) -> None:
    processes.append(started := Process(pki, tmp_path))
    started.ready()
    started.process.send_signal(number)
    started.line("draining")
    started.line("stopped")
    assert started.process.wait(10) == 0


def test_a_second_signal_ends_at_once_with_1(
    pki: Certificates, tmp_path: Path, processes: list[Process]
) -> None:
    processes.append(started := Process(pki, tmp_path, "--drain-delay", "1m"))
    started.ready()
    started.process.terminate()
    started.line("draining")
    started.process.terminate()
    assert started.process.wait(10) == 1


async def test_what_is_left_at_the_end_is_told(
    pki: Certificates, tmp_path: Path, quick: Limits, caplog: pytest.LogCaptureFixture
) -> None:
    limits = replace(quick, drain_time=0.05, body_time=20, request_time=20)
    async with rig(pki, tmp_path, limits=limits) as served:
        client = await served.connect()
        await client.send(post(body=b"", Content_Length="5"))
        await served.until(lambda: served.service.table.count(State.BODY) == 1)
        await served.service.drain(0, asyncio.Event())
    assert caplog.records[-1].message == "stopped"
    assert caplog.records[-1].__dict__["fields"] == {"abandoned": 1}
