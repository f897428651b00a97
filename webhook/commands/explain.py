"""`noxus-secrets explain`: why a pod or workload gets what it gets."""

import argparse
import sys
from collections import Counter
from typing import TYPE_CHECKING

from webhook.commands import explain_flow, flags, flowfiles
from webhook.core.words import NamespaceMode
from webhook.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webhook.commands.explained import Explained
    from webhook.commands.flags import Subparsers

_EPILOG = """\
Shows the verdict, who the pod is and how it was recognised, what it asks for,
what it is granted and by which line of the policy, and for each container the
final order and which source wins. Nothing is asked of a cluster, and no value
of a variable is read.

With --flow it shows of each {{secret.NAME}} in flows where it comes from in each
worker pool, which names are nowhere, and which credentials of the platform are
within reach of whoever writes flows. --secrets tells it the keys of Secrets.

Exit code: 0 nothing is refused, 1 something is, or a name is nowhere or a flow is
no YAML, 2 unreadable input.

examples:
  noxus-secrets explain --policy policy.yaml -n noxus -f pod.yaml
  kubectl get deploy -o yaml | noxus-secrets explain --policy policy.yaml -f -
  noxus-secrets explain -n noxus --flow flows/ --secrets secrets.yaml
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Register the command."""
    summary = "tell why a pod or workload gets what it gets"
    parser = flags.add_command(subparsers, "explain", summary, _EPILOG)
    flags.add_policy(parser)
    flags.add_objects(parser, required=False)
    parser.add_argument(
        "--flow",
        metavar="PATH",
        action="append",
        default=[],
        help=(
            "instead of -f: flows whose {{secret.NAME}} are looked up in each pool: a file, a "
            "folder, or -; may be repeated"
        ),
    )
    flowfiles.add_secrets(parser)
    flags.add_mode(parser)
    flags.add_user(parser)
    flags.add_output(parser, "text", "for people", "see docs/commands.md")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Explain every pod and workload of the input, or every flow."""
    _check_together(args)
    if args.flow:
        return explain_flow.run(args, flags.load_policy(args))
    from webhook.commands.explained import as_dict  # noqa: PLC0415 - start-up time of the others
    from webhook.commands.output import JsonList  # noqa: PLC0415
    from webhook.core.decision import Deny, Observed  # noqa: PLC0415

    items = JsonList({"kind": "ExplanationList"}, sys.stdout.write)
    verdicts: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    refused = False
    for explained in _explained(args, skipped):
        why = explained.explanation
        refused |= isinstance(why.verdict, Deny) and not isinstance(why.decision, Observed)
        if args.output == "json":
            items.add(as_dict(explained))
        else:
            from webhook.commands.explain_text import show  # noqa: PLC0415 - rich is slow to load

            show(explained, sys.stdout, first=not verdicts)
        verdicts[explained.verdict] += 1
    if args.output == "json":
        items.close()
    else:
        _sum_up(verdicts, skipped)
    return 1 if refused else 0


def _check_together(args: argparse.Namespace) -> None:
    """Refuse what contradicts itself; raises `UsageError`."""
    if bool(args.flow) == bool(args.filename):
        raise UsageError("give either -f with pods and workloads, or --flow with flows")
    if args.secrets and not args.flow:
        raise UsageError("--secrets goes with --flow: a pod is explained without any key")


def _sum_up(verdicts: "Counter[str]", skipped: "Counter[str]") -> None:
    """Count what was explained, where it is more than one; say what was not."""
    if verdicts.total() > 1:
        counts = (f"{verdicts[word]} {word}" for word in sorted(verdicts))
        print(f"\n{verdicts.total()} objects: {'; '.join(counts)}")
    kinds = ", ".join(f"{skipped[kind]} {kind}" for kind in sorted(skipped))
    if not verdicts:
        print(f"no pod and no workload in the input{kinds and f': {kinds}'}", file=sys.stderr)
    elif kinds:
        print(f"skipped, since they hold no pod: {kinds}", file=sys.stderr)


def _explained(args: argparse.Namespace, skipped: "Counter[str]") -> "Iterator[Explained]":
    """Explain one object after the other; count the kinds of the others."""
    from webhook.commands import objects  # noqa: PLC0415
    from webhook.commands.explained import explained  # noqa: PLC0415

    loaded = flags.load_policy(args)
    mode, groups = NamespaceMode(args.mode), tuple(args.as_group)
    for text in objects.texts(args.filename):
        for document in objects.documents(text):
            for target in objects.targets(document, args.namespace):
                yield explained(target, loaded, mode, groups, args.user)
            skipped.update(objects.others(document))
