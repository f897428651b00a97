"""`noxus-secrets explain`: why a pod or workload gets what it gets."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

from webhook.commands import flags
from webhook.core.words import NamespaceMode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webhook.commands.explained import Explained
    from webhook.commands.flags import Subparsers

_EPILOG = """\
Shows who the pod is and how it was recognised, what it asks for, what it is granted and by which
line of the policy, per container the final order and who wins, and the verdict. Nothing is asked of
a cluster, and no value of a variable is read.

Exit code: 0 nothing is refused, 1 something is, 2 unreadable input.

example:
  noxus-secrets explain --policy policy.yaml -n noxus -f pod.yaml
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Register the command."""
    summary = "tell why a pod or workload gets what it gets"
    parser = flags.add_command(subparsers, "explain", summary, _EPILOG)
    flags.add_policy(parser)
    flags.add_objects(parser)
    flags.add_mode(parser)
    parser.add_argument("-o", dest="output", choices=["text", "json"], default="text")
    parser.add_argument(
        "--as-group",
        metavar="GROUP",
        action="append",
        default=[],
        help="a group of the user who creates it (system:nodes for a mirror pod)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Explain every pod and workload of the input."""
    from webhook.commands.explained import as_dict  # noqa: PLC0415 - start-up time of the others
    from webhook.commands.output import as_json  # noqa: PLC0415
    from webhook.core.decision import Deny, Observed  # noqa: PLC0415

    refused = False
    shown: list[dict[str, Any]] = []
    count = 0
    for explained in _explained(args):
        count += 1
        why = explained.explanation
        refused |= isinstance(why.verdict, Deny) and not isinstance(why.decision, Observed)
        if args.output == "json":
            shown.append(as_dict(explained))
        else:
            from webhook.commands.explain_text import show  # noqa: PLC0415

            show(explained, sys.stdout, first=count == 1)
    if args.output == "json":
        print(as_json({"kind": "ExplanationList", "items": shown}))
    elif not count:
        print("no pod and no workload in the input", file=sys.stderr)
    return 1 if refused else 0


def _explained(args: argparse.Namespace) -> "Iterator[Explained]":
    from webhook.commands import objects  # noqa: PLC0415
    from webhook.commands.explained import explained  # noqa: PLC0415

    loaded = flags.load_policy(args)
    mode, groups = NamespaceMode(args.mode), tuple(args.as_group)
    for text in objects.texts(args.filename):
        for document in objects.documents(text):
            for target in objects.targets(document, args.namespace):
                yield explained(target, loaded, mode, groups)
