"""The command `noxus-secrets`, also `python -m webhook`: finds the command and runs it."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from webhook.errors import UsageError

# In the order of the help. Each is a module with `add_parser`; what it needs, it imports when run.
COMMANDS = ("explain", "inject", "review", "check", "certs", "serve")
INTERRUPTED = 130  # as shells report a process that SIGINT ended


class _Version(argparse.Action):
    """Prints the version; looking it up takes longer than all else here, so only when asked."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version  # noqa: PLC0415 - only here

        print(f"noxus-secrets {version('noxus-secret-webhook')}")  # noqa: T201 - a command prints
        parser.exit()


def parser(commands: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """Build the parser of the whole command line, or of some commands of it."""
    top = argparse.ArgumentParser(
        prog="noxus-secrets",
        description="Gives each Noxus pod the Secrets it is entitled to, in order.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action=_Version, nargs=0, help="print the version")
    subparsers = top.add_subparsers(metavar="COMMAND", title="commands")
    for name in commands:
        import_module(f"webhook.commands.{name}").add_parser(subparsers)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns 0 fine, 1 refused or findings, 2 usage or unreadable input."""
    try:
        return _run(sys.argv[1:] if argv is None else argv)
    except UsageError as error:
        print(f"noxus-secrets: {error}", file=sys.stderr)  # noqa: T201 - a command prints
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has gone: nothing is left to tell, and the interpreter must not try again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(argv: Sequence[str]) -> int:
    # The other commands' modules and flags are nothing to the one that is called.
    called = [name for name in COMMANDS if list(argv[:1]) == [name]]
    top = parser(called or COMMANDS)
    args = top.parse_args(argv)
    if not hasattr(args, "run"):
        top.print_help()
        return 0
    code = int(args.run(args))
    sys.stdout.flush()  # while there is somebody to handle that the reader has gone
    return code


if __name__ == "__main__":
    sys.exit(main())
