"""`noxus-secrets import`: what is there already, as Secrets and policies. One file for each."""

from typing import TYPE_CHECKING

from webhook.commands import flags

if TYPE_CHECKING:
    from webhook.commands.flags import Subparsers

# Each is a module `import_<name>` with `add_parser`, in the order of the help.
WHAT = ("env_file", "helm_values")


def add_parser(subparsers: "Subparsers") -> None:
    """Register the command, and what it can import."""
    summary = "make Secrets of a file of variables, or a policy of Helm values"
    flags.add_family(subparsers, "import", summary, WHAT)
