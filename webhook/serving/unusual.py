"""The long look at a certificate and its key: why they cannot be used, or what they are after all.

Only for what `webhook.serving.leaf` or OpenSSL did not take at once: it loads `cryptography`.
"""

from cryptography.hazmat.primitives.serialization import Encoding

from webhook.pki.authority import is_pair, read_certificate, read_key
from webhook.pki.errors import PkiError
from webhook.serving.leaf import Leaf
from webhook.serving.reload import LoadError


def examined(certificate_pem: bytes, key_pem: bytes, certificate_at: str, key_at: str) -> Leaf:
    """Check a pair, which messages call by where it came from; raises LoadError."""
    try:
        certificate = read_certificate(certificate_pem)
    except PkiError as problem:
        raise LoadError(f"{certificate_at}: {problem}") from None
    try:
        key = read_key(key_pem)
    except PkiError as problem:
        raise LoadError(f"{key_at}: {problem}") from None
    if not is_pair(certificate, key):
        raise LoadError(f"{key_at}: the key does not belong to {certificate_at}")
    return Leaf(
        der=certificate.public_bytes(Encoding.DER),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )
