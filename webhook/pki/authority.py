"""The certificate authority that signs the webhook's serving certificate."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from webhook.pki.errors import PkiError

SigningKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

# A year: long enough that nobody replaces a caBundle in a hurry, short enough that somebody knows
# how. The serving certificate, which is what lies on the servers, lives a month.
CA_LIFETIME: Final = timedelta(days=365)
# The clocks of a cluster's nodes differ; a certificate that begins a little in the past is good
# everywhere at once. Kubernetes' own controller backdates by the same five minutes.
CLOCK_SKEW: Final = timedelta(minutes=5)
CA_NAME: Final = "noxus-secrets CA"


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA certificate and its private key, known to belong together."""

    certificate: x509.Certificate
    key: SigningKey


def create_authority(
    *, key: SigningKey, serial: int, at: datetime, lifetime: timedelta = CA_LIFETIME
) -> Authority:
    """Make a self-signed CA, valid from a little before `at` for `lifetime`."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, CA_NAME)])
    begin = at.replace(microsecond=0) - CLOCK_SKEW
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(begin)
        .not_valid_after(begin + lifetime)
        # No CA below this one: a stolen leaf key can then sign for nobody.
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Authority(builder.sign(key, signing_hash(key)), key)


def open_authority(certificate_pem: bytes, key_pem: bytes, *, at: datetime) -> Authority:
    """Read a CA and check that it can sign at `at`; raises PkiError otherwise."""
    certificate = read_certificate(certificate_pem)
    key = read_key(key_pem)
    if not is_pair(certificate, key):
        raise PkiError("the key does not belong to the certificate")
    if not is_ca(certificate):
        raise PkiError("the certificate is not a CA's (basicConstraints CA:TRUE is missing)")
    why = why_not_in_force(certificate, at)
    if why:
        raise PkiError(why)
    return Authority(certificate, key)


def why_not_in_force(certificate: x509.Certificate, at: datetime) -> str:
    """Say why a certificate is not good at a moment; empty: it is."""
    if at >= certificate.not_valid_after_utc:
        return f"the certificate expired on {certificate.not_valid_after_utc:%Y-%m-%d}"
    if at < certificate.not_valid_before_utc:
        return f"the certificate begins on {certificate.not_valid_before_utc:%Y-%m-%d}"
    return ""


def read_certificate(pem: bytes) -> x509.Certificate:
    """Read the first certificate of a PEM file; raises PkiError."""
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise PkiError("the certificate cannot be read as PEM") from None


def read_key(pem: bytes) -> SigningKey:
    """Read an unencrypted private key (ECDSA, RSA or Ed25519); raises PkiError."""
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError:
        raise PkiError("the key is encrypted; store it without a pass phrase") from None
    except ValueError:
        raise PkiError("the key cannot be read as PEM") from None
    if not isinstance(key, SigningKey):
        raise PkiError("the key is neither ECDSA nor RSA nor Ed25519")
    return key


def is_pair(certificate: x509.Certificate, key: SigningKey) -> bool:
    """Tell whether a private key is the one that the certificate speaks of."""
    der = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return certificate.public_key().public_bytes(*der) == key.public_key().public_bytes(*der)


def certificate_pem(certificate: x509.Certificate) -> bytes:
    """Write a certificate as PEM."""
    return certificate.public_bytes(Encoding.PEM)


def key_pem(key: SigningKey) -> bytes:
    """Write a private key as unencrypted PKCS #8 PEM."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def signing_hash(key: SigningKey) -> hashes.SHA256 | None:
    """Give the hash to sign with; Ed25519 brings its own."""
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


def key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    """Allow a CA to sign certificates and a leaf to sign handshakes, and nothing else."""
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def is_ca(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate may sign others."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
