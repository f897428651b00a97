"""Policy and store -> manifests, or every reason why there are none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from webhook.core.policy import Policy
from webhook.externalsecrets import objects
from webhook.externalsecrets.entries import Entries, Shared, StoreOf
from webhook.externalsecrets.objects import Manifest
from webhook.externalsecrets.reach import Open
from webhook.externalsecrets.stores import ServiceAccount
from webhook.externalsecrets.wanted import Wanted, wanted


class CannotExportError(Exception):
    """No manifests can be made; each problem is a sentence with the way out."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Options:
    """What a policy does not say."""

    path_template: str  # of the entry in the store; its placeholders are checked
    store_name: str = "noxus"
    account: str = "noxus-external-secrets"
    account_namespace: str = "external-secrets"  # of the one account, where cluster-scoped
    refresh_interval: str = "1h"
    namespaces: tuple[str, ...] = ()  # only these; empty: those that the policy names
    cluster_scoped: bool = False


@dataclass(frozen=True, slots=True)
class Export:
    """What is made of policies."""

    manifests: list[Manifest]  # in the order to apply them
    shared: tuple[Shared, ...]  # entries of the store that policies have in common


@dataclass(frozen=True, slots=True)
class Placed:
    """A Secret with the namespaces that it is for; None: every opted-in one."""

    policy: str
    wanted: Wanted
    names: tuple[str, ...] | None


def export(policies: Sequence[Policy], store_of: StoreOf, options: Options) -> Export:
    """Make the manifests of policies.

    Raises `CannotExportError` with every problem.
    """
    problems: list[str] = []
    found: list[Manifest] = []
    covered: set[str] = set()
    entries = Entries(store_of, options.path_template, problems)
    for policy in policies:
        placed = list(_place(policy, options, problems))
        make = _cluster_scoped if options.cluster_scoped else _namespaced
        found += make(placed, store_of, entries, options) if placed else []
        covered |= {name for each in placed for name in each.names or ()}
    names = ", ".join(policy.metadata.name for policy in policies)
    problems += [
        f"namespace {name}: policy {names} wants no Secret in it"
        for name in options.namespaces
        if name not in covered
    ]
    if not problems and not found:
        problems.append(f"policy {names} names no Secret: there is nothing to fill")
    kept = _once(found, problems)
    if problems:
        raise CannotExportError(list(dict.fromkeys(problems)))
    return Export(kept, tuple(entries.shared()))


def _once(found: list[Manifest], problems: list[str]) -> list[Manifest]:
    """Keep what policies have in common once, and say where they disagree."""
    by_identity: dict[tuple[str, str, str], Manifest] = {}
    for each in found:
        if by_identity.setdefault(each.identity, each).value != each.value:
            kind, namespace, name = each.identity
            where = f" in namespace {namespace}" if namespace else ""
            problems.append(
                f"two policies want different things of {kind} {name}{where}: export them one at "
                "a time, with --namespace"
            )
    return list(by_identity.values())


def _place(policy: Policy, options: Options, problems: list[str]) -> Iterator[Placed]:
    policy_name = policy.metadata.name
    unlisted: dict[str, list[str]] = {}  # what is missing -> the Secrets that it is missing for
    for each in wanted(policy.spec):
        reach = each.reach
        if options.namespaces:
            names = tuple(name for name in sorted(set(options.namespaces)) if reach.covers(name))
        elif reach.open() is Open.NO:
            names = tuple(reach.names())
        elif reach.open() is Open.POLICY and options.cluster_scoped:
            yield Placed(policy_name, each, None)
            continue
        else:
            named = f"{each.secret} ({each.scopes[0]})"
            unlisted.setdefault(_unlisted(each, options), []).append(named)
            continue
        if names:
            yield Placed(policy_name, each, names)
    problems += [
        f"Secret{'s' if len(named) > 1 else ''} {', '.join(named)}: {what}"
        for what, named in unlisted.items()
    ]


def _unlisted(each: Wanted, options: Options) -> str:
    globs = ", ".join(map(repr, each.reach.globs()))
    what = f"globs {globs}" if globs else "no names of namespaces"
    if options.cluster_scoped:
        return (
            f"kept to namespaces by {what}, which no selector can say: name the namespaces with "
            "--namespace"
        )
    return (
        f"the policy gives {what}: name the namespaces with --namespace, or give --cluster-scoped"
    )


def _namespaced(
    placed: list[Placed], store_of: StoreOf, entries: Entries, options: Options
) -> list[Manifest]:
    found: list[Manifest] = []
    for namespace in sorted({name for each in placed for name in each.names or ()}):
        store = store_of(namespace)
        found += [
            objects.service_account(options.account, namespace, store),
            objects.secret_store(options.store_name, namespace, options.account, store),
        ]
        found += [
            objects.external_secret(
                entries.filling(each.wanted, each.policy, namespace),
                namespace,
                options.store_name,
                options.refresh_interval,
            )
            for each in placed
            if namespace in (each.names or ())
        ]
    return found


def _cluster_scoped(
    placed: list[Placed], store_of: StoreOf, entries: Entries, options: Options
) -> list[Manifest]:
    account = ServiceAccount(options.account, options.account_namespace)
    store = store_of("")
    return [
        objects.service_account(options.account, options.account_namespace, store),
        objects.cluster_secret_store(options.store_name, account, store),
        *(
            objects.cluster_external_secret(
                entries.filling(each.wanted, each.policy, ""),
                each.names,
                options.store_name,
                options.refresh_interval,
            )
            for each in placed
        ),
    ]
