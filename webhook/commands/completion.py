"""`noxus-secrets completion`: scripts by which shells complete our commands, flags and files."""

import argparse
from typing import TYPE_CHECKING, Any, Final

from webhook.commands import flags

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webhook.commands.flags import Subparsers

# What each metavar stands for, where that is something on disk.
_FILES: Final = frozenset({"PATH", "FILE", "POLICY"})
_FOLDERS: Final = frozenset({"DIR"})

_EPILOG = """\
The script is written to standard output. To load it into the shell at hand:

  bash:  source <(noxus-secrets completion bash)
  zsh:   source <(noxus-secrets completion zsh)
  fish:  noxus-secrets completion fish | source

To load it into every shell, put that line into ~/.bashrc, ~/.zshrc (behind
compinit) or ~/.config/fish/config.fish.
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Register the command."""
    summary = "print a script that completes commands, flags and files in a shell"
    parser = flags.add_command(subparsers, "completion", summary, _EPILOG)
    parser.add_argument("shell", choices=["bash", "zsh", "fish"], help="the shell that reads it")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    import shtab  # noqa: PLC0415 - start-up time of the others

    from webhook.__main__ import parser  # noqa: PLC0415 - which imports this module

    top = parser()
    for action in _actions(top):
        metavar = action.metavar
        if metavar in _FILES or metavar in _FOLDERS:
            # How shtab is told; argparse knows nothing of it.
            completed: Any = action
            completed.complete = shtab.FILE if metavar in _FILES else shtab.DIRECTORY
    print(shtab.complete(top, args.shell))
    return 0


def _actions(parser: argparse.ArgumentParser) -> "Iterator[argparse.Action]":
    """Yield the flags and arguments of a parser and of all commands in it."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to them
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for command in action.choices.values():
                yield from _actions(command)
