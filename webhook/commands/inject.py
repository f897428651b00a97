"""`noxus-secrets inject`: print the objects as the webhook would make them."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

from webhook.commands import flags
from webhook.core.words import NamespaceMode

if TYPE_CHECKING:
    from webhook.commands.flags import Subparsers
    from webhook.commands.objects import Text
    from webhook.core.policyset import PolicySet

_EPILOG = """\
Objects of other kinds are printed as they are, and so is what needs no change, to the byte. A
document with a refused object is not printed; the reason is on standard error. In dry run nothing
is changed or refused, and what would be is on standard error.

Exit code: 0 nothing is refused, 1 something is, 2 unreadable input.

example:
  noxus-secrets inject --policy policy.yaml -f deployment.yaml | kubectl apply -f -
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Register the command."""
    summary = "print objects as the webhook would make them"
    parser = flags.add_command(subparsers, "inject", summary, _EPILOG)
    flags.add_policy(parser)
    flags.add_objects(parser)
    flags.add_mode(parser)
    parser.add_argument("-o", dest="output", choices=["same", "json"], default="same")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Inject into every document of the input, one at a time."""
    from webhook.commands.objects import as_json, texts  # noqa: PLC0415 - start-up of the others

    policies = flags.load_policy(args).policies
    mode = NamespaceMode(args.mode)
    items: list[Any] = []
    refused = printed = False
    for text in texts(args.filename):
        changed = _changes(text, args.namespace, mode, policies)
        if changed is None:
            refused = True
        elif args.output == "json":
            items.extend(_values(text, changed))
        else:
            _write(_written(text, changed), first=not printed)
            printed = True
    if args.output == "json":
        whole = (
            items[0] if len(items) == 1 else {"apiVersion": "v1", "kind": "List", "items": items}
        )
        print(as_json(whole))
    return 1 if refused else 0


def _write(document: str, *, first: bool) -> None:
    """Print a document; one from another file may not say itself where it begins."""
    if not first and not document.startswith("---"):
        sys.stdout.write("---\n")
    sys.stdout.write(document if document.endswith("\n") else document + "\n")


def _changes(
    text: "Text", namespace: str | None, mode: NamespaceMode, policies: "PolicySet"
) -> list[dict[str, Any]] | None:
    """Return the operations on a document; None where something in it is refused."""
    from webhook.commands.applied import operations  # noqa: PLC0415 - start-up of the others
    from webhook.commands.objects import documents, targets  # noqa: PLC0415
    from webhook.core import messages  # noqa: PLC0415
    from webhook.core.decide import decide  # noqa: PLC0415
    from webhook.core.decision import Allow, Deny, Mutate, Observed  # noqa: PLC0415

    found: list[dict[str, Any]] = []
    refused = False
    for document in documents(text):
        for target in targets(document, namespace):
            place = f"{target.file}:{target.line}: {target.title}"
            decision = decide(target.request(mode), policies)
            for warning in decision.report.warnings:
                print(f"{place}: warning: {warning}", file=sys.stderr)
            match decision:
                case Deny(refusals=refusals):
                    print(f"{place}: refused: {messages.refusal(refusals)}", file=sys.stderr)
                    refused = True
                case Mutate():
                    pointer = "".join(f"/{part}" for part in target.path)
                    found += operations(decision, pointer)
                case Allow() | Observed():
                    pass
    return None if refused else found


def _values(text: "Text", changes: list[dict[str, Any]]) -> list[Any]:
    import jsonpatch  # noqa: PLC0415 - start-up time of the others

    from webhook.commands.objects import documents  # noqa: PLC0415

    return [jsonpatch.apply_patch(document.value, changes) for document in documents(text)]


def _written(text: "Text", changes: list[dict[str, Any]]) -> str:
    """Return the document with the changes made, and everything else as it was written."""
    if not changes:
        return text.content
    if text.is_json:
        from webhook.commands.objects import as_json  # noqa: PLC0415 - start-up of the others

        return as_json(_values(text, changes)[0]) + "\n"
    from webhook.commands.roundtrip import patched  # noqa: PLC0415 - the YAML writer is slow to load

    return patched(text.content, changes)
