"""`noxus-secrets lint`: what is wrong with Secrets, and with files of variables."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from webhook.commands import flags
from webhook.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook.commands.flags import Subparsers
    from webhook.commands.lintread import Read
    from webhook.core.policy import Policy
    from webhook.loading.load import Loaded

_EPILOG = """\
PATH is a manifest of Secrets or ConfigMaps (Lists and several documents
included), a file of variables such as .env or /env.vm, a folder of them, or -
for standard input.

A policy tells which Secret belongs to which scope and pool. Without one, only
app-env is known, which Noxus documents as shared.

No part of a value is ever shown, nor its length. With --from-cluster, the
Secrets that the policy names are read with your own rights, by get, one by one;
without it, no cluster is asked for anything but the policy, where you name none
with it.

Exit code: 0 no errors, 1 errors (with --strict, also warnings), 2 usage, or an
input that cannot be opened.

examples:
  noxus-secrets lint --policy policy.yaml secrets/
  noxus-secrets lint /env.vm
  kubectl create secret generic app-env --from-env-file=.env --dry-run=client \\
    -o yaml | noxus-secrets lint -
  noxus-secrets lint --policy policy.yaml --from-cluster --namespace noxus
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Register the command."""
    summary = "find what is wrong with Secrets and files of variables, without showing a value"
    parser = flags.add_command(subparsers, "lint", summary, _EPILOG)
    parser.add_argument("path", metavar="PATH", nargs="*", help="a file, a folder, or -")
    parser.add_argument(
        "--policy",
        metavar="PATH",
        help=(
            f"the policy: a file, or a folder of them (or set {flags.POLICY_VARIABLE}); default: "
            "none, with --from-cluster the policies of the cluster"
        ),
    )
    parser.add_argument(
        *("-n", "--namespace"),
        metavar="NAME",
        help="default: metadata.namespace of each object; needed with --from-cluster",
    )
    parser.add_argument(
        "--from-cluster",
        action="store_true",
        help="read the Secrets and ConfigMaps that the policy names from the cluster",
    )
    parser.add_argument("--strict", action="store_true", help="warnings make the exit code 1, too")
    flags.add_output(parser, "table", "findings, each with its way out", "the same")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Find what is wrong."""
    # Imported here: pydantic costs commands that need no policy a tenth of a second.
    from webhook.commands.lint_text import as_table, report  # noqa: PLC0415
    from webhook.commands.output import as_json  # noqa: PLC0415
    from webhook.secretref.finding import Level  # noqa: PLC0415
    from webhook.secretref.lint import judge, ordered  # noqa: PLC0415

    _check(args)
    policies = _policies(args)
    read = _read(args, policies)
    found = ordered([*read.findings, *judge(read.holders, policies)])
    if not read.holders and not found:
        print("no Secret, ConfigMap or file of variables in the input", file=sys.stderr)
    if args.output == "json":
        print(as_json(report(found, read.holders)))
    else:
        print(as_table(found, read.holders, has_policy=policies is not None), end="")
    failing = {Level.ERROR, Level.WARNING} if args.strict else {Level.ERROR}
    return 1 if any(finding.level in failing for finding in found) else 0


def _check(args: argparse.Namespace) -> None:
    if args.from_cluster and args.path:
        raise UsageError("--from-cluster reads no files: lint them in a call of their own")
    if args.from_cluster and not args.namespace:
        raise UsageError("--from-cluster needs --namespace: Secrets are read in one at a time")
    if not args.from_cluster and not args.path:
        raise UsageError("nothing to lint: name files or folders, - or --from-cluster")


def _policies(args: argparse.Namespace) -> "Sequence[Policy] | None":
    path = flags.policy_path(args)
    if path is not None:
        loaded = _load(path)
    elif args.from_cluster:
        loaded = flags.load_cluster()
    else:
        return None
    return [source.policy for source in loaded.sources]


def _load(path: str) -> "Loaded":
    """Load a policy; what is wrong with it is not shown, since it may be a Secret by mistake."""
    from webhook.loading.load import load_policies  # noqa: PLC0415
    from webhook.loading.problems import PolicyError  # noqa: PLC0415

    try:
        return load_policies(Path(path))
    except OSError as error:
        raise UsageError(f"the policy cannot be read: {path}: {error.strerror}") from None
    except PolicyError:
        raise UsageError(
            f"the policy does not load; noxus-secrets check {path} tells why, which is not shown "
            "here, in case it is a Secret and no policy"
        ) from None


def _read(args: argparse.Namespace, policies: "Sequence[Policy] | None") -> "Read":
    from webhook.commands import lintread  # noqa: PLC0415

    if args.from_cluster:
        return lintread.read_cluster(args.namespace, policies or ())
    return lintread.read_inputs(args.path, args.namespace)
