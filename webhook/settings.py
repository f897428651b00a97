"""How this process runs: addresses, paths, log level. What pods get is the policy's matter."""

import argparse
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

ENV_PREFIX: Final = "NOXUS_SECRETS_"
LOG_LEVELS: Final = ("debug", "info", "warning", "error")

FILE: Final = "file"
CLUSTER: Final = "cluster"
FILES: Final = "files"
SELF_MANAGED: Final = "self-managed"
OFF: Final = "off"
# What the flags with a closed set of values take.
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "policy_from": (FILE, CLUSTER),
    "certificates": (FILES, SELF_MANAGED),
    "events": ("on", OFF),
    "log_level": LOG_LEVELS,
}
# Where a pod reads what namespace it is in.
NAMESPACE_FILE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")

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

    policy: Path | None = None  # there is one unless the policies come from the cluster
    policy_from: str = FILE
    initial_policy: Path | None = None
    certificates: str = FILES
    listen: Address = Address("0.0.0.0", 8443)  # noqa: S104  a pod is reached by its own address
    tls_cert: Path = Path("certs/tls.crt")
    tls_key: Path = Path("certs/tls.key")
    client_ca: Path | None = None
    health_listen: Address = Address("127.0.0.1", 8080)
    log_level: str = "info"
    drain_delay: float = 0.0  # seconds
    kubeconfig: Path | None = None
    namespace: str = ""  # ours; empty where the cluster is nothing to us
    service: str = "noxus-secret-webhook"
    webhook_configuration: str = "noxus-secrets"
    identity: str = ""
    pod_uid: str = ""  # empty: outside of a pod
    events: str = "on"
    controllers: tuple[str, ...] = ()  # users; none: those of an ordinary cluster

    @property
    def in_cluster(self) -> bool:
        """Whether the API server is talked to."""
        return self.policy_from == CLUSTER or self.certificates == SELF_MANAGED


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
    Flag("policy-from", "WHERE", "file, or cluster: SecretInjectionPolicy objects (default: file)"),
    Flag("initial-policy", "FILE", "created once in a cluster that has never had a policy"),
    Flag("certificates", "HOW", "files, or self-managed: made, renewed, injected (default: files)"),
    Flag("listen", "ADDR", "HTTPS address of the hooks (default: 0.0.0.0:8443)"),
    Flag("tls-cert", "FILE", "serving certificate, PEM (default: certs/tls.crt)"),
    Flag("tls-key", "FILE", "its private key, PEM (default: certs/tls.key)"),
    Flag("client-ca", "FILE", "only clients with a certificate signed by this CA may ask"),
    Flag("health-listen", "ADDR", "HTTP address of health and metrics (default: 127.0.0.1:8080)"),
    Flag("log-level", "LEVEL", "debug, info, warning or error (default: info)"),
    Flag("drain-delay", "TIME", "on SIGTERM go on accepting for so long (default: 0s)"),
    Flag("kubeconfig", "FILE", "how to reach the API server (default: as a pod does)"),
    Flag("namespace", "NAME", "our own namespace (default: that of the pod)"),
    Flag("service", "NAME", "our Service (default: noxus-secret-webhook)"),
    Flag("webhook-configuration", "NAME", "our webhook configurations (default: noxus-secrets)"),
    Flag("identity", "NAME", "of this replica, in leases and events (default: the host's name)"),
    Flag("pod-uid", "UID", "of this replica's pod: its lease then goes when the pod goes"),
    Flag("controllers", "USERS", "whose pods inherit the check of deployers, with commas between"),
    Flag("events", "WHETHER", "on or off: tell of decisions by Events (default: on)"),
)


def settings_from(
    args: argparse.Namespace,
    environ: Mapping[str, str],
    *,
    host: str = "",
    namespace_file: Path = NAMESPACE_FILE,
) -> Settings:
    """Build the settings from flags, else the environment, else the defaults.

    An empty environment variable counts as unset, since manifests cannot unset one. `host` is the
    machine's name. Raises SettingsError.
    """
    given: dict[str, Any] = {"identity": host}
    for flag in FLAGS:
        value = getattr(args, flag.field, None)
        name = f"--{flag.name}"
        if value is None:
            value, name = environ.get(flag.variable) or None, flag.variable
        if value is not None:
            given[flag.field] = _parse(flag, name, value)
    settings = Settings(**given)
    if settings.in_cluster and not settings.namespace:
        settings = replace(settings, namespace=_own_namespace(namespace_file))
    _check_together(settings)
    return settings


def _own_namespace(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        raise SettingsError(
            "--namespace is missing: outside of a pod say which namespace is ours"
        ) from None


def _check_together(settings: Settings) -> None:
    """Refuse what contradicts itself; raises SettingsError."""
    if settings.policy_from == FILE:
        if settings.policy is None:
            raise SettingsError(
                "--policy is missing: name a policy file or a folder of them, "
                "or read policies from the cluster with --policy-from cluster"
            )
        if settings.initial_policy is not None:
            raise SettingsError("--initial-policy goes with --policy-from cluster")
    elif settings.policy is not None:
        raise SettingsError("--policy goes with --policy-from file; leave out one of the two")
    if settings.in_cluster and not settings.identity:
        raise SettingsError("--identity is missing: replicas tell each other apart by it")


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
            case "controllers":
                return _users(value)
            case "namespace" | "service" | "webhook_configuration" | "identity" | "pod_uid":
                return _object_name(value)
            case field if field in CHOICES:
                return _choice(value, CHOICES[field])
            case _:
                return Path(value)
    except ValueError as fault:
        raise SettingsError(f"{name}: {fault}") from None


def _drain_delay(value: str) -> float:
    seconds = duration(value)
    if seconds > _MAX_DRAIN_DELAY:
        raise ValueError(f"{value!r} is too long: use at most {_MAX_DRAIN_DELAY:.0f}s")
    return seconds


def _choice(value: str, choices: tuple[str, ...]) -> str:
    if value.lower() not in choices:
        raise ValueError(f"{value!r} is not one of {', '.join(choices)}")
    return value.lower()


def _users(value: str) -> tuple[str, ...]:
    users = tuple(user.strip() for user in value.split(","))
    if not all(users):
        raise ValueError(f"{value!r} names an empty user: write them with one comma between two")
    return users


def _object_name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError(f"{value!r} is no name of an object: use a-z, 0-9, '-' and '.'")
    return value
