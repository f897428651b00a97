"""What is in the certificates, and whether TLS clients take them."""

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from webhook.pki.authority import (
    Authority,
    SigningKey,
    certificate_pem,
    create_authority,
    key_pem,
    open_authority,
)
from webhook.pki.errors import PkiError
from webhook.pki.leaf import is_issued_by, issue_leaf, needs_renewal
from webhook.pki.names import Names, names_of, service_names

AT = datetime(2030, 1, 1, 12, tzinfo=UTC)
NAMES = service_names("hook", "noxus", ips=["127.0.0.1"])


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def authority(*, key: SigningKey | None = None, at: datetime = AT, days: int = 365) -> Authority:
    return create_authority(key=key or new_key(), serial=7, at=at, lifetime=timedelta(days=days))


def leaf(ca: Authority, *, names: Names = NAMES, days: int = 30) -> x509.Certificate:
    return issue_leaf(
        ca, names=names, key=new_key(), serial=8, at=AT, lifetime=timedelta(days=days)
    )


def test_a_ca_signs_certificates_and_nothing_below_it_may() -> None:
    ca = authority().certificate
    basic = ca.extensions.get_extension_for_class(x509.BasicConstraints)
    usage = ca.extensions.get_extension_for_class(x509.KeyUsage)
    assert basic.critical
    assert basic.value == x509.BasicConstraints(ca=True, path_length=0)
    assert usage.critical
    assert usage.value.key_cert_sign
    assert not usage.value.digital_signature
    assert ca.serial_number == 7


def test_a_ca_begins_five_minutes_early_and_lives_a_year_from_there() -> None:
    ca = create_authority(key=new_key(), serial=1, at=AT).certificate
    assert ca.not_valid_before_utc == AT - timedelta(minutes=5)
    assert ca.not_valid_after_utc == AT - timedelta(minutes=5) + timedelta(days=365)


def test_a_leaf_is_for_tls_servers_only_and_names_its_issuer_by_key() -> None:
    ca = authority()
    certificate = leaf(ca)
    extensions = certificate.extensions
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.SERVER_AUTH
    ]
    issuer = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    own = ca.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert issuer.key_identifier == own.digest
    assert certificate.serial_number == 8
    assert is_issued_by(certificate, ca)
    assert not is_issued_by(certificate, authority())


def test_a_leaf_carries_the_names_that_the_api_server_dials() -> None:
    assert names_of(leaf(authority())) == Names(
        ("hook.noxus.svc", "hook.noxus.svc.cluster.local"), (ip_address("127.0.0.1"),)
    )


def test_a_leaf_never_outlives_its_ca() -> None:
    ca = authority(days=10)
    assert leaf(ca, days=30).not_valid_after_utc == ca.certificate.not_valid_after_utc


def test_a_leaf_never_begins_before_its_ca() -> None:
    ca = authority(at=AT + timedelta(minutes=3))
    assert leaf(ca).not_valid_before_utc == ca.certificate.not_valid_before_utc


@pytest.mark.parametrize(
    ("at", "due"),
    [
        (AT - timedelta(minutes=6), True),  # not begun yet
        (AT, False),
        (AT + timedelta(days=19), False),
        (AT + timedelta(days=20) - timedelta(minutes=6), False),
        (AT + timedelta(days=20), True),
        (AT + timedelta(days=31), True),
    ],
)
def test_a_leaf_is_due_when_a_third_of_its_life_is_left(at: datetime, due: bool) -> None:
    assert needs_renewal(leaf(authority()), at) is due


@pytest.mark.parametrize(
    "key", [rsa.generate_private_key(65537, 2048), ed25519.Ed25519PrivateKey.generate()]
)
def test_a_ca_of_another_key_type_can_sign(key: SigningKey) -> None:
    ca = authority(key=key)
    opened = open_authority(certificate_pem(ca.certificate), key_pem(ca.key), at=AT)
    assert is_issued_by(leaf(opened), ca)


def test_a_ca_without_a_key_identifier_is_named_by_its_public_key() -> None:
    key = new_key()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "theirs")])
    theirs = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(AT - timedelta(days=1))
        .not_valid_after(AT + timedelta(days=90))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    issuer = leaf(Authority(theirs, key)).extensions.get_extension_for_class(
        x509.AuthorityKeyIdentifier
    )
    expected = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    assert issuer.value.key_identifier == expected.digest


def self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """Make a certificate of version 1's poverty: no extension at all."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bare")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(AT - timedelta(days=1))
        .not_valid_after(AT + timedelta(days=90))
        .sign(key, hashes.SHA256())
    )


def broken_pairs() -> list[tuple[bytes, bytes, datetime, str]]:
    ca = authority()
    pem, key = certificate_pem(ca.certificate), key_pem(ca.key)
    encrypted = ca.key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")
    )
    other_kind = x25519.X25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    leaf_key = new_key()
    no_ca = issue_leaf(ca, names=NAMES, key=leaf_key, serial=1, at=AT)
    year = timedelta(days=366)
    not_a_ca = "the certificate is not a CA's (basicConstraints CA:TRUE is missing)"
    return [
        (pem, key_pem(new_key()), AT, "the key does not belong to the certificate"),
        (b"rubbish", key, AT, "the certificate cannot be read as PEM"),
        (pem[:100], key, AT, "the certificate cannot be read as PEM"),
        (pem, b"rubbish", AT, "the key cannot be read as PEM"),
        (pem, encrypted, AT, "the key is encrypted; store it without a pass phrase"),
        (pem, other_kind, AT, "the key is neither ECDSA nor RSA nor Ed25519"),
        (pem, key, AT + year, "the certificate expired on 2031-01-01"),
        (pem, key, AT - year, "the certificate begins on 2030-01-01"),
        (certificate_pem(no_ca), key_pem(leaf_key), AT, not_a_ca),
        (certificate_pem(self_signed(leaf_key)), key_pem(leaf_key), AT, not_a_ca),
    ]


@pytest.mark.parametrize(
    ("pem", "key", "at", "message"),
    [pytest.param(*each, id=str(number)) for number, each in enumerate(broken_pairs())],
)
def test_a_ca_that_cannot_sign_is_refused_with_the_reason(
    pem: bytes, key: bytes, at: datetime, message: str
) -> None:
    with pytest.raises(PkiError) as caught:
        open_authority(pem, key, at=at)
    assert str(caught.value) == message


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_tls_client_that_trusts_the_ca_accepts_the_leaf(
    version: ssl.TLSVersion, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    ca = create_authority(key=new_key(), serial=1, at=now)
    key = new_key()
    names = service_names("hook", "noxus", dns=["localhost"])
    certificate = issue_leaf(ca, names=names, key=key, serial=2, at=now)
    (tmp_path / "crt").write_bytes(certificate_pem(certificate))
    (tmp_path / "key").write_bytes(key_pem(key))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "crt", tmp_path / "key")
    client = ssl.create_default_context(cadata=certificate_pem(ca.certificate).decode())
    client.maximum_version = version
    client.verify_flags |= ssl.VERIFY_X509_STRICT

    ours, theirs = socket.socketpair()

    def accept() -> None:
        with server.wrap_socket(ours, server_side=True) as wrapped:
            wrapped.recv(1)

    thread = threading.Thread(target=accept)
    thread.start()
    with client.wrap_socket(theirs, server_hostname="hook.noxus.svc") as wrapped:
        assert wrapped.version() == version.name.replace("v1_", "v1.")
        wrapped.send(b"x")
    thread.join()


def test_names_are_sorted_and_stand_once() -> None:
    names = service_names(
        "hook", "noxus", dns=["localhost", "a.example", "localhost"], ips=["fd00::7", "10.0.0.1"]
    )
    assert str(names) == (
        "a.example, hook.noxus.svc, hook.noxus.svc.cluster.local, localhost, 10.0.0.1, fd00::7"
    )


def test_a_certificate_without_names_has_none() -> None:
    assert names_of(authority().certificate) == Names(())


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        (
            {"service": "Hook", "namespace": "n"},
            (
                "--service: 'Hook' is not a DNS label: use up to 63 lower-case letters, digits and "
                "'-', beginning and ending with a letter or digit"
            ),
        ),
        (
            {"service": "1hook", "namespace": "n"},
            "--service: '1hook' begins with a digit; a Service begins with a letter",
        ),
        (
            {"service": "hook", "namespace": "a.b"},
            (
                "--namespace: 'a.b' is not a DNS label: use up to 63 lower-case letters, digits "
                "and '-', beginning and ending with a letter or digit"
            ),
        ),
        (
            {"service": "hook", "namespace": "n", "dns": ["a_b"]},
            (
                "--dns: 'a_b' is not an object name: use up to 253 lower-case letters, digits, '-' "
                "and '.', each part beginning and ending with a letter or digit"
            ),
        ),
        (
            {"service": "hook", "namespace": "n", "ips": ["10.0.0"]},
            "--ip: '10.0.0' is not an IP address: write one like 10.0.0.7 or fd00::7",
        ),
    ],
)
def test_a_name_that_dns_would_refuse_is_refused_with_the_flag(
    kwargs: dict[str, str], message: str
) -> None:
    with pytest.raises(PkiError) as caught:
        service_names(**kwargs)  # type: ignore[arg-type]
    assert str(caught.value) == message
