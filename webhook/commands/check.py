"""`noxus-secrets check`: load and lint a policy."""

import argparse
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from webhook.commands import flags
from webhook.commands.output import as_json, count
from webhook.errors import UsageError

if TYPE_CHECKING:
    from webhook.commands.flags import Subparsers
    from webhook.core.policy import Policy
    from webhook.loading.load import Loaded
    from webhook.loading.problems import Problem

_WIDTH = 80
_WIDEST = 40  # of a column: names may have 253 characters
_NARROWEST = 20

_EPILOG = """\
Each finding is a line, file:line: error: field: what is wrong and what to write
instead. POLICY, --policy PATH and the variable mean the same; without any of
them the policies of the cluster are checked.

A note says what the webhook configurations must have for the policy to hold.

Exit code: 0 nothing found, 1 errors or warnings, 2 the file cannot be read.

example:
  noxus-secrets check policy.yaml
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Register the command."""
    summary = "load and lint a policy: errors, and what is worth a second look"
    parser = flags.add_command(subparsers, "check", summary, _EPILOG)
    parser.add_argument("path", metavar="POLICY", nargs="?", help="a file, or a folder of them")
    flags.add_policy(parser)
    flags.add_output(parser, "table", "findings, then what each policy gives", "the same")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check one policy, or a folder of them."""
    from webhook.loading.load import load_policies  # noqa: PLC0415 - start-up time of the others
    from webhook.loading.problems import PolicyError  # noqa: PLC0415
    from webhook.secretref import policyrules  # noqa: PLC0415

    if args.path and args.policy:
        raise UsageError("a policy is named twice: give POLICY, or --policy PATH")
    path = args.path or flags.policy_path(args)
    try:
        loaded = flags.read_cluster() if path is None else load_policies(Path(path))
    except OSError as error:
        raise UsageError(f"the policy cannot be read: {path}: {error.strerror}") from None
    except PolicyError as error:
        return _report(None, error.problems, [], args.output)
    warnings = [*loaded.warnings(), *loaded.found_by(policyrules.warnings)]
    return _report(loaded, [], warnings, args.output)


def _report(
    loaded: "Loaded | None", errors: "list[Problem]", warnings: "list[Problem]", output: str
) -> int:
    policies = [_summary(source.policy) for source in loaded.sources] if loaded else []
    notes = loaded.notes() if loaded else []
    if output == "json":
        found = {
            "policies": policies,
            "errors": [_as_dict(problem) for problem in errors],
            "warnings": [_as_dict(problem) for problem in warnings],
            "notes": [_as_dict(problem) for problem in notes],
        }
        print(as_json(found))
    else:
        for kind, problems in (("error", errors), ("warning", warnings), ("note", notes)):
            for problem in problems:
                print(f"{_place(problem)}: {kind}: {_text(problem)}")
        if policies:
            _print_tables(policies)
            print(f"{_amount(policies)}: ", end="")
        print(f"{count(len(errors), 'error')}, {count(len(warnings), 'warning')}")
    return 1 if errors or warnings else 0


def _place(problem: "Problem") -> str:
    return f"{problem.file}:{problem.line}" if problem.line else problem.file


def _text(problem: "Problem") -> str:
    return f"{problem.field}: {problem.message}" if problem.field else problem.message


def _as_dict(problem: "Problem") -> dict[str, Any]:
    return {
        "file": problem.file,
        "line": problem.line,
        "field": problem.field,
        "message": problem.message,
    }


def _summary(policy: "Policy") -> dict[str, Any]:
    spec = policy.spec
    return {
        "name": policy.metadata.name,
        "mode": str(spec.mode),
        "namespaces": list(spec.namespaces) if spec.namespaces is not None else None,
        "scopes": [
            {
                "name": scope.name,
                "roles": list(scope.roles),
                "onRequest": scope.on_request,
                "sources": [
                    *(element.read[1].name for element in scope.env_from),
                    *(
                        f"{e.value_from.secret_key_ref.name}/{e.value_from.secret_key_ref.key}"
                        for e in scope.env
                    ),
                ],
            }
            for scope in spec.scopes
        ],
        "workerRole": spec.worker.role,
        "pools": {name: pool.env_secret_ref for name, pool in spec.worker.pools.items()},
    }


def _amount(policies: list[dict[str, Any]]) -> str:
    scopes, pools = (sum(len(policy[what]) for policy in policies) for what in ("scopes", "pools"))
    return f"{count(len(policies), 'policy')}, {count(scopes, 'scope')}, {count(pools, 'pool')}"


def _print_tables(policies: list[dict[str, Any]]) -> None:
    for policy in policies:
        namespaces = policy["namespaces"]
        covers = "every opted-in namespace" if namespaces is None else ", ".join(namespaces)
        print(f"policy {policy['name']} ({policy['mode']}): {covers}")
        rows = [("SCOPE", "SOURCES", "ROLES")]
        rows += [
            (
                s["name"] + (" (on request)" if s["onRequest"] else ""),
                ", ".join(s["sources"]),
                ", ".join(s["roles"]),
            )
            for s in policy["scopes"]
        ]
        worker = policy["workerRole"]
        rows += [
            (f"pool/{name}", secret or "-", worker) for name, secret in policy["pools"].items()
        ]
        _print_table(rows)


def _print_table(rows: list[tuple[str, str, str]]) -> None:
    """Print three columns; where the lines grow long, what is last goes on below itself."""
    first, second = (min(max(len(row[i]) for row in rows), _WIDEST) for i in (0, 1))
    indent = " " * (first + second + 6)
    room = max(_WIDTH - len(indent), _NARROWEST)
    for scope, sources, roles in rows:
        # A long name pushes what is behind it to the right, rather than being cut.
        lines = textwrap.wrap(roles, room, break_long_words=False, break_on_hyphens=False) or [""]
        print(f"  {scope:<{first}}  {sources:<{second}}  {lines[0]}".rstrip())
        for line in lines[1:]:
            print(f"{indent}{line}")
