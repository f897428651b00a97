"""The command `noxus-secrets`, also `python -m webhook`: finds the command and runs it."""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from keyword import iskeyword

from webhook.errors import UsageError
from webhook.terminal import guarded

# In the order of the help. Each is a module with `add_parser`; what it needs, it imports when run.
COMMANDS = (
    "explain",
    "inject",
    "review",
    "check",
    "lint",
    "test",
    "audit",
    "plan",
    "doctor",
    "import",
    "export",
    "certs",
    "serve",
    "completion",
)
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
        module = f"{name}_" if iskeyword(name) else name
        import_module(f"webhook.commands.{module}").add_parser(subparsers)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns 0 fine, 1 refused or findings, 2 usage or unreadable input."""
    _prepare_streams()
    with guarded():
        return _guarded(sys.argv[1:] if argv is None else argv)


def _guarded(argv: Sequence[str]) -> int:
    try:
        return _run(argv)
    except UsageError as error:
        return _fail(str(error))
    except RecursionError:
        return _fail("the input is nested too deeply")
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader has gone: nothing is left to tell
        _discard_output()
        return 0
    except OSError as error:  # of files those who open them tell; this is the streams
        _discard_output()
        return _fail(f"input or output failed: {error.strerror}")


def _prepare_streams() -> None:
    """Make up for what the caller closed; what is read and written is UTF-8 in any locale."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - stays open
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _discard_output() -> None:
    """Leave nothing for the interpreter to write at its end, which would fail once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str) -> int:
    print(f"noxus-secrets: {message}", file=sys.stderr)  # noqa: T201 - a command prints
    return 2


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
