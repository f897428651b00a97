"""Workloads and pod updates drawn from a tape."""

import copy
from typing import Any, Final

from tests.properties.changes import changed, new_image
from tests.properties.names import POOLS, ROLES
from tests.properties.oracle_policy import Json
from tests.properties.pods import pod
from tests.properties.policies import several_policies
from tests.properties.strategies import Scenario, a_namespace, envelope
from tests.properties.tape import Tape
from tests.properties.users import user
from webhook.core.words import Hook, NamespaceMode

# Group, version, kind, plural, and where a template goes: `*` is a list, `?` a map of several.
KINDS: Final = (
    ("apps", "v1", "Deployment", "deployments", "spec.template"),
    ("batch", "v1", "CronJob", "cronjobs", "spec.jobTemplate.spec.template"),
    ("apps", "v1", "StatefulSet", "statefulsets", "spec.template"),
    ("apps", "v1", "DaemonSet", "daemonsets", "spec.template"),
    ("apps", "v1", "ReplicaSet", "replicasets", "spec.template"),
    ("", "v1", "ReplicationController", "replicationcontrollers", "spec.template"),
    ("batch", "v1", "Job", "jobs", "spec.template"),
    ("", "v1", "PodTemplate", "podtemplates", "template"),
    ("argoproj.io", "v1alpha1", "Rollout", "rollouts", "spec.template"),
    ("kubeflow.org", "v1", "PyTorchJob", "pytorchjobs", "spec.pytorchReplicaSpecs.?.template"),
    ("example.com", "v1", "Flow", "flows", "spec.steps.*.template"),
)


def template(tape: Tape, policies: list[Json], namespace: str, greedy: int) -> Json:
    """A pod without what only a pod has."""
    drawn = pod(tape, policies, namespace, greedy)
    metadata = {
        key: it for key, it in drawn["metadata"].items() if key in ("labels", "annotations")
    }
    return {"metadata": metadata, "spec": drawn["spec"]}


def placed(path: str, templates: list[Json]) -> Json:
    """A workload with its templates where its kind has them."""
    *steps, last = path.split(".")
    inner: Any = [{last: it} for it in templates]
    if not steps or steps[-1] not in "*?":
        inner = inner[0]
    for step in reversed(steps):
        if step == "?":
            inner = {f"Part{i}": it for i, it in enumerate(inner)}
        elif step != "*":
            inner = {step: inner}
    return {"metadata": {"name": "w"}, **inner}


def workload(tape: Tape, hook: Hook, mode: NamespaceMode, *, greedy: int = 25) -> Scenario:
    """It is created, or changed in ways that may or may not add something."""
    policies = several_policies(tape)
    namespace, who = a_namespace(tape), user(tape)
    group, version, kind, plural, path = tape.pick(KINDS)
    updates, back, status = tape.chance(65), tape.chance(30), tape.chance(3)
    several = tape.number(3) if "*" in path or "?" in path else 1
    old = [template(tape, policies, namespace, greedy) for _ in range(several)]
    new = [changed(tape, it) for it in old]
    if several > 1 and tape.chance(25):
        new.reverse()
    if back:
        old, new = new, old
    review = envelope(
        tape,
        namespace,
        placed(path, new),
        placed(path, old) if updates else None,
        who=who,
        kind={"group": group, "version": version, "kind": kind},
        resource={"group": group, "version": version, "resource": plural},
        **({"subResource": "status"} if status else {}),
    )
    return Scenario(policies, hook, mode, review)


def image_update(tape: Tape, hook: Hook, mode: NamespaceMode, *, greedy: int = 25) -> Scenario:
    """A pod that stands gets another image, or loses a finalizer, or changes its labels."""
    policies = several_policies(tape)
    namespace, who = a_namespace(tape), user(tape)
    old = pod(tape, policies, namespace, greedy)
    new = copy.deepcopy(old)
    if tape.chance(80):
        new_image(tape, new)
    if tape.chance(25):
        new["metadata"]["finalizers"] = ["example.com/x"]
    if tape.chance(15):
        forged = {"noxus.ai/role": tape.pick(ROLES), "noxus.ai/worker-pool": tape.pick(POOLS)}
        new["metadata"]["labels"] = {**(new["metadata"].get("labels") or {}), **forged}
    return Scenario(policies, hook, mode, envelope(tape, namespace, new, old, who=who))
