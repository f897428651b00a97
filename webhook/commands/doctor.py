"""`noxus-secrets doctor`: what must be true of a cluster for the promise to hold."""

import argparse
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from webhook.commands import flags
from webhook.commands.output import as_json
from webhook.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook.commands.flags import Subparsers
    from webhook.doctor.findings import Check
    from webhook.doctor.snapshot import Snapshot

_EPILOG = """\
Looks at our webhook configurations, certificates, replicas, policies and label
guard, at who in RBAC could change them, and whether the API server reaches the
webhook: a pod is tried in an opted-in namespace (--dry-run=server), and never
created. Where a policy says reload.mode: Rollout, the API server is asked
whether the webhook may. Our own TLS Secret is read for its certificates, where
you may; no other Secret is. What you lack the right to look at is named, with the right.

Kubernetes' own components are left out of who could break it. What else has
such rights is for you to judge: --trust says that you have. Whoever installed
by an overlay or by Helm applies that where manifests/base is named.

Exit code: 0 nothing is wrong, 1 something is or needs judging, 2 the cluster
is not reached.

examples:
  noxus-secrets doctor
  noxus-secrets doctor --trust group:platform \\
    --trust serviceaccount:argocd/argocd-application-controller
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Register the command."""
    summary = "examine a cluster: does everything hold that the promise rests on"
    parser = flags.add_command(subparsers, "doctor", summary, _EPILOG)
    add = parser.add_argument
    add("-n", "--namespace", metavar="NAME", default="noxus-secrets", help="ours (%(default)s)")
    add(
        "--probe",
        metavar="NAME",
        help="the opted-in namespace in which to try a pod (default: one that is enabled)",
    )
    add(
        "--trust",
        metavar="SUBJECT",
        action="append",
        default=[],
        help="user:NAME, group:NAME or serviceaccount:NAMESPACE/NAME; may be repeated",
    )
    add("--complete", action="store_true", help="exit 1, too, where something was not checked")
    flags.add_output(parser, "table", "for people", "every check, with the rights of each subject")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Examine the cluster of the kubeconfig; returns the exit code."""
    from webhook.doctor.examination import examine  # noqa: PLC0415 - start-up of the others
    from webhook.doctor.findings import Level  # noqa: PLC0415

    for subject in args.trust:
        if not subject.lower().startswith(("user:", "group:", "serviceaccount:")):
            raise UsageError(
                f"--trust {subject}: write user:NAME, group:NAME or serviceaccount:NAMESPACE/NAME"
            )
    checks = examine(_snapshot(args), at=datetime.now(UTC), trusted=args.trust)
    if args.output == "json":
        print(as_json(_as_json(args.namespace, checks)))
    else:
        from webhook.commands.doctor_text import show  # noqa: PLC0415

        show(checks, sys.stdout)
    wrong = {Level.WARNING, Level.FAILED} | ({Level.NOT_CHECKED} if args.complete else set())
    return int(any(finding.level in wrong for check in checks for finding in check.findings))


def _snapshot(args: argparse.Namespace) -> "Snapshot":
    import asyncio  # noqa: PLC0415 - start-up time of the others

    from webhook.cluster import read  # noqa: PLC0415
    from webhook.cluster.api import Api, ApiError  # noqa: PLC0415
    from webhook.cluster.examine import read_snapshot  # noqa: PLC0415

    async def examined() -> "Snapshot":
        async with Api(read.kubeconfig()) as api:
            return await read_snapshot(api, args.namespace, args.probe)

    if not read.is_there():
        raise UsageError("no cluster: set KUBECONFIG, or run this in a pod")
    try:
        return asyncio.run(examined())
    except ApiError as error:
        raise UsageError(f"the cluster cannot be examined: {error}") from None


def _as_json(namespace: str, checks: "Sequence[Check]") -> dict[str, Any]:
    return {
        "kind": "DoctorReport",
        "namespace": namespace,
        "checks": [
            {
                "name": check.name,
                "level": str(check.level),
                "findings": [
                    {
                        "level": str(it.level),
                        "message": it.message,
                        "mend": it.mend or None,
                        "missingRight": it.right or None,
                        "subject": it.subject or None,
                        "may": [
                            {"what": may.area, "rights": list(may.verbs), "by": list(may.by)}
                            for may in it.may
                        ],
                    }
                    for it in check.findings
                ],
            }
            for check in checks
        ],
    }
