"""The flags that say where a store is and who we are for it, one group for each provider."""

import argparse
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from webhook.errors import UsageError

if TYPE_CHECKING:
    from webhook.externalsecrets.stores import Store


@dataclass(frozen=True)
class Flag:
    """A flag of one provider."""

    name: str
    metavar: str
    help: str
    pattern: str  # of the whole value, with {namespace} filled in
    like: str  # what a right one looks like
    required: bool = False
    default: str = ""
    per_namespace: bool = False  # may hold {namespace}

    @property
    def dest(self) -> str:
        """Return the attribute that argparse keeps it in."""
        return self.name.removeprefix("--").replace("-", "_")


_UUID: Final = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_MOUNT: Final = r"[^/\s]+(/[^/\s]+)*"
_WORD: Final = r"[0-9A-Za-z_.-]+"
_SECRET_NAME: Final = r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?"  # noqa: S105 - a pattern

FLAGS: Final[Mapping[str, tuple[Flag, ...]]] = MappingProxyType(
    {
        "aws": (
            Flag(
                *("--aws-region", "REGION", "where the secrets are"),
                *(r"[a-z]{2}(-[a-z]+)+-\d+", "eu-central-1"),
                required=True,
            ),
            Flag(
                *("--aws-role-arn", "ARN", "the IAM role that may read them, by IRSA"),
                *(r"arn:aws[a-z-]*:iam::\d{12}:role/\S+", "arn:aws:iam::123456789012:role/noxus"),
                required=True,
                per_namespace=True,
            ),
        ),
        "vault": (
            Flag(
                *("--vault-server", "URL", "its address, as the operator reaches it"),
                *(r"https?://[^/\s]+/?", "https://vault.example.com:8200"),
                required=True,
            ),
            Flag(
                *("--vault-role", "ROLE", "the role of the Kubernetes auth method"),
                *(_WORD, "noxus"),
                required=True,
                per_namespace=True,
            ),
            Flag(
                *("--vault-path", "MOUNT", "where the KV engine (version 2) is"),
                *(_MOUNT, "secret"),
                default="secret",
            ),
            Flag(
                *("--vault-auth-path", "MOUNT", "where the Kubernetes auth method is"),
                *(_MOUNT, "kubernetes"),
                default="kubernetes",
            ),
            Flag(
                *("--vault-audience", "AUDIENCE", "the audience of the role"),
                *(r"\S+", "vault"),
                default="vault",
            ),
            Flag(
                *("--vault-ca-configmap", "NAME", "the ConfigMap with its CA as ca.crt"),
                *(_SECRET_NAME, "vault-ca"),
            ),
            Flag(
                *("--vault-namespace", "NAME", "the namespace in Vault Enterprise"),
                *(_MOUNT, "platform"),
            ),
        ),
        "azure": (
            Flag(
                *("--azure-vault-url", "URL", "the address of the key vault"),
                *(
                    r"https://[0-9A-Za-z-]+\.vault\.(azure\.net|azure\.cn|usgovcloudapi\.net)/?",
                    "https://noxus.vault.azure.net",
                ),
                required=True,
            ),
            Flag(
                *("--azure-client-id", "ID", "the managed identity, by workload identity"),
                *(_UUID, "11111111-2222-3333-4444-555555555555"),
                required=True,
            ),
            Flag(
                *("--azure-tenant-id", "ID", "the tenant of that identity"),
                *(_UUID, "11111111-2222-3333-4444-555555555555"),
                required=True,
            ),
        ),
    }
)
PROVIDERS: Final = tuple(FLAGS)
_TITLES: Final = {
    "aws": "AWS Secrets Manager",
    "vault": "HashiCorp Vault",
    "azure": "Azure Key Vault",
}


def add_stores(parser: argparse.ArgumentParser) -> None:
    """Add the flags of every provider."""
    for provider, wanted in FLAGS.items():
        group = parser.add_argument_group(f"{_TITLES[provider]} (--provider {provider})")
        for flag in wanted:
            ends = "; required" if flag.required else ""
            ends = f" (default: {flag.default})" if flag.default else ends
            group.add_argument(flag.name, metavar=flag.metavar, help=flag.help + ends)


def store_factory(args: argparse.Namespace) -> "Callable[[str], Store]":
    """Return the store as each namespace sees it; raises `UsageError` for what is not right."""
    from webhook.externalsecrets import stores, template  # noqa: PLC0415 - start-up time

    given = {flag: getattr(args, flag.dest) for flags in FLAGS.values() for flag in flags}
    own = FLAGS[args.provider]
    foreign = [flag.name for flag in given if given[flag] is not None and flag not in own]
    missing = [flag.name for flag in own if flag.required and not given[flag]]
    if foreign:
        raise UsageError(f"{', '.join(foreign)}: not for --provider {args.provider}")
    if missing:
        raise UsageError(f"--provider {args.provider} needs {', '.join(missing)}")
    values = {flag.dest: given[flag] or flag.default for flag in own}
    for flag in own:
        _check(flag, values[flag.dest], cluster_scoped=args.cluster_scoped)
    make: Callable[..., Store] = {
        "aws": stores.Aws,
        "vault": stores.Vault,
        "azure": stores.Azure,
    }[args.provider]

    def store_of(namespace: str) -> "Store":
        return make(
            **{
                flag.dest.removeprefix(f"{args.provider}_"): (
                    template.fill(values[flag.dest], namespace=namespace)
                    if flag.per_namespace
                    else values[flag.dest]
                )
                for flag in own
            }
        )

    return store_of


def _check(flag: Flag, value: str, *, cluster_scoped: bool) -> None:
    from webhook.externalsecrets import template  # noqa: PLC0415 - start-up time

    filled = value
    if flag.per_namespace:
        try:
            held = template.fields(value, {template.NAMESPACE})
        except template.BadTemplateError as error:
            raise UsageError(f"{flag.name}: {error}") from None
        if held and cluster_scoped:
            raise UsageError(
                f"{flag.name}: {{namespace}} and --cluster-scoped exclude each other: "
                "the one store is the same for every namespace"
            )
        filled = template.fill(value, namespace="noxus")
    if value and not re.fullmatch(flag.pattern, filled):
        raise UsageError(f"{flag.name}: {value!r} is not right: write it like {flag.like}")
