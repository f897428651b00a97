"""The serving certificate: how it is issued, and when it is due."""

from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from webhook.pki.authority import CLOCK_SKEW, Authority, key_usage, signing_hash
from webhook.pki.names import Names

# A month: its key lies on every node that runs a replica, so what leaks is soon worthless.
LEAF_LIFETIME: Final = timedelta(days=30)
# Due when a third of its life is left, as cert-manager and the kubelet have it: with the default
# lifetime ten days in which a failed renewal can be noticed and repeated.
RENEW_WITHIN: Final = 3
LEAF_NAME: Final = "noxus-secrets webhook"


def issue_leaf(
    authority: Authority,
    *,
    names: Names,
    key: ec.EllipticCurvePrivateKey,
    serial: int,
    at: datetime,
    lifetime: timedelta = LEAF_LIFETIME,
) -> x509.Certificate:
    """Sign a serving certificate, valid from a little before `at` for `lifetime`.

    It never outlives its CA: clients refuse a chain as soon as one link has expired.
    """
    begin = max(at.replace(microsecond=0) - CLOCK_SKEW, authority.certificate.not_valid_before_utc)
    end = min(begin + lifetime, authority.certificate.not_valid_after_utc)
    public = key.public_key()
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, LEAF_NAME)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority.certificate.subject)
        .public_key(public)
        .serial_number(serial)
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(names.extension(), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(_issuer_identifier(authority), critical=False)
    )
    return builder.sign(authority.key, signing_hash(authority.key))


def needs_renewal(certificate: x509.Certificate, at: datetime) -> bool:
    """Tell whether at most a third of the certificate's life is left, or it has not begun."""
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return at < begin or (end - at) * RENEW_WITHIN <= end - begin


def is_issued_by(certificate: x509.Certificate, authority: Authority) -> bool:
    """Tell whether this very CA key signed the certificate."""
    return is_signed_by(certificate, authority.certificate)


def is_signed_by(certificate: x509.Certificate, ca: x509.Certificate) -> bool:
    """Tell the same where the CA's own key is not at hand."""
    try:
        certificate.verify_directly_issued_by(ca)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _issuer_identifier(authority: Authority) -> x509.AuthorityKeyIdentifier:
    """Name the CA by its key: a bundle may hold an old and a new CA of one name."""
    try:
        own = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own.value)
