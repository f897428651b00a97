"""The rules about who deploys and about workloads, each as a case small enough to see through."""

import copy
from dataclasses import dataclass
from typing import Any, Final

from tests.properties.oracle_deployers import ACCOUNT
from tests.properties.oracle_policy import Json
from tests.properties.strategies import ENABLED, Scenario, envelope
from tests.properties.tape import Tape
from webhook.core.words import Hook

POLICY: Final[Json] = {
    "apiVersion": "secrets.noxus.ai/v1alpha1",
    "kind": "SecretInjectionPolicy",
    "metadata": {"name": "noxus"},
    "spec": {
        "scopes": [
            {
                "name": "amber",
                "roles": ["worker", "frontend"],
                "envFrom": [{"secretRef": {"name": "app-env"}}],
            },
            {
                "name": "blue",
                "roles": ["backend", "worker"],
                "deployers": {"users": ["joe"], "serviceAccounts": ["argocd/argo"]},
                "envFrom": [{"secretRef": {"name": "llm-keys"}}],
            },
            {
                "name": "crimson",
                "roles": ["backend", "plugin-server"],
                "env": [
                    {
                        "name": "TOKEN",
                        "valueFrom": {"secretKeyRef": {"name": "llm-keys", "key": "TOKEN"}},
                    }
                ],
            },
        ],
        "worker": {
            "pools": {
                "tenant-a": {
                    "envSecretRef": "pool-a-keys",
                    "deployers": {"groups": ["releasers"]},
                }
            }
        },
        "containers": {"ephemeral": "Inject"},
        "guard": {"shadowing": "Deny", "unknownRole": "Deny"},
        "workloads": [
            {
                "group": "example.com",
                "kind": "Flow",
                "resource": "flows",
                "templates": ["spec.steps.*.template"],
            }
        ],
    },
}
JANE: Final[Json] = {"username": "jane", "groups": ["system:authenticated"]}
JOE: Final[Json] = {"username": "joe", "groups": ["system:authenticated"]}
ARGO: Final[Json] = {"username": ACCOUNT.format("argocd", "argo")}
JOBS: Final[Json] = {"username": ACCOUNT.format("kube-system", "job-controller")}


@dataclass(frozen=True)
class Rule:
    """A request, and whether the rule has it allowed."""

    name: str
    scenario: Scenario
    is_allowed: bool


def pod(role: str, *containers: Json, **metadata: Any) -> Json:  # noqa: ANN401 — any JSON
    labels = {"noxus.ai/role": role} | metadata.pop("labels", {})
    return {
        "metadata": {"labels": labels, **metadata},
        "spec": {"containers": list(containers) or [container()]},
    }


def container(*secrets: str, name: str = "api", **fields: Any) -> Json:  # noqa: ANN401 — any JSON
    sources = [{"secretRef": {"name": it}} for it in secrets]
    return {"name": name, "image": "a:1", **({"envFrom": sources} if sources else {}), **fields}


def asked(
    who: Json,
    new: Json,
    old: Json | None = None,
    *,
    resource: str = "pods",
    **fields: Any,  # noqa: ANN401 — any JSON
) -> Scenario:
    groups = {"pods": "", "deployments": "apps", "cronjobs": "batch", "flows": "example.com"}
    kind = {"group": groups[resource], "version": "v1", "resource": resource}
    review = envelope(Tape(b""), "noxus", new, old, who=who, resource=kind, **fields)
    return Scenario([POLICY], Hook.VALIDATE, ENABLED, review)


def created(who: Json, new: Json) -> Scenario:
    """A pod before it is injected, as the mutating hook sees it."""
    scenario = asked(who, new)
    return Scenario(scenario.policies, Hook.MUTATE, ENABLED, scenario.review)


def debugged(who: Json, standing: Json, hook: Hook, *secrets: str) -> Scenario:
    new = copy.deepcopy(standing)
    new["spec"]["ephemeralContainers"] = [container(*secrets, name="debug")]
    scenario = asked(who, new, standing, subResource="ephemeralcontainers")
    return Scenario(scenario.policies, hook, ENABLED, scenario.review)


def deployed(who: Json, new: Json, old: Json | None = None) -> Scenario:
    before = None if old is None else {"spec": {"template": old}}
    return asked(who, {"spec": {"template": new}}, before, resource="deployments")


def with_env(standing: Json, variables: list[Json]) -> Json:
    new = copy.deepcopy(standing)
    new["spec"]["containers"][0]["env"] = variables
    return new


def with_image(standing: Json) -> Json:
    new = copy.deepcopy(standing)
    new["spec"]["containers"][0]["image"] = "evil:1"
    return new


BACKEND, FRONTEND = pod("backend"), pod("frontend")
READING = pod("backend", container("llm-keys"))
READING_A_KEY = pod(
    "plugin-server",
    container(
        env=[
            {
                "name": "T",
                "valueFrom": {"secretKeyRef": {"name": "llm-keys", "key": "TOKEN"}},
            }
        ]
    ),
)
RELABELLED = pod("frontend", container("llm-keys"))
GREEDY = pod("frontend", container("llm-keys"))
RESTARTED = pod(
    "frontend", container("llm-keys"), annotations={"kubectl.kubernetes.io/restartedAt": "now"}
)
POOLED = pod("worker", labels={"noxus.ai/worker-pool": "tenant-a"})
OWNED = pod("backend", ownerReferences=[{"kind": "ReplicaSet", "name": "r", "controller": True}])
SHADOWING = container(name="b", env=[{"name": "TOKEN", "value": "mine"}])
OF_CRON = {"spec": {"jobTemplate": {"spec": {"template": GREEDY}}}}
NOBODY: Final[Json] = {"metadata": {}, "spec": {"containers": [container()]}}
HINTED: Final[Json] = with_env(NOBODY, [{"name": "WORKER_SUBSCRIBE", "value": "x"}])
BOTH_GROUPS = {"username": "joe", "groups": ["releasers"]}

RULES: Final = (
    Rule("a pod of somebody who is no deployer", created(JANE, BACKEND), is_allowed=False),
    Rule("a pod of a user among the deployers", created(JOE, BACKEND), is_allowed=True),
    Rule("a pod of a ServiceAccount among them", created(ARGO, BACKEND), is_allowed=True),
    Rule("a pod of a controller of Kubernetes", created(JOBS, BACKEND), is_allowed=True),
    Rule("a pod that claims an owner", created(JANE, OWNED), is_allowed=False),
    Rule("a pod that needs no deployer", created(JANE, FRONTEND), is_allowed=True),
    Rule("a pool without its deployers", created(JOE, POOLED), is_allowed=False),
    Rule("a pool with its deployers", created(BOTH_GROUPS, POOLED), is_allowed=True),
    Rule("another image", asked(JANE, with_image(READING), READING), is_allowed=False),
    Rule("another image by a deployer", asked(JOE, with_image(READING), READING), is_allowed=True),
    Rule(
        "another image where a scope without deployers gives the key",
        asked(JANE, with_image(READING_A_KEY), READING_A_KEY),
        is_allowed=True,
    ),
    Rule(
        "another image after the labels were changed",
        asked(JANE, with_image(RELABELLED), RELABELLED),
        is_allowed=False,
    ),
    Rule("another label on a pod that stands", asked(JANE, RELABELLED, READING), is_allowed=True),
    *(
        Rule(f"debugging what reads it ({hook})", debugged(JANE, READING, hook), is_allowed=False)
        for hook in Hook
    ),
    *(
        Rule(
            f"a debug container that would get it ({hook})",
            debugged(JANE, BACKEND, hook),
            is_allowed=False,
        )
        for hook in Hook
    ),
    Rule(
        "a debug container of a deployer",
        debugged(JOE, READING, Hook.MUTATE),
        is_allowed=True,
    ),
    Rule("a Deployment of somebody else", deployed(JANE, BACKEND), is_allowed=False),
    Rule("a Deployment of a deployer", deployed(JOE, BACKEND), is_allowed=True),
    Rule("a Deployment's image", deployed(JANE, with_image(BACKEND), BACKEND), is_allowed=False),
    Rule("a Deployment written again as it is", deployed(JANE, BACKEND, BACKEND), is_allowed=True),
    Rule("a restart", deployed(JANE, RESTARTED, GREEDY), is_allowed=True),
    Rule("a greedy Deployment", deployed(JANE, GREEDY), is_allowed=False),
    Rule("a greedy CronJob", asked(JANE, OF_CRON, resource="cronjobs"), is_allowed=False),
    Rule(
        "a greedy step of a Flow",
        asked(JANE, {"spec": {"steps": [{}, {"template": GREEDY}]}}, resource="flows"),
        is_allowed=False,
    ),
    Rule("a Secret that is added", deployed(JANE, GREEDY, FRONTEND), is_allowed=False),
    Rule("a Secret that was there", deployed(JANE, with_image(GREEDY), GREEDY), is_allowed=True),
    Rule("a template that stays nobody", deployed(JANE, HINTED, NOBODY), is_allowed=True),
    Rule("a Secret that is taken away", deployed(JANE, FRONTEND, GREEDY), is_allowed=True),
    Rule(
        "containers that change places, and shadow what they shadowed",
        deployed(
            JOE, pod("backend", SHADOWING, container()), pod("backend", container(), SHADOWING)
        ),
        is_allowed=True,
    ),
)
