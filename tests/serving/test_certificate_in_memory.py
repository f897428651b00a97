"""A certificate that comes as bytes is served from memory, and only a good one."""

import asyncio
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from tests.serving.kit import HOST, Certificates, issue, new_key
from webhook.pki.authority import certificate_pem, key_pem
from webhook.serving.tls import PemTlsSource, _in_memory
from webhook.telemetry.metrics import Metrics

NOW = datetime.now(UTC)


def source(*, client_ca: Path | None = None, at: datetime = NOW) -> PemTlsSource:
    metrics = Metrics(CollectorRegistry(), version="1")
    return PemTlsSource(client_ca=client_ca, metrics=metrics, clock=at.timestamp)


def pair(pki: Certificates, *, at: datetime = NOW, days: int = 30) -> tuple[bytes, bytes]:
    leaf, key = issue(pki.authority, at=at, days=days)
    return certificate_pem(leaf), key_pem(key)


def shakes_hands(server: ssl.SSLContext, client: ssl.SSLContext) -> bytes:
    """Do a handshake in memory; returns the certificate that the client was shown."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    ours = client.wrap_bio(to_client, to_server, server_hostname=HOST)
    for _ in range(4):
        for side in (ours, theirs):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return bytes(ours.getpeercert(binary_form=True) or b"")


def test_before_anything_is_offered_there_is_nothing_and_nothing_is_wrong() -> None:
    waiting = source()
    waiting.followed.poll()
    waiting.followed.poll()
    assert waiting.current() is None
    assert waiting.status().error == ""
    with pytest.raises(ssl.SSLError, match="no certificate is loaded"):
        waiting.context()


def test_what_is_offered_is_served_at_once(pki: Certificates) -> None:
    serving = source()
    first, second = pair(pki), pair(pki)
    serving.offer(*first)
    before = serving.context()
    assert shakes_hands(before, pki.client()) == ssl.PEM_cert_to_DER_cert(first[0].decode())
    serving.offer(*second)
    assert shakes_hands(serving.context(), pki.client()) == ssl.PEM_cert_to_DER_cert(
        second[0].decode()
    )
    assert serving.context() is not before
    assert serving.status().generation == 2


def test_the_same_again_changes_nothing(pki: Certificates) -> None:
    serving, offered = source(), pair(pki)
    serving.offer(*offered)
    before = serving.context()
    serving.offer(*offered)
    assert serving.context() is before


@pytest.mark.parametrize("spoil", ["rubbish", "another key", "no key", "expired", "chain"])
def test_what_is_of_no_use_never_replaces_what_is(
    pki: Certificates, spoil: str, caplog: pytest.LogCaptureFixture
) -> None:
    serving, (certificate, key) = source(), pair(pki)
    serving.offer(certificate, key)
    before = serving.context()
    half = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    expired = pair(pki, at=NOW - timedelta(days=31))
    end = f"{NOW - timedelta(days=1, minutes=5):%Y-%m-%d %H:%M} UTC"
    offered, why = {
        "rubbish": ((b"rubbish", key), "tls.crt: the certificate cannot be read as PEM"),
        "another key": (
            (certificate, key_pem(new_key())),
            "tls.key: the key does not belong to tls.crt",
        ),
        "no key": ((certificate, b""), "tls.key: the key cannot be read as PEM"),
        "expired": (expired, f"tls.crt: the certificate expired on {end}"),
        "chain": ((certificate + half, key), "tls.crt: TLS cannot use it: "),
    }[spoil]
    serving.offer(*offered)
    assert serving.context() is before
    assert serving.status().error.startswith(why)
    told = [record for record in caplog.records if record.levelname == "ERROR"]
    assert [record.message for record in told] == [
        "the serving certificate cannot be used; the last good one stays in force"
    ]
    serving.offer(certificate, key)
    assert serving.status().error == ""


def test_one_that_begins_in_a_minute_is_taken_then(pki: Certificates) -> None:
    now = NOW.timestamp()

    def clock() -> float:
        return now

    metrics = Metrics(CollectorRegistry(), version="1")
    serving = PemTlsSource(client_ca=None, metrics=metrics, clock=clock)
    serving.offer(*pair(pki))
    later = pair(pki, at=NOW + timedelta(minutes=6))
    serving.offer(*later)
    assert serving.status().generation == 1
    now += 120
    serving.followed.poll()
    assert serving.status().generation == 2


def test_only_clients_of_the_client_ca_are_served(pki: Certificates) -> None:
    serving = source(client_ca=pki.ca)
    serving.offer(*pair(pki))
    assert serving.context().verify_mode is ssl.CERT_REQUIRED
    shakes_hands(serving.context(), pki.client(known=True))
    with pytest.raises(ssl.SSLError, match="PEER_DID_NOT_RETURN_A_CERTIFICATE"):
        shakes_hands(serving.context(), pki.client())


def test_a_client_ca_that_is_gone_keeps_what_is_served(pki: Certificates, tmp_path: Path) -> None:
    ca = tmp_path / "ca.crt"
    ca.write_bytes(pki.ca.read_bytes())
    serving = source(client_ca=ca)
    serving.offer(*pair(pki))
    ca.unlink()
    serving.offer(*pair(pki))
    assert serving.status().generation == 1
    assert serving.status().error == f"{ca}: No such file or directory"


def test_the_key_is_in_memory_only_and_gone_afterwards() -> None:
    """So nothing needs to be writable, and no disk can be full when a certificate comes."""
    with _in_memory(b"a key") as path:
        assert str(Path(path).readlink()).startswith("/memfd:")
        assert Path(path).read_bytes() == b"a key"
    assert not Path(path).exists()


def test_no_file_stays_open(pki: Certificates) -> None:
    def count() -> int:
        return sum(1 for _ in Path("/proc/self/fd").iterdir())

    before, serving = count(), source()
    for _ in range(20):
        serving.offer(*pair(pki))
    assert serving.status().generation == 20
    assert count() == before


def test_offers_from_many_threads_end_with_a_pair_that_fits(pki: Certificates) -> None:
    serving, pairs = source(), [pair(pki) for _ in range(8)]
    threads = [threading.Thread(target=serving.offer, args=each) for each in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    serving.followed.poll()
    serving.followed.poll()
    shown = shakes_hands(serving.context(), pki.client())
    assert shown in [ssl.PEM_cert_to_DER_cert(certificate.decode()) for certificate, _ in pairs]


async def test_it_takes_two_milliseconds_or_so(pki: Certificates) -> None:
    """It is done in the event loop, between two requests, once in three weeks."""
    serving, pairs = source(), [pair(pki) for _ in range(20)]
    clock = asyncio.get_running_loop().time
    times = []
    for each in pairs:
        begin = clock()
        serving.offer(*each)
        times.append(clock() - begin)
    assert sorted(times)[10] < 0.02
