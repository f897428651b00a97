"""The flags that commands have in common, and what they stand for."""

import argparse
import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from webhook.core.words import NamespaceMode
from webhook.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook.loading.load import Loaded

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its only name

POLICY_VARIABLE = "NOXUS_SECRETS_POLICY"


def add_command(
    subparsers: "Subparsers", name: str, summary: str, epilog: str
) -> argparse.ArgumentParser:
    """Add a command; the epilog is printed as it is written."""
    return subparsers.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_family(subparsers: "Subparsers", name: str, summary: str, members: "Sequence[str]") -> None:
    """Add a command of several; each is a module `<name>_<member>` with `add_parser`."""
    first = members[0].replace("_", "-")
    epilog = f"Each has a help of its own: noxus-secrets {name} {first} --help\n"
    parser = add_command(subparsers, name, summary, epilog)
    kinds = parser.add_subparsers(metavar="WHAT", title="what", required=True)
    for member in members:
        import_module(f"webhook.commands.{name}_{member}").add_parser(kinds)


def add_policy(parser: argparse.ArgumentParser) -> None:
    """Add --policy."""
    parser.add_argument(
        "--policy",
        metavar="PATH",
        help=(
            f"the policy: a file, or a folder of them (or set {POLICY_VARIABLE}); "
            "default: the policies of the cluster, found as kubectl finds it"
        ),
    )


def add_mode(parser: argparse.ArgumentParser) -> None:
    """Add --mode."""
    parser.add_argument(
        "--mode",
        choices=[str(mode) for mode in NamespaceMode],
        default=str(NamespaceMode.ENABLED),
        help="the opt-in label of the namespace (default: enabled)",
    )


def add_user(parser: argparse.ArgumentParser) -> None:
    """Add --as and --as-group."""
    parser.add_argument(
        "--as",
        dest="user",
        metavar="USER",
        help="who deploys the object; without it, deployers are left undecided",
    )
    parser.add_argument(
        "--as-group",
        metavar="GROUP",
        action="append",
        default=[],
        help="a group of that user (system:nodes for a mirror pod); may be repeated",
    )


def add_output(parser: argparse.ArgumentParser, default: str, what: str, json: str) -> None:
    """Add -o."""
    parser.add_argument(
        *("-o", "--output"),
        choices=[default, "json"],
        default=default,
        help=f"{default}: {what} (the default); json: {json}",
    )


def add_objects(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add -f and --namespace."""
    parser.add_argument(
        *("-f", "--filename"),
        metavar="PATH",
        action="append",
        required=required,
        help="pods and workloads: a file, a folder, or - for standard input; may be repeated",
    )
    parser.add_argument(
        *("-n", "--namespace"), metavar="NAME", help="default: metadata.namespace of each object"
    )


def policy_path(args: argparse.Namespace) -> str | None:
    """Return what --policy or the environment names; None: the cluster's policies are meant."""
    return args.policy or os.environ.get(POLICY_VARIABLE) or None


def load_policy(args: argparse.Namespace) -> "Loaded":
    """Load what --policy or the environment names, else the cluster's; raises `UsageError`."""
    path = policy_path(args)
    return load_cluster() if path is None else load_path(path)


def load_cluster() -> "Loaded":
    """Load the cluster's policies; raises `UsageError` with every problem, one a line."""
    from webhook.loading.problems import PolicyError  # noqa: PLC0415

    try:
        loaded = read_cluster()
    except PolicyError as error:
        raise UsageError(
            f"a policy of the cluster does not load:\n{error}\n"
            "an older generation of it may be in force; name a file with --policy"
        ) from None
    if not loaded.sources:
        raise UsageError("the cluster has no SecretInjectionPolicy: apply one, or give --policy")
    return loaded


def read_cluster() -> "Loaded":
    """Load the cluster's policies; raises `UsageError`, and `PolicyError` for their content."""
    # Imported here: the client of the API server costs a fifth of a second.
    from webhook.cluster import read  # noqa: PLC0415
    from webhook.cluster.api import ApiError  # noqa: PLC0415
    from webhook.loading.resource import load_resources  # noqa: PLC0415

    if not read.is_there():
        raise UsageError(
            f"no policy: give --policy PATH, or set {POLICY_VARIABLE}, or KUBECONFIG for the "
            "policies of a cluster"
        )
    try:
        resources = read.read_policies()
    except ApiError as error:
        raise UsageError(f"the cluster's policies cannot be read: {error}") from None
    return load_resources(resources)


def load_path(path: str) -> "Loaded":
    """Load policies; raises `UsageError` with every problem, one a line."""
    # Imported here: pydantic costs commands that need no policy a tenth of a second.
    from webhook.loading.load import load_policies  # noqa: PLC0415
    from webhook.loading.problems import PolicyError  # noqa: PLC0415

    try:
        return load_policies(Path(path))
    except OSError as error:
        raise UsageError(f"the policy cannot be read: {path}: {error.strerror}") from None
    except PolicyError as error:
        raise UsageError(f"the policy does not load:\n{error}") from None
