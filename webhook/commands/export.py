"""`noxus-secrets export`: what a policy says, written for other programs. One file for each."""

from importlib import import_module
from typing import TYPE_CHECKING

from webhook.commands import flags

if TYPE_CHECKING:
    from webhook.commands.flags import Subparsers

# Each is a module `export_<name>` with `add_parser`, in the order of the help.
WHAT = ("external_secrets", "helm_values")

_EPILOG = """\
Each has a help of its own: noxus-secrets export external-secrets --help
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Register the command, and what it can export."""
    summary = "write what a policy says for other programs"
    parser = flags.add_command(subparsers, "export", summary, _EPILOG)
    kinds = parser.add_subparsers(metavar="WHAT", title="what", required=True)
    for name in WHAT:
        import_module(f"webhook.commands.export_{name}").add_parser(kinds)
