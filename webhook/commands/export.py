"""`noxus-secrets export`: what a policy says, written for other programs. One file for each."""

from typing import TYPE_CHECKING

from webhook.commands import flags

if TYPE_CHECKING:
    from webhook.commands.flags import Subparsers

# Each is a module `export_<name>` with `add_parser`, in the order of the help.
WHAT = ("admission_policies", "external_secrets", "helm_values")


def add_parser(subparsers: "Subparsers") -> None:
    """Register the command, and what it can export."""
    summary = "write what a policy says for other programs"
    flags.add_family(subparsers, "export", summary, WHAT)
