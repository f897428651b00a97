"""The serving certificate follows its files, and only good ones."""

import asyncio
import shutil
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from prometheus_client import CollectorRegistry

from tests.serving.kit import Certificates, Rig, issue, new_key, post, rig, write_pair
from webhook.pki.authority import key_pem
from webhook.serving.errors import StartError
from webhook.serving.limits import Limits
from webhook.serving.reload import LoadError
from webhook.serving.tls import TlsFiles, TlsSource, read_serving
from webhook.telemetry.metrics import Metrics


@pytest.fixture
def own(pki: Certificates, tmp_path: Path) -> Certificates:
    """Certificates that a test may spoil."""
    cert, key = tmp_path / "own.crt", tmp_path / "own.key"
    shutil.copy(pki.cert, cert)
    shutil.copy(pki.key, key)
    return replace(pki, folder=tmp_path, cert=cert, key=key)


@pytest.fixture
async def served(own: Certificates, tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(own, tmp_path, limits=Limits()) as running:
        yield running


async def shown(served: Rig) -> bytes:
    """Give the certificate that a new connection is shown."""
    client = await served.connect()
    der = client.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    client.close()
    return bytes(der)


def der(own: Certificates) -> bytes:
    return ssl.PEM_cert_to_DER_cert(own.cert.read_text())


async def becomes(served: Rig, own: Certificates) -> None:
    """Wait until new connections are shown what the files hold."""

    async def is_it() -> bool:
        return await shown(served) == der(own)

    await served.until(is_it)


async def certificate_line(served: Rig) -> str:
    text = (await served.health("/readyz?verbose")).body.decode()
    return next(line for line in text.splitlines() if "]certificate" in line)


async def test_new_files_serve_new_connections_and_leave_the_old_ones_alone(
    served: Rig, own: Certificates
) -> None:
    client = await served.connect()
    assert (await client.ask(post())).status == 200
    before = await shown(served)
    write_pair(issue(own.authority, days=20), own.cert, own.key)
    await becomes(served, own)
    assert await shown(served) != before
    assert (await client.ask(post())).status == 200
    end = served.metric("certificate_not_after_timestamp_seconds")
    assert end == pytest.approx((datetime.now(UTC) + timedelta(days=20)).timestamp(), abs=600)


async def test_a_renewal_by_renames_one_file_at_a_time_is_never_a_moment_without_service(
    served: Rig, own: Certificates
) -> None:
    for _ in range(3):
        fresh = issue(own.authority)
        new_cert, new_key_file = own.folder / "new.crt", own.folder / "new.key"
        write_pair(fresh, new_cert, new_key_file)
        new_key_file.replace(own.key)
        for _ in range(5):
            assert (await served.good()).status == 200
            await asyncio.sleep(0.02)
        new_cert.replace(own.cert)
        await becomes(served, own)


async def test_a_mounted_secret_that_swaps_its_link_is_followed(
    pki: Certificates, tmp_path: Path
) -> None:
    def version(name: str) -> None:
        (tmp_path / name).mkdir()
        write_pair(issue(pki.authority), tmp_path / name / "tls.crt", tmp_path / name / "tls.key")
        (tmp_path / "..data_tmp").symlink_to(name)
        (tmp_path / "..data_tmp").replace(tmp_path / "..data")

    version("..1")
    (tmp_path / "tls.crt").symlink_to("..data/tls.crt")
    (tmp_path / "tls.key").symlink_to("..data/tls.key")
    own = replace(pki, cert=tmp_path / "tls.crt", key=tmp_path / "tls.key")
    async with rig(own, tmp_path, limits=Limits()) as served:
        version("..2")
        await becomes(served, own)


@pytest.mark.parametrize("spoil", ["half", "another key", "gone", "expired", "not yet"])
async def test_what_is_not_good_never_replaces_what_is(
    served: Rig, own: Certificates, spoil: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = await shown(served)
    now = datetime.now(UTC)
    match spoil:
        case "half":
            own.cert.write_bytes(own.cert.read_bytes()[:200])
            why = f"{own.cert}: the certificate cannot be read as PEM"
        case "another key":
            own.key.write_bytes(key_pem(new_key()))
            why = f"{own.key}: the key does not belong to {own.cert}"
        case "gone":
            own.key.unlink()
            why = f"{own.key}: No such file or directory"
        case "expired":
            begin = now - timedelta(days=40)
            write_pair(issue(own.authority, at=begin), own.cert, own.key)
            end = begin + timedelta(days=30, minutes=-5)
            why = f"{own.cert}: the certificate expired on {end:%Y-%m-%d %H:%M} UTC"
        case _:
            begin = now + timedelta(days=3)
            write_pair(issue(own.authority, at=begin), own.cert, own.key)
            begin -= timedelta(minutes=5)
            why = f"{own.cert}: the certificate begins on {begin:%Y-%m-%d %H:%M} UTC"
    await served.until(lambda: served.metric("certificate_load_errors_total") > 0)
    await asyncio.sleep(0.1)  # some more looks at the same files
    assert await shown(served) == before
    assert served.metric("certificate_load_errors_total") == 1
    line = await certificate_line(served)
    assert line.startswith("[+]certificate ok: until ")
    assert line.endswith(f"what is newer cannot be used for 0 s: {why}")
    told = [r for r in caplog.records if r.levelname == "ERROR"]
    assert [r.message for r in told] == [
        "the serving certificate cannot be used; the last good one stays in force"
    ]
    assert told[0].__dict__["fields"] == {"reason": why}


async def test_a_mistake_that_is_undone_is_forgotten(served: Rig, own: Certificates) -> None:
    good = own.cert.read_bytes()
    own.cert.write_bytes(b"")
    await served.until(lambda: served.metric("certificate_load_errors_total") == 1)
    own.cert.write_bytes(good)

    async def forgotten() -> bool:
        return "cannot be used" not in await certificate_line(served)

    await served.until(forgotten)


async def test_an_expired_certificate_serves_and_is_not_ready(
    own: Certificates, tmp_path: Path
) -> None:
    begin = datetime.now(UTC) - timedelta(days=31)
    write_pair(issue(own.authority, at=begin), own.cert, own.key)
    async with rig(own, tmp_path, limits=Limits()) as served:
        end = begin + timedelta(days=30, minutes=-5)
        assert await certificate_line(served) == (
            f"[-]certificate failed: the certificate expired on {end:%Y-%m-%d %H:%M} UTC"
        )


async def test_only_clients_of_the_client_ca_are_served(own: Certificates, tmp_path: Path) -> None:
    async with rig(own, tmp_path, limits=Limits(), client_ca=own.ca) as served:
        known = await served.connect(context=own.client(known=True))
        assert (await known.ask(post())).status == 200
        stranger = own.client()
        stranger.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await served.connect(context=stranger)
        stranger = await served.connect()  # TLS 1.3 tells a client only when it asks
        assert await stranger.closed() == b""
        await served.until(lambda: "[+]handshake ok" in _now(served))


def _now(served: Rig) -> str:
    return "\n".join(map(str, served.service.readiness.verdicts()))


async def test_a_stranger_is_told_to_the_operator_and_our_own_probe_is_not(
    own: Certificates, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with rig(own, tmp_path, limits=Limits(), client_ca=own.ca) as served:
        await served.until(lambda: "[+]handshake ok" in _now(served))
        await served.until(lambda: len(served.service.table) == 0)
        assert [r.message for r in caplog.records if r.levelname == "WARNING"] == []
        await (await served.connect()).closed()
        assert [r.message for r in caplog.records if r.levelname == "WARNING"] == [
            "a client brought no certificate that the CA of --client-ca signed"
        ]


async def test_a_client_that_does_not_trust_us_is_told_to_the_operator(
    served: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    address = served.service.hooks_address
    process = await asyncio.create_subprocess_exec(
        "openssl",
        "s_client",
        "-verify_return_error",
        "-connect",
        str(address),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    await process.wait()
    message = (
        "a client does not trust our certificate: put the CA that signed it into the caBundle of "
        "the webhook configurations"
    )
    await served.until(lambda: message in [r.message for r in caplog.records])


def test_the_context_speaks_http_1_1_over_tls_1_2_and_up(pki: Certificates) -> None:
    context = read_serving(TlsFiles(pki.cert, pki.key)).context
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.verify_mode is ssl.CERT_NONE
    assert context.options & ssl.OP_NO_RENEGOTIATION


def test_an_encrypted_key_is_refused_and_asks_nobody_for_a_pass_phrase(
    pki: Certificates, tmp_path: Path
) -> None:
    key = tmp_path / "tls.key"
    key.write_bytes(
        new_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    )
    with pytest.raises(LoadError) as caught:
        read_serving(TlsFiles(pki.cert, key))
    assert str(caught.value) == f"{key}: the key is encrypted; store it without a pass phrase"


def test_a_client_ca_that_is_none_is_refused(pki: Certificates, tmp_path: Path) -> None:
    ca = tmp_path / "ca.crt"
    ca.write_text("rubbish")
    with pytest.raises(LoadError) as caught:
        read_serving(TlsFiles(pki.cert, pki.key, ca))
    assert str(caught.value) == f"{ca}: the file holds no CA certificate"


def test_a_chain_that_tls_cannot_use_is_refused(pki: Certificates, tmp_path: Path) -> None:
    chain = tmp_path / "tls.crt"
    half = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    chain.write_text(pki.cert.read_text() + half)
    with pytest.raises(LoadError) as caught:
        read_serving(TlsFiles(chain, pki.key))
    assert str(caught.value).startswith(f"{chain}: TLS cannot use it: ")


def test_before_anything_is_loaded_there_is_no_context(pki: Certificates) -> None:
    metrics = Metrics(CollectorRegistry(), version="1")
    source = TlsSource(TlsFiles(pki.cert, pki.key), metrics=metrics, clock=lambda: 0.0)
    with pytest.raises(ssl.SSLError, match="no certificate is loaded"):
        source.context()


@pytest.mark.parametrize("flag", ["tls_cert", "tls_key", "client_ca"])
async def test_a_missing_file_keeps_the_server_from_starting(
    own: Certificates, tmp_path: Path, flag: str
) -> None:
    missing = tmp_path / "none.pem"
    hint = "" if flag == "client_ca" else "run `noxus-secrets certs` to make one, or "
    with pytest.raises(StartError) as caught:
        async with rig(own, tmp_path, limits=Limits(), **{flag: missing}):
            pass
    assert str(caught.value) == (
        f"--{flag.replace('_', '-')}: there is no file {missing}; {hint}name another"
    )


async def test_a_bad_pair_keeps_the_server_from_starting(own: Certificates, tmp_path: Path) -> None:
    own.key.write_bytes(key_pem(new_key()))
    with pytest.raises(StartError) as caught:
        async with rig(own, tmp_path, limits=Limits()):
            pass
    assert str(caught.value) == (
        f"the serving certificate cannot be used: {own.key}: the key does not belong to {own.cert}"
    )
