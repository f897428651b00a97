"""`noxus-secrets import`: what is there already, as Secrets and policies. One file for each."""

from importlib import import_module
from typing import TYPE_CHECKING

from webhook.commands import flags

if TYPE_CHECKING:
    from webhook.commands.flags import Subparsers

# Each is a module `import_<name>` with `add_parser`, in the order of the help.
WHAT = ("env_file", "helm_values")

_EPILOG = """\
Each has a help of its own: noxus-secrets import env-file --help
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Register the command, and what it can import."""
    summary = "make Secrets of a file of variables, or a policy of Helm values"
    parser = flags.add_command(subparsers, "import", summary, _EPILOG)
    kinds = parser.add_subparsers(metavar="WHAT", title="what", required=True)
    for name in WHAT:
        import_module(f"webhook.commands.import_{name}").add_parser(kinds)
