"""`noxus-secrets explain --flow`: where the names that a flow reads come from, pool by pool."""

import argparse
import sys
from typing import TYPE_CHECKING

from webhook.commands import flowfiles
from webhook.errors import UsageError

if TYPE_CHECKING:
    from webhook.loading.load import Loaded


def run(args: argparse.Namespace, loaded: "Loaded") -> int:
    """Explain flows in one namespace; returns the exit code."""
    namespace = args.namespace
    if not namespace:
        raise UsageError("--flow needs --namespace: what a worker is given depends on it")
    policy = loaded.policies.govern(namespace)
    if policy is None:
        raise UsageError(f"no policy covers namespace {namespace}: its workers are given nothing")
    # Imported here: start-up time of the others.
    from webhook.flows.readers import of_policy  # noqa: PLC0415

    report = flowfiles.report_of(args.flow, args.secrets, of_policy(policy, namespace))
    if args.output == "json":
        import json  # noqa: PLC0415

        from webhook.report.machine import plain  # noqa: PLC0415

        head = {"kind": "FlowReport", "namespace": namespace, "policy": policy.name}
        print(json.dumps({**head, **plain(report)}, indent=4, ensure_ascii=False))
    else:
        from webhook.report.table_flows import write_flows  # noqa: PLC0415

        write_flows(report, sys.stdout, about=f"in namespace {namespace}, policy {policy.name}")
    return 1 if report.failed else 0
