"""Whether the webhook may do what policies ask of it with `reload.mode: Rollout`."""

from collections.abc import Iterator
from typing import Final

from webhook.doctor.findings import Check, Finding, check, failed, plural, warning
from webhook.doctor.rights import ACCOUNT
from webhook.doctor.snapshot import Let, NotRead, Restarts, Snapshot

_COMPONENT: Final = (
    "kubectl apply -f manifests/components/reload/rbac.yaml; with Helm: --set reload.enabled=true"
)
# Roles are added up, so each kind has one of its own; that of Secrets is the guide's.
_ROLES: Final = {"secret": "noxus-secrets-reload", "configmap": "noxus-secrets-reload-configmaps"}


def examine_restarts(snapshot: Snapshot) -> Check:
    """Look for rights that the webhook lacks, in the cluster and in each namespace."""
    restarts = snapshot.restarts
    if restarts is None:
        return check("restarts", (), "no policy asks for any")
    if isinstance(restarts, NotRead):
        return Check("restarts", (restarts.finding("rights of the webhook to restart workloads"),))
    where = plural(len(restarts.namespaces), "namespace")
    well = f"when a Secret changes, the webhook may restart what is given it, in {where}"
    return check("restarts", _findings(restarts, snapshot.namespace), well)


def _findings(restarts: Restarts, ours: str) -> Iterator[Finding]:
    if not restarts.listed:
        many = restarts.policies[1:]
        yield failed(
            f"{'policies' if many else 'policy'} {', '.join(restarts.policies)} "
            f"{'say' if many else 'says'} reload.mode: Rollout, and the webhook may not list "
            "namespaces: nothing is restarted when a Secret changes",
            _COMPONENT,
        )
    for it in restarts.namespaces:
        yield from _namespace(it, f"{ours}:{ACCOUNT}")


def _namespace(let: Let, account: str) -> Iterator[Finding]:
    if let.lacking:
        yield warning(
            f"policy {let.policy} restarts workloads of namespace {let.namespace} when a Secret "
            f"changes, and the webhook may not {_verbs(let)} there",
            _bind(let, "noxus-secrets-restarts", "--clusterrole=noxus-secrets-reload", account),
        )
    if isinstance(let.unseen, NotRead):
        yield let.unseen.finding(f"what workloads of namespace {let.namespace} are given")
    elif let.unseen:
        yield warning(
            f"workloads of namespace {let.namespace} are given {', '.join(let.unseen)}, and are "
            "not restarted when that changes: the webhook may not get it",
            "; ".join(_allow(let, let.unseen, account)),
        )


def _verbs(let: Let) -> str:
    resources: dict[str, list[str]] = {}
    for verb, resource in let.lacking:
        resources.setdefault(verb, []).append(resource)
    return " or ".join(f"{verb} {', '.join(found)}" for verb, found in resources.items())


def _allow(let: Let, unseen: tuple[str, ...], account: str) -> Iterator[str]:
    """Say how its owner lets us in, by name; a Role that is there is to be edited instead."""
    for kind, role in _ROLES.items():
        names = [it.partition("/")[2] for it in unseen if it.startswith(f"{kind}/")]
        if names:
            listed = " ".join(f"--resource-name={name}" for name in names)
            yield (
                f"kubectl -n {let.namespace} create role {role} --verb=get --resource={kind}s "
                f"{listed} (kubectl edit role, where it is there already)"
            )
            yield _bind(let, role, f"--role={role}", account)


def _bind(let: Let, name: str, role: str, account: str) -> str:
    return f"kubectl -n {let.namespace} create rolebinding {name} {role} --serviceaccount={account}"
