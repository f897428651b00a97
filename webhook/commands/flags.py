"""The flags that commands have in common, and what they stand for."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from webhook.core.words import NamespaceMode
from webhook.errors import UsageError

if TYPE_CHECKING:
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


def add_policy(parser: argparse.ArgumentParser) -> None:
    """Add --policy."""
    parser.add_argument(
        "--policy",
        metavar="PATH",
        help=f"the policy: a file, or a folder of them (or set {POLICY_VARIABLE})",
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
        help="who creates the object; no rule of this version is about single users",
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


def add_objects(parser: argparse.ArgumentParser) -> None:
    """Add -f and --namespace."""
    parser.add_argument(
        *("-f", "--filename"),
        metavar="PATH",
        action="append",
        required=True,
        help="pods and workloads: a file, a folder, or - for standard input; may be repeated",
    )
    parser.add_argument(
        *("-n", "--namespace"), metavar="NAME", help="default: metadata.namespace of each object"
    )


def policy_path(args: argparse.Namespace) -> str:
    """Return what --policy or the environment names; raises `UsageError`."""
    path: str | None = args.policy or os.environ.get(POLICY_VARIABLE)
    if not path:
        raise UsageError(f"no policy: give --policy PATH, or set {POLICY_VARIABLE}")
    return path


def load_policy(args: argparse.Namespace) -> "Loaded":
    """Load what --policy or the environment names; raises `UsageError`."""
    return load_path(policy_path(args))


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
