"""What keeps the leader from looking after certificates is told once, and ends nothing."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from tests.cluster.certificates_kit import Board
from tests.cluster.kit import FakeApi, until
from webhook.cluster.api import ApiError
from webhook.cluster.backoff import Backoff
from webhook.cluster.certificates import Certificates
from webhook.cluster.replicas import Replicas
from webhook.cluster.tls_secret import TlsSecret
from webhook.pki.ensure import Source
from webhook.pki.names import service_names

Json = dict[str, Any]
SECRETS = "/api/v1/namespaces/ours/secrets"
SECRET = f"{SECRETS}/pair"
FORBIDDEN = ApiError(403, "Forbidden", "secrets is forbidden: hook cannot create secrets")


class MemoryApi(FakeApi):
    """An API server in memory that takes every kind of patch for a merge."""

    async def patch(self, path: str, body: Json, content_type: str = "") -> Json:
        del content_type
        return await super().patch(path, body)


class Leader:
    """A leader in an API server of memory."""

    def __init__(self, api: MemoryApi) -> None:
        self.api, self.board = api, Board()
        self.offers: list[tuple[bytes, bytes]] = []
        self.faults = 0  # how many more keys cannot be made
        self.secret = TlsSecret(
            api,
            namespace="ours",
            name="pair",
            offer=lambda certificate, key: self.offers.append((certificate, key)),
            backoff=Backoff(random=lambda: 0.0, longest=0.01),
            clock=time.time,
            failed=lambda: self.board.api_failed("certificates"),
        )
        self.certificates = Certificates(
            api,
            secret=self.secret,
            configuration="hook",
            names=service_names("hook", "ours"),
            replicas=Replicas(api, namespace="ours", clock=time.monotonic),
            metrics=self.board,
            now=lambda: datetime.now(UTC),
            clock=time.monotonic,
            fresh=Source(self._key, x509.random_serial_number),
            random=lambda: 0.0,
        )

    def _key(self) -> ec.EllipticCurvePrivateKey:
        if self.faults:
            self.faults -= 1
            raise ZeroDivisionError("a secret of some kind")
        return ec.generate_private_key(ec.SECP256R1())

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        runs = (self.secret.run(), self.certificates.lead())
        tasks = [asyncio.create_task(each) for each in runs]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelname == "ERROR"]


async def test_a_right_that_is_missing_is_told_once_and_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    api = MemoryApi(fail={("POST", SECRETS): FORBIDDEN})
    leader = Leader(api)
    async with leader.running():
        await until(lambda: leader.board.failures > 2)
        assert leader.offers == []  # what is not in the Secret is served by nobody
        api.fail.clear()
        await until(lambda: SECRET in api.objects)
        await until(lambda: leader.offers)
    assert told(caplog) == [
        "our certificates cannot be looked after; what is served goes on being served"
    ]
    fields = next(it.__dict__["fields"] for it in caplog.records if it.levelname == "ERROR")
    assert fields == {"reason": f"403 Forbidden: {FORBIDDEN.message}"}


async def test_who_wrote_first_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    api = MemoryApi(fail={("POST", SECRETS): ApiError(409, "AlreadyExists", "it exists")})
    leader = Leader(api)
    async with leader.running():
        await until(lambda: api.calls.count(("POST", SECRETS)) > 1)
        api.fail.clear()
        await until(lambda: SECRET in api.objects)
    assert leader.board.failures == 0
    assert told(caplog) == []


async def test_a_fault_of_our_own_is_told_without_values_and_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    leader = Leader(MemoryApi())
    leader.faults = 2
    async with leader.running():
        await until(lambda: SECRET in leader.api.objects)
    assert told(caplog) == ["our certificates could not be looked after"] * 2
    assert "a secret of some kind" not in repr([record.__dict__ for record in caplog.records])


async def test_a_lost_lead_in_the_middle_of_a_look_leaves_what_is_there() -> None:
    api = MemoryApi()
    leader = Leader(api)
    async with leader.running():
        await until(lambda: SECRET in api.objects)
    before = api.objects[SECRET]["data"]
    another = Leader(api)
    async with another.running():
        await until(lambda: another.board.step == 0)
    assert api.objects[SECRET]["data"] == before
    assert [offer[0] for offer in another.offers] == [leader.offers[0][0]] * len(another.offers)
