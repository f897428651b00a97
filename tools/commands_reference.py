"""docs/commands.md, from the help: `python -m tools.commands_reference > docs/commands.md`."""

import argparse
import os

from webhook.__main__ import COMMANDS, parser

HEAD = """\
# The command line

Exit code of every command: 0 fine, 1 refused or findings, 2 usage or unreadable input. `-f` takes a
file, a folder or `-`; pods, all kinds of workloads, Lists and files of several documents. This page
is generated from the help: `python -m tools.commands_reference > docs/commands.md`.
"""

TAIL = """\
## What `explain -o json` prints

An object with `kind: ExplanationList` and `items`, one for each pod or workload:

| field | what it is |
|---|---|
| `object` | `kind`, `name`, `namespace`, and `file` and `line` where it is written |
| `policy` | the name of the policy that governs; empty where none does |
| `verdict` | `injected`, `allowed, nothing to do` or `refused`; in dry run, what would be |
| `dryRun` | whether the verdict would only be reported |
| `reason` | a word from a bounded set, as in the metrics |
| `role`, `pool`, `recognisedBy` | who the pod is, and how that was found out |
| `asks` | what the pod demands: `what`, `field`, and `refusal`, null where it is granted |
| `granted` | `scope`, `by` what, its `sources`, and the `line` of the policy |
| `leftOut` | scopes of its role that it does not get: `scope`, `why`, `line` |
| `containers` | `list`, `name`, `excluded`, and the final `envFrom` and `env` with `origin` |
| `refusals` | `reason`, `field`, `message` |
| `warnings` | as the API server would hand them on |
"""


def reference() -> str:
    """Return the page."""
    os.environ["COLUMNS"] = "80"  # argparse wraps to the terminal otherwise
    top = parser()
    subparsers = argparse._SubParsersAction  # noqa: SLF001 - argparse has no other way to them
    commands = next(a.choices for a in top._actions if isinstance(a, subparsers))  # noqa: SLF001
    sections = [f"## {name}\n\n```text\n{commands[name].format_help()}```\n" for name in COMMANDS]
    return "\n".join([HEAD, *sections, TAIL])


if __name__ == "__main__":
    print(reference(), end="")
