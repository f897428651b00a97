"""Whether the webhook runs as it should, and its policies are in force."""

from collections.abc import Iterator
from typing import Any, Final

from webhook.doctor.findings import Check, Finding, check, failed, plural, warning
from webhook.doctor.hooks import APPLY
from webhook.doctor.snapshot import NotRead, Snapshot, named

Json = dict[str, Any]

NAME: Final = "noxus-secret-webhook"


def examine_replicas(snapshot: Snapshot) -> Check:
    """Look at the Deployment and its PodDisruptionBudget."""
    found = [*_deployment(snapshot), *_budget(snapshot)]
    deployment = snapshot.installed.deployment
    ready = _number(deployment, "readyReplicas") if isinstance(deployment, dict) else 0
    well = f"{plural(ready, 'replica')} ready, and a PodDisruptionBudget"
    return check("replicas", found, well)


def _deployment(snapshot: Snapshot) -> Iterator[Finding]:
    deployment = snapshot.installed.deployment
    of_ours = f"-n {snapshot.namespace}"
    if isinstance(deployment, NotRead):
        yield deployment.finding(f"Deployment {NAME}")
        return
    if deployment is None:
        yield failed(f"Deployment {NAME} is missing in namespace {snapshot.namespace}", APPLY)
        return
    wanted = int((deployment.get("spec") or {}).get("replicas", 1))
    ready, updated = _number(deployment, "readyReplicas"), _number(deployment, "updatedReplicas")
    look = f"kubectl {of_ours} describe pods; kubectl {of_ours} logs deployment/{NAME}"
    if ready == 0:
        yield failed("no replica is ready: new pods of enabled namespaces are refused", look)
    elif ready < wanted or updated < wanted:
        yield warning(f"{ready} of {wanted} replicas are ready, {updated} are up to date", look)
    if wanted == 1:
        yield warning(
            "there is one replica: while its node goes or is updated, pods wait",
            f"kubectl {of_ours} scale deployment/{NAME} --replicas=3",
        )


def _budget(snapshot: Snapshot) -> Iterator[Finding]:
    budget = snapshot.installed.budget
    if isinstance(budget, NotRead):
        yield budget.finding(f"PodDisruptionBudget {NAME}")
    elif budget is None:
        yield warning(
            f"PodDisruptionBudget {NAME} is missing: draining nodes may take all replicas at once",
            APPLY,
        )


def examine_policies(snapshot: Snapshot) -> Check:
    """Look at each policy's status."""
    policies = snapshot.policies
    if isinstance(policies, NotRead):
        return Check("policies", (policies.finding("policies"),))
    if policies is None:
        missing = failed(
            "SecretInjectionPolicy is not defined: the webhook has no policy and is not ready",
            APPLY,
        )
        return Check("policies", (missing,))
    if not policies:
        none = failed(
            "there is no SecretInjectionPolicy: new pods of enabled namespaces are refused",
            "kubectl apply -f examples/policy.yaml, changed as you need it",
        )
        return Check("policies", (none,))
    found = [it for policy in policies for it in _policy(policy)]
    many = "policies are" if len(policies) > 1 else "policy is"
    return check("policies", found, f"{len(policies)} {many} in force: {_names(policies)}")


def _policy(policy: Json) -> Iterator[Finding]:
    name = named(policy)
    look = f"kubectl describe secretinjectionpolicy {name}"
    generation = (policy.get("metadata") or {}).get("generation")
    conditions = (policy.get("status") or {}).get("conditions") or ()
    ready = next((it for it in conditions if it.get("type") == "Ready"), None)
    if ready is None or ready.get("observedGeneration") != generation:
        yield failed(
            f"policy {name}: generation {generation} was not judged yet; no replica leads, or it "
            "does not reach the API server",
            f"{look}; kubectl logs of the webhook",
        )
    elif ready.get("status") != "True":
        said = str(ready.get("message") or ready.get("reason") or "").splitlines()[:1]
        yield failed(f"policy {name} is not in force as it is written: {''.join(said)}", look)
    if (policy.get("spec") or {}).get("mode") == "DryRun":
        yield warning(
            f"policy {name} has mode DryRun: nothing is enforced where it governs",
            f"when you mean it: spec.mode: Enforce in policy {name}",
        )


def _names(policies: list[Json]) -> str:
    return ", ".join(sorted(map(named, policies)))


def _number(deployment: Json, field: str) -> int:
    return int((deployment.get("status") or {}).get(field) or 0)
