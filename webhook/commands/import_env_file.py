"""`noxus-secrets import env-file`: a file of variables, split into Secrets by scope."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from webhook.commands import flags
from webhook.core.names import dns_label
from webhook.errors import UsageError
from webhook.terminal import raw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook.commands.flags import Subparsers
    from webhook.core.policy import Policy
    from webhook.migration.assign import Assigned
    from webhook.secretref.finding import Holder

_EPILOG = """\
Says for each variable which Secret of the policy it belongs into, and why: a
scope that names it, else where Noxus says that it belongs. How far a variable of
your own may reach nobody else can know: say it with --assign, or with
--unassigned for all of them.

Nothing is written without --out. With it, one manifest for each Secret is
written into that folder, readable by you alone; values go there and nowhere else.
With --as external-secrets, ExternalSecrets with these keys are printed instead,
which hold no values.

Exit code: 0 fine, 1 a variable has no place (and nothing is written), 2 usage, or
an input that cannot be read.

examples:
  noxus-secrets import env-file /env.vm --policy policy.yaml -n noxus
  noxus-secrets import env-file .env --policy policy.yaml -n noxus \\
    --assign CRM_TOKEN=worker --assign LLM_KEY=pool/tenant-a --out secrets/
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Register what to import."""
    summary = "split a file of variables into Secrets, by the scopes of a policy"
    parser = flags.add_command(subparsers, "env-file", summary, _EPILOG)
    parser.add_argument("path", metavar="FILE", help="the file, or - for standard input")
    flags.add_policy(parser)
    add = parser.add_argument
    text = "of the Secrets"
    add(*("-n", "--namespace"), metavar="NAME", required=True, type=_namespace, help=text)
    add(
        "--assign",
        metavar="KEY=SCOPE",
        action="append",
        default=[],
        type=_assignment,
        help="a scope of the policy, or pool/NAME, for one variable; may be repeated",
    )
    add(
        "--unassigned",
        metavar="SCOPE",
        help="a scope, or pool/NAME, for all variables that have no other place",
    )
    add("--out", metavar="DIR", type=Path, help="write the manifests into this folder")
    add("--force", action="store_true", help="replace files of the same name")
    add(
        "--as",
        dest="form",
        choices=["secrets", "external-secrets"],
        default="secrets",
        help="what to make of it (default: secrets)",
    )
    text = "of the SecretStore, with --as external-secrets (default: noxus)"
    add("--store-name", metavar="NAME", default="noxus", help=text)
    text = "the store's entry, with --as external-secrets, as in export (default: noxus/{scope})"
    add("--path-template", metavar="PATH", default="noxus/{scope}", help=text)
    flags.add_output(parser, "table", "where each variable goes", "the same")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Split the file, and write what was asked for."""
    # Imported here: pydantic costs commands that need no policy a tenth of a second.
    from webhook.migration.assign import UnknownPlaceError, assign, places  # noqa: PLC0415

    if args.out and args.form != "secrets":
        raise UsageError("--out goes with --as secrets; ExternalSecrets hold no values: pipe them")
    _check_path(args.path_template)
    policy = _policy(args)
    holder = _read(args)
    keys = list(dict.fromkeys(entry.key for entry in holder.entries))
    said = dict(args.assign)
    absent = [key for key in said if key not in keys]
    if absent:
        raise UsageError(f"--assign {absent[0]}: the file has no such variable")
    try:
        assigned = assign(keys, places(policy.spec, args.namespace), said, args.unassigned)
    except UnknownPlaceError as error:
        raise UsageError(str(error)) from None
    lost = [it for it in assigned if it.place is None and not it.skipped]
    if args.form == "external-secrets" and not lost:
        _print_external(args, assigned, policy.metadata.name)
        return 0
    _report(args, assigned)
    if lost:
        sys.stdout.flush()
        print(_advice(lost), file=sys.stderr)
        return 1
    if args.out:
        _write(args, assigned, holder)
    return 0


def _namespace(text: str) -> str:
    try:
        return dns_label(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _assignment(text: str) -> tuple[str, str]:
    key, equals, scope = text.partition("=")
    if not (key and equals and scope):
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=SCOPE")
    return key, scope


def _check_path(path: str) -> None:
    from webhook.externalsecrets import template  # noqa: PLC0415

    try:
        template.of_entry(path, template.ENTRY)
    except template.BadTemplateError as error:
        raise UsageError(f"--path-template: {error}") from None


def _policy(args: argparse.Namespace) -> "Policy":
    loaded = flags.load_policy(args)
    governing = loaded.policies.govern(args.namespace)
    if governing is None:
        raise UsageError(f"no policy covers namespace {args.namespace}: nothing would read these")
    sources = {source.policy.metadata.name: source.policy for source in loaded.sources}
    return sources[governing.name]


def _read(args: argparse.Namespace) -> "Holder":
    """Read the file; what is no variable stops the import, so that nothing is lost silently."""
    from webhook.secretref.envfile import read  # noqa: PLC0415
    from webhook.secretref.finding import Rule  # noqa: PLC0415

    file = "<stdin>" if args.path == "-" else args.path
    try:
        content = sys.stdin.buffer.read() if args.path == "-" else Path(args.path).read_bytes()
        holder, findings = read(content.decode(), file)
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file}: not UTF-8 text") from None
    broken = [it for it in findings if it.rule in {Rule.NO_ASSIGNMENT, Rule.NAME}]
    if broken:
        lines = "\n".join(f"{it.file}:{it.line}: {it.message}" for it in broken)
        raise UsageError(f"not every line is a variable, and nothing was written:\n{lines}")
    for it in findings:
        named = f"{it.key}: " if it.key else ""
        print(f"warning: {it.file}:{it.line}: {named}{it.message}", file=sys.stderr)
    if not holder.entries:
        raise UsageError(f"{file}: there is no variable in it")
    return holder


def _report(args: argparse.Namespace, assigned: "Sequence[Assigned]") -> None:
    from webhook.commands.output import as_json  # noqa: PLC0415
    from webhook.report.lines import aligned  # noqa: PLC0415

    if args.output == "json":
        items = [
            {
                "key": it.key,
                "scope": it.place.scope if it.place else None,
                "secret": it.place.secret if it.place else None,
                "secretKey": it.secret_key,
                "skipped": it.skipped,
                "why": it.why,
            }
            for it in assigned
        ]
        print(as_json({"kind": "EnvFileImport", "namespace": args.namespace, "items": items}))
        return
    rows = [("VARIABLE", "SECRET", "SCOPE", "WHY")]
    for it in assigned:
        secret = it.place.secret if it.place else ("(left out)" if it.skipped else "(none)")
        rows.append((it.key, secret, it.place.scope if it.place else "", it.why))
    for cells in aligned(rows):
        print("  ".join(cells).rstrip())


def _advice(lost: "Sequence[Assigned]") -> str:
    several = len(lost) != 1
    return (
        f"noxus-secrets: {len(lost)} variable{'s have' if several else ' has'} no place, and "
        f"nothing was written: say with --assign {lost[0].key}=SCOPE who may read "
        f"{'each' if several else 'it'}, or with --unassigned SCOPE for all"
    )


def _write(args: argparse.Namespace, assigned: "Sequence[Assigned]", holder: "Holder") -> None:
    from webhook.commands.newfiles import write_new  # noqa: PLC0415
    from webhook.migration.secrets import manifests  # noqa: PLC0415

    values = {entry.key: str(entry.value) for entry in holder.entries}  # of several the last counts
    made = manifests(assigned, values, args.namespace)
    write_new(args.out, {f"{name}.yaml": text for name, text in made.items()}, force=args.force)
    print(f"wrote {', '.join(str(args.out / f'{name}.yaml') for name in made)}", file=sys.stderr)


def _print_external(args: argparse.Namespace, assigned: "Sequence[Assigned]", policy: str) -> None:
    from webhook.commands.output import as_json  # noqa: PLC0415
    from webhook.externalsecrets import template, text  # noqa: PLC0415
    from webhook.externalsecrets.objects import Filling, external_secret  # noqa: PLC0415

    fillings: dict[str, Filling] = {}
    for it in assigned:
        if it.place is None:
            continue
        secret, scope = it.place.secret, it.place.scope
        names = {"scope": scope, "secret": secret, "policy": policy}
        entry = template.fill(args.path_template, **names, namespace=args.namespace)
        before = fillings.get(secret)
        scopes = tuple(dict.fromkeys((*(before.scopes if before else ()), scope)))
        keys = (*(before.keys if before else ()), (it.secret_key, entry))
        fillings[secret] = Filling(secret, scopes, None, keys)
    found = [external_secret(it, args.namespace, args.store_name, "1h") for it in fillings.values()]
    if args.output == "json":
        print(as_json(text.as_list(found)))
        return
    head = "Made of a file of variables: the keys that it has, and no value of it."
    print(text.as_yaml(found, head), end="", file=raw(sys.stdout))
