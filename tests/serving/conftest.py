"""The server's tests run on the loop that production runs on."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest
import uvloop

from tests.serving.kit import Certificates, FakeLoader, Rig, certificates, rig
from webhook.serving.limits import Limits

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def pytest_asyncio_loop_factories() -> Mapping[str, LoopFactory]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("pki"))


@pytest.fixture(autouse=True)
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "webhook")


@pytest.fixture
def quick() -> Limits:
    """Times short enough to wait for, sizes small enough to fill."""
    return Limits(
        body=256 * 1024,
        small_body=16 * 1024,
        bodies=512 * 1024,
        head_time=0.3,
        body_time=0.5,
        request_time=1.0,
        idle_time=1.0,
        linger_time=0.3,
        goodbye_time=0.2,
        sweep_every=0.05,
        drain_time=0.5,
    )


@pytest.fixture
def loader() -> FakeLoader:
    return FakeLoader()


@pytest.fixture
async def served(
    pki: Certificates, quick: Limits, loader: FakeLoader, tmp_path: Path
) -> AsyncIterator[Rig]:
    """A server with short times on free ports of the loopback."""
    async with rig(pki, tmp_path, limits=quick, loader=loader) as running:
        yield running


@pytest.fixture
async def generous(pki: Certificates, loader: FakeLoader, tmp_path: Path) -> AsyncIterator[Rig]:
    """A server with the limits of production, for tests that wait for nothing."""
    async with rig(pki, tmp_path, limits=Limits(), loader=loader) as running:
        yield running
