"""`noxus-secrets export admission-policies`: the policy in CEL, for the API server itself."""

import argparse
import sys
from typing import TYPE_CHECKING

from webhook.commands import flags
from webhook.commands.output import as_json
from webhook.errors import UsageError
from webhook.terminal import raw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook.commands.flags import Subparsers
    from webhook.core.tables import CompiledPolicy
    from webhook.native.differences import Difference

    Differences = Sequence[tuple[CompiledPolicy, Sequence[Difference]]]

_EPILOG = """\
For each policy: a MutatingAdmissionPolicy that injects, a ValidatingAdmissionPolicy
that refuses, one that warns, and their bindings, for the same namespaces as the
webhook. The API server evaluates them by itself, so that they hold while the webhook
is away; beside it they change nothing that it would not change.

They are a copy: export and apply them again when the policy changes. What they do
otherwise than the webhook is told in a comment at the head, and by --differences.

example:
  noxus-secrets export admission-policies --policy examples/policy.yaml |
    kubectl apply --server-side -f -
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Register what to export."""
    summary = "a policy in CEL, which the API server enforces without the webhook"
    parser = flags.add_command(subparsers, "admission-policies", summary, _EPILOG)
    flags.add_policy(parser)
    parser.add_argument(
        "--differences",
        action="store_true",
        help="print in what they differ from the webhook, for this policy, and nothing else",
    )
    parser.add_argument(
        "--validating-only",
        action="store_true",
        help="leave injection to the webhook, as before Kubernetes 1.36, which knows no other way",
    )
    parser.add_argument(
        "--controllers",
        metavar="USERS",
        help="whose pods inherit the check of deployers, with commas between, as serve has it",
    )
    what = "documents with a comment in front, or a table of differences"
    flags.add_output(parser, "yaml", what, "a List")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the objects, or the differences."""
    from webhook.core.deployers import CONTROLLERS  # noqa: PLC0415 - start-up time of the others
    from webhook.native import text  # noqa: PLC0415
    from webhook.native.differences import differences  # noqa: PLC0415
    from webhook.native.export import objects_of  # noqa: PLC0415
    from webhook.native.limits import too_large  # noqa: PLC0415
    from webhook.native.mutating import KIND as MUTATING  # noqa: PLC0415

    policies = flags.load_policy(args).policies.policies
    found = [(policy, tuple(differences(policy))) for policy in policies]
    if args.differences:
        _print_differences(found, args.output)
        return 0
    given = [it.strip() for it in (args.controllers or "").split(",")]
    objects = objects_of(policies, controllers=[it for it in given if it] or CONTROLLERS)
    if args.validating_only:
        objects = [it for it in objects if not it["kind"].startswith(MUTATING)]
    if problems := list(too_large(objects, policies)):
        raise UsageError("the policy cannot be exported:\n" + "\n".join(problems))
    if args.output == "json":
        print(as_json(text.as_list(objects)))
        return 0
    print(text.as_yaml(objects, found), end="", file=raw(sys.stdout))
    return 0


def _print_differences(found: "Differences", output: str) -> None:
    rows = [
        {
            "policy": policy.name,
            "name": it.name,
            "effect": str(it.effect),
            "webhook": it.webhook,
            "native": it.native,
        }
        for policy, some in found
        for it in some
    ]
    if output == "json":
        print(as_json(rows))
        return
    for policy, some in found:
        print(f"policy {policy.name}:")
        for it in some:
            print(f"  {it.name} ({it.effect})\n    webhook: {it.webhook}\n    native:  {it.native}")
