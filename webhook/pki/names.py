"""The names that a serving certificate is good for."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from cryptography import x509

from webhook.core.names import dns_label, object_name
from webhook.pki.errors import PkiError

_SERVICE: Final = re.compile(r"[a-z].*")  # a Service is an RFC 1035 label: no digit first


@dataclass(frozen=True, slots=True)
class Names:
    """Subject alternative names, sorted, each once."""

    dns: tuple[str, ...]
    ips: tuple[IPv4Address | IPv6Address, ...] = ()

    def extension(self) -> x509.SubjectAlternativeName:
        """Give the X.509 extension that carries them."""
        dns = [x509.DNSName(name) for name in self.dns]
        return x509.SubjectAlternativeName([*dns, *(x509.IPAddress(ip) for ip in self.ips)])

    def __str__(self) -> str:
        return ", ".join([*self.dns, *map(str, self.ips)])


def service_names(
    service: str, namespace: str, *, dns: Iterable[str] = (), ips: Iterable[str] = ()
) -> Names:
    """Name a Service as the API server calls it (`<service>.<namespace>.svc`), and whatever else.

    Raises PkiError for what Kubernetes or DNS would refuse.
    """
    host = f"{_service(service)}.{_checked(dns_label, namespace, '--namespace')}.svc"
    extra = [_checked(object_name, name, "--dns") for name in dns]
    return Names(
        dns=tuple(sorted({host, f"{host}.cluster.local", *extra})),
        ips=_in_order({_address(ip) for ip in ips}),
    )


def names_of(certificate: x509.Certificate) -> Names:
    """Read the names of a certificate; one without the extension has none."""
    try:
        san = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return Names(())
    addresses = san.get_values_for_type(x509.IPAddress)  # networks stand in name constraints only
    return Names(
        dns=tuple(sorted(san.get_values_for_type(x509.DNSName))),
        ips=_in_order(ip for ip in addresses if isinstance(ip, IPv4Address | IPv6Address)),
    )


def _service(value: str) -> str:
    _checked(dns_label, value, "--service")
    if not _SERVICE.fullmatch(value):
        raise PkiError(f"--service: {value!r} begins with a digit; a Service begins with a letter")
    return value


def _in_order(ips: Iterable[IPv4Address | IPv6Address]) -> tuple[IPv4Address | IPv6Address, ...]:
    return tuple(sorted(ips, key=lambda ip: (ip.version, int(ip))))


def _checked(check: Callable[[str], str], value: str, flag: str) -> str:
    try:
        return check(value)
    except ValueError as fault:
        raise PkiError(f"{flag}: {fault}") from None


def _address(value: str) -> IPv4Address | IPv6Address:
    try:
        return ip_address(value)
    except ValueError:
        raise PkiError(
            f"--ip: {value!r} is not an IP address: write one like 10.0.0.7 or fd00::7"
        ) from None
