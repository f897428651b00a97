"""`noxus-secrets test`: unit tests of policies."""

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from webhook.commands import flags
from webhook.errors import UsageError
from webhook.terminal import raw

if TYPE_CHECKING:
    from webhook.commands.casefiles import CaseFiles
    from webhook.commands.flags import Subparsers
    from webhook.policytests.result import Result

# An editor's save is seen before its user looks up; reading a hundred files takes two milliseconds.
_EVERY = 0.5  # seconds
_CLEAR = "\x1b[H\x1b[2J\x1b[3J"  # to the first line, clear the screen, and what scrolled off it

_EPILOG = """\
A case names a policy, an object, the namespace, its mode and the user, and what
must come of it: the decision, the order of sources in each container, parts of
the message, warnings. What it does not name is not looked at, and a case that
names nothing is an error. docs/policy-tests.md has every field, and
examples/policy-tests/ cases to start from.

--policy is used in place of the file that a case names, so that a new policy
can be tried on the cases of the old one; a policy written out in a case stays.

Exit code: 0 all passed, 1 some failed, 2 unreadable input, or no case found.

examples:
  noxus-secrets test examples/policy-tests
  noxus-secrets test --run '*tenant-a*' --watch examples/policy-tests
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Register the command."""
    summary = "unit tests of policies: objects, and what must become of them"
    parser = flags.add_command(subparsers, "test", summary, _EPILOG)
    add = parser.add_argument
    add("paths", metavar="DIR", nargs="+", help="folders of cases, or files")
    flags.add_policy(parser)
    add(
        "--run",
        dest="globs",
        metavar="GLOB",
        action="append",
        default=[],
        help="only cases whose name fits, such as '*frontend*'; may be repeated",
    )
    add("--watch", action="store_true", help="run again whenever a file changes, until Ctrl-C")
    add("--junit", metavar="FILE", type=Path, help="write JUnit XML to this file, too")
    flags.add_output(parser, "table", "a line a case, and what differs", "see docs/policy-tests.md")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run all cases, or go on doing so."""
    if not args.watch:
        return _run(args, _case_files(args))
    if args.output == "json":
        raise UsageError("--watch prints one run after the other, which is no JSON: leave out -o")
    return watch(lambda: _watched_run(args), pause=lambda: time.sleep(_EVERY))


def watch(once: Callable[[], Callable[[], bool]], *, pause: Callable[[], None]) -> int:
    """Run once, and again when what it returned says that something has changed, until Ctrl-C."""
    try:
        while True:
            changed = once()
            while not changed():
                pause()
    except KeyboardInterrupt:
        return 0


def _watched_run(args: argparse.Namespace) -> Callable[[], bool]:
    """Run on a cleared screen; what is wrong is printed, since it is about to be mended."""
    if sys.stdout.isatty():
        raw(sys.stdout).write(_CLEAR)
    files = _case_files(args)
    try:
        _run(args, files)
    except UsageError as error:
        print(error, file=sys.stderr)
    print(f"\nwatching {', '.join(args.paths)}; Ctrl-C ends", flush=True)
    return files.givens.watched.changed


def _case_files(args: argparse.Namespace) -> "CaseFiles":
    from webhook.commands.casechanges import Watched  # noqa: PLC0415 - start-up time of the others
    from webhook.commands.casefiles import CaseFiles  # noqa: PLC0415
    from webhook.commands.casegiven import Givens  # noqa: PLC0415

    named = flags.policy_path(args)
    policy = None if named is None else Path(named)
    givens = Givens(policy, flags.load_cluster, Watched(), instead=bool(args.policy))
    return CaseFiles(givens)


def _run(args: argparse.Namespace, files: "CaseFiles") -> int:
    from webhook.commands import casetable  # noqa: PLC0415 - start-up time of the others
    from webhook.commands.output import as_json  # noqa: PLC0415

    results = _results(args, files)
    if args.junit is not None:
        from webhook.report.junit import junit  # noqa: PLC0415 - only here

        _write_whole(args.junit, junit(results))
    if args.output == "json":
        print(as_json(casetable.as_dict(results)))
    else:
        casetable.show(results, sys.stdout)
    return 0 if all(it.passed for it in results) else 1


def _results(args: argparse.Namespace, files: "CaseFiles") -> "list[Result]":
    from webhook.policytests.kinds import Unusable  # noqa: PLC0415 - start-up time of the others
    from webhook.policytests.result import result  # noqa: PLC0415

    results, faults = [], []
    for case in files.read(args.paths, args.globs):
        try:
            results.append(result(case, time.perf_counter))
        except Unusable as error:
            faults.append(f"{case.file}:{case.line}: {error}")
    if faults:
        raise UsageError("\n".join(["the cases cannot be run:", *faults]))
    return results


def _write_whole(path: Path, text: str) -> None:
    """Replace a file as a whole, so that nobody reads half of it; raises `UsageError`."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder: name the file to write")
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        scratch.write_text(text, encoding="utf-8")
        scratch.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            scratch.unlink()
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
