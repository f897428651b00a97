"""`noxus-secrets import helm-values`: a policy with the pools of the Helm values."""

import argparse
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from webhook.commands import flags
from webhook.errors import UsageError
from webhook.terminal import raw

if TYPE_CHECKING:
    from webhook.commands.flags import Subparsers
    from webhook.migration.helm import Imported

_EPILOG = """\
Takes worker.pools of the values, as a map of pools or in the older form of a
list, and prints a policy with these pools. What cannot be taken over is told on
standard error. With --policy that policy is printed with the pools of the values:
what it says of pools beyond the chart's fields stays, and so do pools that the
values do not have, and comments.

examples:
  noxus-secrets import helm-values values.yaml -n noxus > policy.yaml
  helm get values noxus -o yaml | noxus-secrets import helm-values - --policy policy.yaml
"""
_SKELETON = """\
# Made of Helm values by noxus-secrets import helm-values; noxus-secrets check reads it.
apiVersion: secrets.noxus.ai/v1alpha1
kind: SecretInjectionPolicy
metadata:
  name: noxus
spec:
  scopes: # in injection order: a later source wins
    - name: shared # what Noxus documents for every service of the platform
      roles: [frontend, backend, worker, relay, plugin-server]
      envFrom:
        - secretRef: {name: app-env}
    # For keys that workers alone may have, add a scope with roles: [worker] here.
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Register what to import."""
    summary = "make a policy of the worker pools of the Noxus Helm values"
    parser = flags.add_command(subparsers, "helm-values", summary, _EPILOG)
    parser.add_argument("path", metavar="FILE", help="the values, or - for standard input")
    parser.add_argument(
        "--policy", metavar="FILE", help="a policy whose pools are to be those of the values"
    )
    parser.add_argument(
        *("-n", "--namespace"),
        metavar="NAME",
        action="append",
        default=[],
        help="limit the policy and its new pools to this namespace; may be repeated",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the policy."""
    imported = _values(args)
    tree = _policy(args)
    spec = tree["spec"]
    if args.namespace and not args.policy:
        spec.insert(0, "namespaces", _flow(args.namespace))
    _merge(spec, imported, args.namespace)
    out = io.StringIO()
    _yaml().dump(tree, out)
    _judge(out.getvalue())
    for sentence in imported.left_out:
        print(f"noxus-secrets: {sentence}", file=sys.stderr)
    raw(sys.stdout).write(out.getvalue())
    return 0


def _values(args: argparse.Namespace) -> "Imported":
    from webhook.loading.problems import PolicyError  # noqa: PLC0415
    from webhook.loading.yamltree import read_documents  # noqa: PLC0415
    from webhook.migration.helm import NotValuesError, pools_of_values  # noqa: PLC0415

    text, file = _content(args.path)
    try:
        documents = list(read_documents(text, file))
        if len(documents) != 1:
            raise UsageError(f"{file}: there must be one document of values in it")
        return pools_of_values(documents[0].value)
    except PolicyError as error:
        # The line and no more: values may hold what is secret.
        lines = ", ".join(str(problem.line) for problem in error.problems)
        raise UsageError(f"{file}: not YAML, at line {lines}") from None
    except NotValuesError as error:
        raise UsageError(f"{file}: {error}") from None


def _content(path: str) -> tuple[str, str]:
    file = "<stdin>" if path == "-" else path
    try:
        content = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        return content.decode("utf-8-sig"), file
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file}: not UTF-8 text") from None


def _policy(args: argparse.Namespace) -> Any:  # noqa: ANN401 - a tree of ruamel's, with comments
    """Return the policy to put the pools into; raises `UsageError` where it does not load."""
    if not args.policy:
        return _yaml().load(_SKELETON)
    flags.load_path(args.policy)
    documents = list(_yaml().load_all(_content(args.policy)[0]))
    if len(documents) != 1:
        raise UsageError(f"{args.policy}: it holds several policies: name a file with one")
    return documents[0]


def _merge(spec: Any, imported: "Imported", namespaces: list[str]) -> None:  # noqa: ANN401
    """Put the pools into a policy's spec, and tell what changes in one that was there."""
    from webhook.migration.helm import FIELDS  # noqa: PLC0415

    pools = spec.setdefault("worker", {}).setdefault("pools", {})
    for name, fields in imported.pools.items():
        there = pools.get(name)
        if there is None:
            limit = {"namespaces": _flow(namespaces)} if namespaces else {}
            pools[name] = {**fields, **limit}
            continue
        before = there.get("envSecretRef") or "none"
        for key in [key for key in there if key in FIELDS and key not in fields]:
            del there[key]
        there.update(fields)
        after = fields.get("envSecretRef") or "none"
        if after != before:
            print(f"noxus-secrets: pool {name}: its Secret was {before}", file=sys.stderr)
    kept = [name for name in pools if name not in imported.pools]
    if kept:
        print(
            f"noxus-secrets: the values have no pool {', '.join(kept)}: kept as it was; remove it "
            "from the policy once no pod of it runs",
            file=sys.stderr,
        )


def _judge(text: str) -> None:
    """Load what is about to be printed, so that only what loads is."""
    from webhook.loading.load import load_text  # noqa: PLC0415
    from webhook.loading.problems import PolicyError  # noqa: PLC0415

    try:
        loaded = load_text(text)
    except PolicyError as error:
        said = "\n".join(f"{it.field}: {it.message}" for it in error.problems)
        raise UsageError(f"the pools of the values make no policy:\n{said}") from None
    for warning in loaded.warnings():
        print(f"warning: {warning.field}: {warning.message}", file=sys.stderr)


def _yaml() -> Any:  # noqa: ANN401 - ruamel has no types
    from ruamel.yaml import YAML  # noqa: PLC0415 - slow to load

    writer = YAML()
    writer.width = 1 << 30  # lines stay as they are written
    writer.indent(mapping=2, sequence=4, offset=2)
    return writer


def _flow(names: list[str]) -> Any:  # noqa: ANN401
    from ruamel.yaml.comments import CommentedSeq  # noqa: PLC0415

    sequence = CommentedSeq(names)
    sequence.fa.set_flow_style()
    return sequence
