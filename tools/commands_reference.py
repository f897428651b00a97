"""docs/commands.md, from the help: `python -m tools.commands_reference > docs/commands.md`."""

import argparse
import contextlib
import io
import os
from pathlib import Path

from webhook.__main__ import COMMANDS, main, parser

ROOT = Path(__file__).parents[1]
POLICY = "--policy examples/policy.yaml"
# Run as they stand, in the folder of the project.
EXAMPLES = {
    "explain": f"explain {POLICY} -f examples/pods/worker-tenant-a.yaml",
    "inject": f"inject {POLICY} -f examples/pods/frontend.yaml",
    "check": "check examples/policy.yaml",
    "audit": f"audit {POLICY} -f examples/pods",
    "plan": "plan --from examples/policy.yaml --to examples/policy.yaml -f examples/deployments",
}

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
| `verdict` | `injected`, `refused`, or `allowed, …`; in dry run, what would be |
| `dryRun` | whether the verdict would only be reported |
| `reason` | a word from a bounded set, as in the metrics |
| `role`, `recognisedBy` | who the pod is, null where unknown, and how that was found out |
| `pool`, `poolBy` | its worker pool and where that was read; null where it has none |
| `serviceAccount` | as in the pod, `default` where it names none; null without a policy |
| `mirror` | whether it mirrors a static pod, into which nothing is injected |
| `asks` | what it demands: `what`, `field`, `grantedBy`; sentences `refusal`, `ignored` or null |
| `granted` | `scope`, `by` what, its `sources`, and the `line` of the policy |
| `leftOut` | scopes of its role that it does not get: `scope`, `why`, `line` |
| `containers` | `list`, `name`, `excluded`, what was `repeated`; the final `envFrom` and `env` |
| … `envFrom` | `kind`, `name`, `prefix`, `optional`, `scope`, `origin`, `corrected`, `wins` |
| … `env` | what scopes give: `name`, `secret`, `key`, `scope`, `origin` |
| `refusals` | `reason`, `field`, `message` |
| `warnings` | as the API server would hand them on: at most 120 characters each |
| `notes` | what the warnings are about, in full and all of them |
| `undecided` | scopes that only their deployers may deploy, where `--as` names nobody |

`origin` is `injected`, `there before`, `moved` or `the pod's own` for a source, and `injected`,
`there before`, `overridden by the pod's own` or `not given here` for a variable. `corrected` tells
that `optional` is set to what the policy says; `scope` is null for a source of no granted scope.

## What `doctor -o json` prints

An object with `kind: DoctorReport`, the `namespace`, and `checks`, each with `name`, `level` and
`findings`:

| field | what it is |
|---|---|
| `level` | `ok`, `not checked`, `warning` or `failed`; the worst of its findings is the check's |
| `message` | one sentence |
| `mend` | what to do; null where there is nothing to do |
| `missingRight` | the right that you lack, where something was not checked for want of it |
| `subject` | whom it is about, as `--trust` takes it |
| `may` | what that subject may do: `what`, the `rights` for it, and `by` which bindings |
"""


def reference() -> str:
    """Return the page."""
    os.environ["COLUMNS"] = "80"  # argparse wraps to the terminal otherwise
    top = parser()
    commands = below(top)
    sections = [section(name, commands[name]) for name in COMMANDS]
    reports = (ROOT / "tools" / "audit_json.md").read_text()
    return "\n".join([HEAD, *sections, TAIL, reports])


def below(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the commands of a parser by name."""
    subparsers = argparse._SubParsersAction  # noqa: SLF001 - argparse has no other way to them
    found = (a.choices for a in parser._actions if isinstance(a, subparsers))  # noqa: SLF001
    return dict(next(found, {}))


def section(name: str, command: argparse.ArgumentParser) -> str:
    """Return a command's help, with that of the commands below it."""
    texts = [f"## {name}\n\n```text\n{command.format_help()}```\n{example(name)}"]
    texts += [
        f"### {name} {each}\n\n```text\n{parser.format_help()}```\n"
        for each, parser in below(command).items()
    ]
    return "\n".join(texts)


def example(name: str) -> str:
    """Return a command as it is typed, with what it prints."""
    if name not in EXAMPLES:
        return ""
    out = io.StringIO()
    with contextlib.chdir(ROOT), contextlib.redirect_stdout(out):
        main(EXAMPLES[name].split())
    return f"\n```console\n$ noxus-secrets {EXAMPLES[name]}\n{out.getvalue()}```\n"


if __name__ == "__main__":
    print(reference(), end="")
