"""`noxus-secrets plan`: what another policy would change, before it is in force."""

import argparse
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from webhook.commands import flags, gather

if TYPE_CHECKING:
    from webhook.audit.changes import Plan
    from webhook.audit.planner import Side
    from webhook.commands.flags import Subparsers

_CLUSTER = "cluster"
_EPILOG = """\
Tells which workloads would gain or lose which Secrets, get them in another
order, or be refused, or no longer be, if policy A became policy B. Nothing is
printed but one line where nothing changes.

A policy that lets a Secret reach a role, a worker pool or a namespace that it
did not reach, or more keys, containers, ServiceAccounts or deployers, widens.
That is computed from the policies alone, whatever workloads there are today.

Of a cluster only namespaces, workloads, pods and policies are read.

Exit code: 0, also where something changes; 1 with --fail-on-widening where
something is widened; 2 unreadable input.

examples:
  noxus-secrets plan --from cluster --to next.yaml
  noxus-secrets plan --from main/policy.yaml --to policy.yaml -f deploy/ \\
    --fail-on-widening
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Register the command."""
    summary = "tell what changes for which workload if one policy became another"
    parser = flags.add_command(subparsers, "plan", summary, _EPILOG)
    for flag, what in (("from", "the policy as it is"), ("to", "the policy as it would be")):
        parser.add_argument(
            f"--{flag}",
            dest=f"{flag}_policy",
            metavar="POLICY",
            required=True,
            help=f"{what}: a file, a folder of them, or the word {_CLUSTER}",
        )
    gather.add_flags(parser)
    parser.add_argument(
        "--fail-on-widening",
        action="store_true",
        help="exit with 1 where a Secret reaches further than before",
    )
    parser.add_argument(
        *("-o", "--output"),
        choices=["table", "json", "html"],
        default="table",
        help="table: for people (the default); json: see docs/commands.md; html: one page",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Plan as of now; returns the exit code."""
    return plan(args, at=datetime.now(UTC))


def plan(args: argparse.Namespace, *, at: datetime) -> int:
    """Read everything, judge it twice, and print what differs."""
    from webhook.audit.planner import Planner  # noqa: PLC0415 - start-up time of the others

    planner = Planner(
        before=_side(args.from_policy),
        after=_side(args.to_policy),
        source="files" if args.filename else "cluster",
        default_mode=gather.default_mode(args),
    )
    gather.gather(args, planner)
    made = planner.plan()
    _write(made, args, at)
    return 1 if args.fail_on_widening and made.widenings else 0


def _side(name: str) -> "Side":
    from webhook.audit.planner import Side  # noqa: PLC0415

    loaded = flags.load_cluster() if name == _CLUSTER else flags.load_path(name)
    return Side(name, loaded.policies, tuple(source.policy for source in loaded.sources))


def _write(made: "Plan", args: argparse.Namespace, at: datetime) -> None:
    # Imported here: each is slow to load, and one of them is wanted.
    if args.output == "json":
        from webhook.report.machine import write_plan_json  # noqa: PLC0415

        write_plan_json(made, sys.stdout)
    elif args.output == "html":
        from webhook.report.html import plan_page  # noqa: PLC0415

        sys.stdout.write(plan_page(made, gather.occasion(args, at)))
    else:
        from webhook.report.table_plan import write_plan  # noqa: PLC0415

        write_plan(made, sys.stdout)
