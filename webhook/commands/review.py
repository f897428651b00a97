"""`noxus-secrets review`: an AdmissionReview on standard input, its answer on standard output."""

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from webhook.commands import flags
from webhook.core.words import Hook, NamespaceMode
from webhook.errors import UsageError

if TYPE_CHECKING:
    from webhook.commands.flags import Subparsers

_EPILOG = """\
Exit code: 0 allowed, 1 refused, 2 not an AdmissionReview.

example:
  noxus-secrets review --policy policy.yaml --hook validate < review.json
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Register the command."""
    summary = "answer an AdmissionReview from standard input, as the webhook would"
    parser = flags.add_command(subparsers, "review", summary, _EPILOG)
    flags.add_policy(parser)
    parser.add_argument(
        "--hook",
        choices=[str(hook) for hook in Hook],
        default=str(Hook.MUTATE),
        help="the hook to be (default: mutate)",
    )
    flags.add_mode(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Answer one review."""
    from webhook.wire.answer import Malformed, answer  # noqa: PLC0415 - start-up time of the others

    loaded = flags.load_policy(args)
    body = sys.stdin.buffer.read()
    try:
        answered = answer(
            body,
            hook=Hook(args.hook),
            mode=NamespaceMode(args.mode),
            policies=loaded.policies,
        )
    except Malformed as error:
        raise UsageError(str(error)) from None
    review = json.loads(answered.body)
    _prove(json.loads(body), review["response"])
    print(json.dumps(review, indent=4, ensure_ascii=False))
    return 0 if review["response"]["allowed"] else 1


def _prove(review: dict[str, Any], response: dict[str, Any]) -> None:
    """Apply the patch with a library that is not ours: what is printed has been seen to work."""
    if "patch" not in response:
        return
    import base64  # noqa: PLC0415 - only where there is a patch

    import jsonpatch  # noqa: PLC0415

    operations = base64.b64decode(response["patch"]).decode()
    # In place: a copy would overflow the stack for objects that are nested a few hundred deep.
    try:
        jsonpatch.apply_patch(review["request"]["object"], operations, in_place=True)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
        raise UsageError(
            f"the patch does not apply, which is a fault of noxus-secrets: {error}"
        ) from None
