"""`noxus-secrets inject`: print the objects as the webhook would make them."""

import argparse
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

from webhook.commands import flags
from webhook.core.words import NamespaceMode
from webhook.errors import UsageError
from webhook.terminal import raw, visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from webhook.commands.flags import Subparsers
    from webhook.commands.objects import Text
    from webhook.core.policyset import PolicySet
    from webhook.loading.yamltree import Document

_EPILOG = """\
Objects of other kinds are printed as they are, and so is what needs no change,
to the byte; of what is changed, comments and formatting stay. A document with a
refused object is not printed: the reason is on standard error, and the others
are printed. In dry run nothing is changed or refused, and what would be is on
standard error.

Exit code: 0 nothing is refused, 1 something is, 2 unreadable input.

examples:
  noxus-secrets inject --policy policy.yaml -f deploy.yaml | kubectl apply -f -
  helm template noxus | noxus-secrets inject --policy policy.yaml -n noxus -f -
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Register the command."""
    summary = "print objects as the webhook would make them"
    parser = flags.add_command(subparsers, "inject", summary, _EPILOG)
    flags.add_policy(parser)
    flags.add_objects(parser)
    flags.add_mode(parser)
    flags.add_user(parser)
    flags.add_output(parser, "same", "as the input is written", "an object, or a List of several")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Inject into every document of the input, one at a time."""
    from webhook.commands.objects import documents, texts  # noqa: PLC0415 - start-up of the others
    from webhook.commands.output import JsonList  # noqa: PLC0415
    from webhook.commands.ticker import Ticker  # noqa: PLC0415

    policies = flags.load_policy(args).policies
    head = {"apiVersion": "v1", "kind": "List"}
    items = JsonList(head, sys.stdout.write, single=True)
    refused = False
    printer = _Printer()
    ticker = Ticker(sys.stderr, clock=time.monotonic, shown=not sys.stdout.isatty())
    with closing(ticker):
        for text in texts(args.filename):
            found = documents(text)
            if not found and args.output != "json":
                printer.write(text, text.content)  # nothing but comments
            for document in found:
                changes = _changes(document, args, policies, ticker.say)
                if changes is None:
                    refused = True
                elif args.output == "json":
                    items.add(_injected(document, changes))
                else:
                    printer.write(text, _written(text, document, changes))
                ticker.tick()
    if args.output == "json":
        items.close()
    return 1 if refused else 0


class _Printer:
    """Prints documents; one from another file may not say itself where it begins."""

    def __init__(self) -> None:
        self._before: Text | None = None

    def write(self, text: "Text", written: str) -> None:
        before = self._before
        if before and not (text.begins or before.ends or (before.is_json and text.is_json)):
            raw(sys.stdout).write("---" + text.newline)
        raw(sys.stdout).write(written if written.endswith("\n") else written + "\n")
        self._before = text


def _changes(
    document: "Document",
    args: argparse.Namespace,
    policies: "PolicySet",
    say: "Callable[[str], None]",
) -> list[dict[str, Any]] | None:
    """Return the operations on a document; None where something in it is refused."""
    from webhook.commands.applied import operations  # noqa: PLC0415 - start-up of the others
    from webhook.commands.objects import targets  # noqa: PLC0415
    from webhook.core import messages  # noqa: PLC0415
    from webhook.core.decide import decide  # noqa: PLC0415
    from webhook.core.decision import Allow, Deny, Mutate, Observed  # noqa: PLC0415

    mode, groups = NamespaceMode(args.mode), tuple(args.as_group)
    found: list[dict[str, Any]] = []
    refused = False
    for target in targets(document, args.namespace):
        place = f"{target.file}:{target.line}: {target.title}"
        decision = decide(target.request(mode, groups, args.user), policies)
        for warning in decision.report.warnings:
            say(f"{place}: warning: {warning}")
        match decision:
            case Deny(refusals=refusals):
                say(f"{place}: refused: {messages.refusal(refusals)}")
                refused = True
            case Mutate():
                pointer = "".join(f"/{part}" for part in target.path)
                found += operations(decision, pointer)
            case Allow() | Observed():
                pass
    return None if refused else found


def _injected(document: "Document", changes: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - JSON
    if not changes:
        return document.value
    import jsonpatch  # noqa: PLC0415 - start-up time of what needs no change

    return jsonpatch.apply_patch(document.value, changes)


def _written(text: "Text", document: "Document", changes: list[dict[str, Any]]) -> str:
    """Return the document with the changes made, and everything else as it was written.

    What is printed has been read again, and says what the patch says.
    """
    if not changes:
        return text.content
    from webhook.commands.output import as_json  # noqa: PLC0415 - start-up of what needs no change
    from webhook.commands.splice import Unspliceable, spliced  # noqa: PLC0415

    wanted = _injected(document, changes)
    if text.is_json:
        return ("---\n" if text.begins else "") + visible(as_json(wanted)) + "\n"
    try:
        written = spliced(text.content, changes)
    except Unspliceable:
        pass
    else:
        if _reads(text, written, wanted):
            return written
    from webhook.commands.roundtrip import patched  # noqa: PLC0415 - the writer is slow to load

    try:
        written = patched(text.content, changes)
    except Unspliceable:  # its reader is stricter than ours
        pass
    else:
        if _reads(text, written, wanted):
            return written
    raise UsageError(
        f"{text.file}:{text.first_line}: this YAML cannot be written with its formatting kept: "
        "use -o json"
    )


def _reads(text: "Text", written: str, wanted: object) -> bool:
    """Tell whether a text reads as it should."""
    from dataclasses import replace  # noqa: PLC0415 - only where something is changed

    from webhook.commands.objects import documents  # noqa: PLC0415

    try:
        return [document.value for document in documents(replace(text, content=written))] == [
            wanted
        ]
    except UsageError:
        return False
