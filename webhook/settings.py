"""How this process runs: addresses, paths, log level. What pods get is the policy's matter."""

import argparse
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ENV_PREFIX: Final = "NOXUS_SECRETS_"
LOG_LEVELS: Final = ("debug", "info", "warning", "error")

# The units of Go's time.ParseDuration that make sense here, and days for certificates.
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h|d)")
_DURATION: Final = re.compile(rf"(?:{_PART.pattern})+")

# Longer than a minute a Deployment's default grace period (30 s) would be over long before.
_MAX_DRAIN_DELAY: Final = 60.0


class SettingsError(Exception):
    """A setting that cannot be used; the text names the flag and says what is allowed."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen; an empty host is every address of the machine, IPv4 and IPv6."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of `serve`; every field is a flag and an environment variable."""

    policy: Path
    listen: Address = Address("0.0.0.0", 8443)  # noqa: S104  a pod is reached by its own address
    tls_cert: Path = Path("certs/tls.crt")
    tls_key: Path = Path("certs/tls.key")
    client_ca: Path | None = None
    health_listen: Address = Address("127.0.0.1", 8080)
    log_level: str = "info"
    drain_delay: float = 0.0  # seconds


@dataclass(frozen=True, slots=True)
class Flag:
    """One setting as the command line and the environment name it."""

    name: str
    metavar: str
    help: str

    @property
    def field(self) -> str:
        """The attribute of Settings."""
        return self.name.replace("-", "_")

    @property
    def variable(self) -> str:
        """The environment variable."""
        return ENV_PREFIX + self.field.upper()


FLAGS: Final = (
    Flag("policy", "PATH", "the policy: a file, or a folder of them; read again when it changes"),
    Flag("listen", "ADDR", "HTTPS address of the hooks (default: 0.0.0.0:8443)"),
    Flag("tls-cert", "FILE", "serving certificate, PEM (default: certs/tls.crt)"),
    Flag("tls-key", "FILE", "its private key, PEM (default: certs/tls.key)"),
    Flag("client-ca", "FILE", "only clients with a certificate signed by this CA may ask"),
    Flag("health-listen", "ADDR", "HTTP address of health and metrics (default: 127.0.0.1:8080)"),
    Flag("log-level", "LEVEL", "debug, info, warning or error (default: info)"),
    Flag("drain-delay", "TIME", "on SIGTERM go on accepting for so long (default: 0s)"),
)


def settings_from(args: argparse.Namespace, environ: Mapping[str, str]) -> Settings:
    """Build the settings from flags, else the environment, else the defaults.

    An empty environment variable counts as unset, since manifests cannot unset one.
    Raises SettingsError.
    """
    given: dict[str, Any] = {}
    for flag in FLAGS:
        value = getattr(args, flag.field, None)
        name = f"--{flag.name}"
        if value is None:
            value, name = environ.get(flag.variable) or None, flag.variable
        if value is not None:
            given[flag.field] = _parse(flag, name, value)
    if "policy" not in given:
        raise SettingsError("--policy is missing: name a policy file or a folder of them")
    return Settings(**given)


def duration(text: str) -> float:
    """Read a duration such as 500ms, 3s, 1m30s or 30d as seconds; raises ValueError."""
    if not _DURATION.fullmatch(text):
        raise ValueError(f"{text!r} is not a duration: write it like 500ms, 3s, 1m30s, 12h or 30d")
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))


def address(text: str) -> Address:
    """Read HOST:PORT, [IPV6]:PORT or :PORT; raises ValueError."""
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        colon = ""  # an IPv6 address without brackets: its last group is no port
    if not colon or not (port.isascii() and port.isdigit()) or int(port) > 65535:  # noqa: PLR2004
        raise ValueError(
            f"{text!r} is not an address: write HOST:PORT, :PORT for all, or [IPV6]:PORT"
        )
    return Address(host, int(port))


def _parse(flag: Flag, name: str, value: str) -> Any:  # noqa: ANN401  one type for each field
    """Read the value of one flag; `name` is what the user wrote it as."""
    try:
        match flag.field:
            case "listen" | "health_listen":
                return address(value)
            case "drain_delay":
                return _drain_delay(value)
            case "log_level":
                return _log_level(value)
            case _:
                return Path(value)
    except ValueError as fault:
        raise SettingsError(f"{name}: {fault}") from None


def _drain_delay(value: str) -> float:
    seconds = duration(value)
    if seconds > _MAX_DRAIN_DELAY:
        raise ValueError(f"{value!r} is too long: use at most {_MAX_DRAIN_DELAY:.0f}s")
    return seconds


def _log_level(value: str) -> str:
    if value.lower() not in LOG_LEVELS:
        raise ValueError(f"{value!r} is no log level: use {', '.join(LOG_LEVELS)}")
    return value.lower()
