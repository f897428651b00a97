"""What is read of our own certificate is what `cryptography` reads of it."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from webhook.serving.leaf import Leaf, read_leaf

KEYS: Final[tuple[CertificateIssuerPrivateKeyTypes, ...]] = (
    ec.generate_private_key(ec.SECP256R1()),
    ed25519.Ed25519PrivateKey.generate(),
    rsa.generate_private_key(65537, 2048),
)
# `cryptography` writes none before 1950, and datetime knows none after 9999.
TIMES = st.datetimes(datetime(1950, 1, 1), datetime(9999, 12, 30)).map(  # noqa: DTZ001
    lambda it: it.replace(microsecond=0, tzinfo=UTC)
)
NAMES = st.text(min_size=1, max_size=16)


def made(
    key: CertificateIssuerPrivateKeyTypes,
    begins: datetime,
    ends: datetime,
    name: str = "webhook",
    serial: int = 1,
    extension: bytes = b"",
) -> bytes:
    """Return a certificate as PEM."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), serial, begins, ends)
    if extension:
        unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), extension)
        builder = builder.add_extension(unknown, critical=False)
    without = isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    return builder.sign(key, None if without else hashes.SHA256()).public_bytes(Encoding.PEM)


@given(
    st.sampled_from(KEYS),
    st.tuples(TIMES, TIMES).map(sorted),
    NAMES,
    st.integers(1, 2**159 - 1),
    st.binary(max_size=70_000),
)
def test_it_is_read_as_cryptography_reads_it(
    key: CertificateIssuerPrivateKeyTypes,
    times: list[datetime],
    name: str,
    serial: int,
    extension: bytes,
) -> None:
    pem = made(key, *times, name=name, serial=serial, extension=extension)
    read = x509.load_pem_x509_certificate(pem)

    assert read_leaf(pem) == Leaf(
        read.public_bytes(Encoding.DER), read.not_valid_before_utc, read.not_valid_after_utc
    )


NOW = datetime(2026, 1, 1, tzinfo=UTC)
PEM = made(KEYS[0], NOW, NOW + timedelta(days=1))


@pytest.mark.parametrize("before", [b"", b"subject=CN\n", PEM.replace(b"CERT", b"X509 CERT")])
def test_the_first_of_a_file_is_the_one(before: bytes) -> None:
    other = made(KEYS[1], NOW, NOW + timedelta(days=2))

    found = read_leaf(PEM + other), read_leaf(PEM.replace(b"\n", b"\r\n") + other)

    assert found == (read_leaf(PEM), read_leaf(PEM))
    assert (read_leaf(before + PEM) is None) == (b"X509 CERT" in before)


@given(st.binary(max_size=300))
def test_what_is_no_certificate_is_none(content: bytes) -> None:
    assert read_leaf(content) is None


@given(st.integers(0, len(PEM) - 1), st.binary(max_size=2))
def test_a_broken_certificate_never_raises(at: int, instead: bytes) -> None:
    found = read_leaf(PEM[:at] + instead + PEM[at + 1 :])

    assert found is None or len(found.der) > 0


@pytest.mark.parametrize("key", [ed448.Ed448PrivateKey.generate(), dsa.generate_private_key(2048)])
def test_a_key_that_we_do_not_serve_with_is_left_to_the_long_look(
    key: CertificateIssuerPrivateKeyTypes,
) -> None:
    assert read_leaf(made(key, NOW, NOW + timedelta(days=1))) is None
