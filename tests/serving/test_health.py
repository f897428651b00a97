"""What the kubelet and Prometheus see."""

import asyncio
import socket
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from tests.serving.kit import Certificates, FakeLoader, Rig, rig
from webhook.serving.health import Readiness, Verdict
from webhook.serving.limits import Limits
from webhook.serving.policies import FilePolicySource
from webhook.serving.probe import PROBE_STALE, Probe
from webhook.serving.tls import Serving, TlsFiles, TlsSource
from webhook.settings import Address
from webhook.telemetry.metrics import Metrics


async def ready(served: Rig) -> None:
    async def is_it() -> bool:
        return (await served.health("/readyz")).status == 200

    await served.until(is_it)


async def test_alive_is_alive(generous: Rig) -> None:
    response = await generous.health("/healthz")
    assert (response.status, response.body) == (200, b"ok")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["server"] == "noxus-secrets"


async def test_ready_is_said_shortly(generous: Rig) -> None:
    await ready(generous)
    assert (await generous.health("/readyz")).body == b"ok"


async def test_ready_is_said_at_length_when_asked_for(generous: Rig) -> None:
    await ready(generous)
    policy, certificate, *rest = (
        (await generous.health("/readyz?verbose")).body.decode().splitlines()
    )
    assert policy.startswith("[+]policy ok: generation 1, loaded 2")
    assert certificate.startswith("[+]certificate ok: until 2")
    assert rest == ["[+]handshake ok", "[+]serving ok", "readyz check passed"]


async def test_not_ready_says_what_fails_also_unasked(pki: Certificates, tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text("bad")
    async with rig(pki, tmp_path, limits=Limits()) as served:
        response = await served.health("/readyz")
        assert response.status == 503
        first, *_, last = response.body.decode().splitlines()
        assert first.startswith("[-]policy failed: ")
        assert last == "readyz check failed"


def test_with_nothing_loaded_it_says_so_of_each(pki: Certificates, tmp_path: Path) -> None:
    metrics, loader = Metrics(CollectorRegistry(), version="1"), FakeLoader()
    tls = TlsSource(TlsFiles(pki.cert, pki.key), metrics=metrics, clock=Clock())
    policies = FilePolicySource(
        tmp_path,
        load=loader.load,
        fingerprint=loader.fingerprint,
        metrics=metrics,
        clock=Clock(),
    )
    probe = Probe(Address("127.0.0.1", 1), tls.current, ours=set(), clock=Clock())
    readiness = Readiness(policies, tls, probe, clock=Clock())
    readiness.draining = True
    assert list(map(str, readiness.verdicts())) == [
        "[-]policy failed: there is none",
        "[-]certificate failed: there is none",
        "[-]handshake failed: there was none yet",
        "[-]serving failed: draining",
    ]


async def test_metrics_are_what_prometheus_parses(generous: Rig) -> None:
    await generous.good()
    response = await generous.health("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    families = {f.name for f in text_string_to_metric_families(response.body.decode())}
    assert {
        f"noxus_secrets_{name}"
        for name in (
            "admission_reviews",
            "admission_duration_seconds",
            "requests_rejected",
            "internal_errors",
            "policy_generation",
            "policy_loaded_timestamp_seconds",
            "policy_load_errors",
            "certificate_not_after_timestamp_seconds",
            "certificate_load_errors",
            "connections_dropped",
            "build_info",
        )
    } <= families


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/", 404, b"there is nothing here; there are /healthz, /readyz, /metrics\n"),
        ("POST", "/healthz", 405, b"use GET\n"),
    ],
)
async def test_anything_else_is_refused(
    generous: Rig, method: str, path: str, status: int, body: bytes
) -> None:
    response = await generous.health(path, method)
    assert (response.status, response.body) == (status, body)


async def test_a_wrong_method_is_told_the_right_ones(generous: Rig) -> None:
    assert (await generous.health("/metrics", "PUT")).headers["allow"] == "GET, HEAD"


def test_a_verdict_reads_as_the_api_servers_own() -> None:
    assert str(Verdict("ping", ok=True)) == "[+]ping ok"
    assert str(Verdict("ping", ok=False, detail="no answer")) == "[-]ping failed: no answer"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_handshake_that_succeeded_is_good_for_a_while(generous: Rig) -> None:
    clock, ours = Clock(), set[str]()
    serving = generous.service.tls.current
    probe = Probe(generous.service.hooks_address, serving, ours=ours, clock=clock)
    assert probe.failure() == "there was none yet"
    await probe.once()
    assert probe.failure() == ""
    assert ours == set(), "our own address is known during the handshake only"
    clock.now = PROBE_STALE + 1
    assert probe.failure() == "the last one was 31 s ago"


async def test_a_handshake_that_shows_another_certificate_fails(generous: Rig) -> None:
    probe = Probe(generous.service.hooks_address, lambda: None, ours=set(), clock=Clock())
    await probe.once()
    assert probe.failure() == ("the port showed another certificate than the one that is loaded")


async def test_a_certificate_that_comes_later_is_tried_at_once(generous: Rig) -> None:
    serving: list[Serving | None] = [None]
    probe = Probe(
        generous.service.hooks_address, lambda: serving[0], ours=set(), clock=Clock(), again=3600
    )
    running = asyncio.create_task(probe.run())
    await generous.until(lambda: "another certificate" in probe.failure())
    serving[0] = generous.service.tls.current()
    await generous.until(lambda: not probe.failure())
    running.cancel()


async def test_a_handshake_with_nobody_fails() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    probe = Probe(Address("0.0.0.0", port), lambda: None, ours=set(), clock=Clock())  # noqa: S104
    await probe.once()
    assert probe.failure() == "it failed: ConnectionRefusedError"


async def test_a_handshake_that_hangs_fails() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        probe = Probe(
            Address(*server.getsockname()[:2]),
            lambda: None,
            ours=set(),
            clock=Clock(),
            patience=0.05,
        )
        await probe.once()
    assert probe.failure() == "it took longer than 0.05 s"
