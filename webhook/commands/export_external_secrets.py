"""`noxus-secrets export external-secrets`: manifests for External Secrets Operator."""

import argparse
import re
import sys
from typing import TYPE_CHECKING

from webhook.commands import flags
from webhook.commands.output import as_json
from webhook.commands.store_flags import PROVIDERS, add_stores, store_factory
from webhook.errors import UsageError
from webhook.terminal import raw

if TYPE_CHECKING:
    from webhook.commands.flags import Subparsers
    from webhook.core.policy import Policy
    from webhook.externalsecrets.generate import Export, Options

_EPILOG = """\
For each namespace: a ServiceAccount, a SecretStore that proves who it is with
that account's short-lived token, and an ExternalSecret for each Secret that the
policy names. What is printed holds no value and no key of a store.

A Secret that a scope reads by envFrom is filled from one entry of the store,
all keys of it. One that is read by secretKeyRef only gets just those keys.

--path-template may hold {scope}, {secret}, {policy} and {namespace}; a pool's
scope is pool/<name> (pool-<name> in Azure Key Vault, which knows no folders).
Policies with scopes of one name share its entry unless {policy} is in there.
--aws-role-arn, --vault-role and --azure-client-id may hold {namespace}, so that
each namespace is let in to what is its own.

With --cluster-scoped: one ClusterSecretStore and a ClusterExternalSecret for
each Secret, for the namespaces that carry the opt-in label.

example:
  noxus-secrets export external-secrets --policy examples/policy.yaml \\
    --namespace noxus --provider vault --vault-server https://vault.example.com \\
    --vault-role noxus
"""
_GO_DURATION = re.compile(r"(\d+(h|m|s))+")
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


def add_parser(subparsers: "Subparsers") -> None:
    """Register what to export."""
    summary = "manifests for External Secrets Operator: AWS, Vault or Azure fill the Secrets"
    parser = flags.add_command(subparsers, "external-secrets", summary, _EPILOG)
    flags.add_policy(parser)
    add = parser.add_argument
    add("--provider", choices=PROVIDERS, required=True, help="where the values are kept")
    add(
        *("-n", "--namespace"),
        metavar="NAME",
        action="append",
        default=[],
        type=_name,
        help="for these namespaces only, may be repeated (default: those that the policy names)",
    )
    add(
        "--path-template",
        metavar="PATH",
        help="the entry that fills a Secret (default: noxus/{scope}; noxus-{scope} in Azure)",
    )
    text = "how often the store is asked, as 1h or 15m (default: 1h)"
    add("--refresh-interval", metavar="TIME", default="1h", type=_duration, help=text)
    add(
        "--cluster-scoped",
        action="store_true",
        help="one store for the cluster, and namespaces by their label",
    )
    text = "name of the store's object (default: noxus)"
    add("--store-name", metavar="NAME", default="noxus", type=_name, help=text)
    _add_account(parser)
    flags.add_output(parser, "yaml", "documents with comments that say why", "a List")
    add_stores(parser)
    parser.set_defaults(run=run)


def _add_account(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    text = "name of the ServiceAccount that the store knows (default: noxus-external-secrets)"
    add(
        "--service-account", metavar="NAME", default="noxus-external-secrets", type=_name, help=text
    )
    text = "where it is with --cluster-scoped (default: external-secrets)"
    add(
        "--service-account-namespace",
        metavar="NAME",
        default="external-secrets",
        type=_name,
        help=text,
    )


def run(args: argparse.Namespace) -> int:
    """Print the manifests; what they do not hold is said on standard error."""
    from webhook.externalsecrets import text  # noqa: PLC0415 - start-up time of the others
    from webhook.externalsecrets.generate import CannotExportError, export  # noqa: PLC0415

    store_of = store_factory(args)  # its flags are wrong in any case: say so first
    options = _options(args)
    policies = [source.policy for source in flags.load_policy(args).sources]
    try:
        made = export(policies, store_of, options)
    except CannotExportError as error:
        raise UsageError(f"the policy cannot be exported like this:\n{error}") from None
    for line in [*_remarks(policies, args), *(f"warning: {it}" for it in made.shared)]:
        print(f"noxus-secrets: {line}", file=sys.stderr)
    if args.output == "json":
        print(as_json(text.as_list(made.manifests)))
    else:
        print(text.as_yaml(made.manifests, _head(policies, made)), end="", file=raw(sys.stdout))
    return 0


def _options(args: argparse.Namespace) -> "Options":
    from webhook.externalsecrets import template  # noqa: PLC0415
    from webhook.externalsecrets.generate import Options  # noqa: PLC0415

    default = "noxus-{scope}" if args.provider == "azure" else "noxus/{scope}"
    path = args.path_template or default
    allowed = template.ENTRY - ({template.NAMESPACE} if args.cluster_scoped else set())
    try:
        template.of_entry(path, allowed)
    except template.BadTemplateError as error:
        raise UsageError(f"--path-template: {error}") from None
    return Options(
        path_template=path,
        store_name=args.store_name,
        account=args.service_account,
        account_namespace=args.service_account_namespace,
        refresh_interval=args.refresh_interval,
        namespaces=tuple(args.namespace),
        cluster_scoped=args.cluster_scoped,
    )


def _head(policies: "list[Policy]", made: "Export") -> str:
    names = ", ".join(policy.metadata.name for policy in policies)
    first = (
        f"Made by noxus-secrets export external-secrets from policy {names}. It holds no value: "
        "those stay in the store."
    )
    return "\n".join([first, *(f"Warning: {it}." for it in made.shared)])


def _remarks(policies: "list[Policy]", args: argparse.Namespace) -> list[str]:
    from webhook.externalsecrets.wanted import config_maps, switched_off  # noqa: PLC0415

    found = []
    for policy in policies:
        spec = policy.spec
        maps, off = config_maps(spec), switched_off(spec)
        if maps:
            found.append(f"note: not exported, since they are ConfigMaps: {', '.join(maps)}")
        if off:
            found.append(
                f"note: not exported, since their pools are switched off: {', '.join(off)}"
            )
    if args.vault_server and args.vault_server.startswith("http://"):
        found.append("warning: --vault-server is not https: tokens and values cross in the clear")
    return found


def _duration(text: str) -> str:
    if _GO_DURATION.fullmatch(text) and re.search("[1-9]", text):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is no time: write it as 1h, 15m or 90s")


def _name(text: str) -> str:
    if _NAME.fullmatch(text):
        return text
    raise argparse.ArgumentTypeError(
        f"{text!r} is no name: use lower-case letters, digits, '-' and '.'"
    )
