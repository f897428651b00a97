"""`noxus-secrets audit`: what the policy means for everything that is there."""

import argparse
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from webhook.commands import flags, flowfiles, gather
from webhook.errors import UsageError

if TYPE_CHECKING:
    from webhook.audit.report import Report
    from webhook.commands.flags import Subparsers
    from webhook.core.policyset import PolicySet
    from webhook.flows.report import FlowsReport

_EPILOG = """\
Tells per workload who it is, what it has, what it would be given, and what would
be refused and why; which pods still run without what the policy gives them now;
and what looks like Noxus in namespaces that are not opted in. Templates are
judged, so workloads that are scaled to zero count.

Of a cluster only namespaces, workloads, pods and, without --policy, policies are
read, by get and list, and never a Secret. Run it as you run kubectl.

With --rotation it tells instead how old the Secrets are that the policy hands out,
which are due or overdue, and which pods still run with an older version. For that
the metadata of these Secrets is read, one by one by name, and never what they
hold; the exit code is 1 where one is overdue.

With --flows it also tells where the names that flows read come from on each
worker, which are nowhere, and which credentials of the platform flows can read.

Exit code: 0 nothing would be refused, 1 something would, or a name is nowhere or a
flow is no YAML, 2 unreadable input.

examples:
  noxus-secrets audit
  noxus-secrets audit --policy next.yaml -o html > audit.html
  noxus-secrets audit --flows flows/ -o html > audit.html
  noxus-secrets audit --rotation -o html > rotation.html
  noxus-secrets audit -o policyreport | kubectl apply -f -
  helm template noxus | noxus-secrets audit --policy policy.yaml -n noxus -f -
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Register the command."""
    summary = "tell what the policy would change or refuse, in a cluster or in manifests"
    parser = flags.add_command(subparsers, "audit", summary, _EPILOG)
    flags.add_policy(parser)
    gather.add_flags(parser)
    parser.add_argument(
        "--flows",
        metavar="PATH",
        action="append",
        default=[],
        help=(
            "also look up the {{secret.NAME}} of flows on each worker that was found: a file, a "
            "folder, or -; may be repeated"
        ),
    )
    flowfiles.add_secrets(parser)
    parser.add_argument(
        "--rotation",
        action="store_true",
        help="instead: how old the Secrets are that the policy hands out, by their metadata alone",
    )
    parser.add_argument(
        *("-o", "--output"),
        choices=["table", "json", "html", "policyreport", "metrics"],
        default="table",
        help=(
            "table: for people (the default); json: see docs/commands.md; html: one page with the "
            "exposure matrix; policyreport: objects of wgpolicyk8s.io/v1alpha2; metrics: with "
            "--rotation, for Prometheus"
        ),
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Audit as of now; returns the exit code."""
    return audit(args, at=datetime.now(UTC))


def audit(args: argparse.Namespace, *, at: datetime) -> int:
    """Read everything, judge it, and print the report."""
    from webhook.audit.auditor import Auditor  # noqa: PLC0415 - start-up time of the others

    _check_together(args)
    if args.rotation:
        from webhook.commands.audit_rotation import run as rotation  # noqa: PLC0415

        return rotation(args, at=at)
    if args.secrets and not args.flows:
        raise UsageError("--secrets goes with --flows: an audit needs no key of any Secret")
    loaded = flags.load_policy(args)
    auditor = Auditor(
        policies=loaded.policies,
        source="files" if args.filename else "cluster",
        written=gather.written(args),
        default_mode=gather.default_mode(args),
    )
    gather.gather(args, auditor)
    report = auditor.report()
    if args.flows:
        flows = _flows(args, report, loaded.policies)
        report = replace(report, flows=flows)
    _write(report, args, at)
    return 1 if report.refused or (report.flows and report.flows.failed) else 0


def _check_together(args: argparse.Namespace) -> None:
    """Refuse what contradicts itself; raises `UsageError`."""
    if args.rotation and args.flows:
        raise UsageError("--rotation is a report of its own: leave out --flows")
    if args.rotation and args.output == "policyreport":
        raise UsageError("--rotation has no PolicyReport: use table, json, html or metrics")
    if args.output == "metrics" and not args.rotation:
        raise UsageError("-o metrics goes with --rotation")


def _flows(args: argparse.Namespace, report: "Report", policies: "PolicySet") -> "FlowsReport":
    """Look up what flows read on each workload that runs them."""
    from webhook.audit.report import Verdict  # noqa: PLC0415 - start-up time of the others
    from webhook.flows.readers import of_audit  # noqa: PLC0415

    runs = (Verdict.INJECTED, Verdict.NOTHING)  # a pod that is refused runs no flow
    workers = []
    for workload in report.workloads:
        policy = policies.govern(workload.namespace)
        if policy and workload.role == policy.worker_role and workload.verdict in runs:
            workers.append(workload)
    if not workers:
        raise UsageError("--flows: no worker was found that could run a flow")
    return flowfiles.report_of(args.flows, args.secrets, of_audit(workers))


def _write(report: "Report", args: argparse.Namespace, at: datetime) -> None:
    # Imported here: each is slow to load, and one of them is wanted.
    output = args.output
    if output == "json":
        from webhook.report.machine import write_audit_json  # noqa: PLC0415

        write_audit_json(report, sys.stdout)
    elif output == "html":
        from webhook.report.html import audit_page  # noqa: PLC0415

        sys.stdout.write(audit_page(report, gather.occasion(args, at)))
    elif output == "policyreport":
        from webhook.report.policyreport import write_policy_reports  # noqa: PLC0415

        write_policy_reports(report, sys.stdout)
    else:
        from webhook.report.table import write_audit  # noqa: PLC0415

        write_audit(report, sys.stdout)
