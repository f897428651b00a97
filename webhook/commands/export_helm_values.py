"""`noxus-secrets export helm-values`: the pools of a policy as Noxus Helm values."""

import argparse
import io
import sys
from typing import TYPE_CHECKING

from webhook.commands import flags
from webhook.terminal import raw

if TYPE_CHECKING:
    from webhook.commands.flags import Subparsers

_EPILOG = """\
Prints worker.pools as the chart takes it, with envSecretRef for each pool and the
chart's own fields that the policy holds. What the chart has no field for, such as
the namespaces of a pool, is told on standard error and stays in the policy.

example:
  noxus-secrets export helm-values --policy policy.yaml > pools.yaml
  helm upgrade noxus ... -f values.yaml -f pools.yaml
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Register what to export."""
    summary = "the worker pools of a policy, as values for the Noxus Helm chart"
    parser = flags.add_command(subparsers, "helm-values", summary, _EPILOG)
    flags.add_policy(parser)
    flags.add_output(parser, "yaml", "values for helm -f", "the same")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the values."""
    from webhook.commands.output import as_json  # noqa: PLC0415 - start-up time of the others
    from webhook.migration.helm import values_of_pools  # noqa: PLC0415

    pools = {
        name: pool.model_dump(mode="json", by_alias=True, exclude_unset=True)
        for source in flags.load_policy(args).sources
        for name, pool in source.policy.spec.worker.pools.items()
    }
    values, left_out = values_of_pools(pools)
    for sentence in left_out:
        print(f"noxus-secrets: {sentence}", file=sys.stderr)
    if args.output == "json":
        print(as_json(values))
        return 0
    from ruamel.yaml import YAML  # noqa: PLC0415 - slow to load

    out = io.StringIO()
    YAML().dump(values, out)
    raw(sys.stdout).write(out.getvalue())
    return 0
