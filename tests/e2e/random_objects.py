"""Pods and workloads drawn at random, made so that the API server has nothing of its own to say."""

import copy
from dataclasses import dataclass
from typing import Any

from tests.properties.changes import changed
from tests.properties.oracle_policy import Json
from tests.properties.oracle_references import containers_of
from tests.properties.pods import pod
from tests.properties.tape import Tape
from tests.properties.users import user

GREEDY = 40  # percent of the objects that name any Secret they like
# Group and version, plural, kind, and whether its template may be changed.
KINDS = (
    ("apps/v1", "deployments", "Deployment", True),
    ("apps/v1", "statefulsets", "StatefulSet", True),
    ("apps/v1", "daemonsets", "DaemonSet", True),
    ("apps/v1", "replicasets", "ReplicaSet", True),
    ("v1", "replicationcontrollers", "ReplicationController", True),
    ("v1", "podtemplates", "PodTemplate", True),
    ("batch/v1", "cronjobs", "CronJob", True),
    ("batch/v1", "jobs", "Job", False),
)
SET = "example.com/set"  # the label by which a workload finds its pods; no policy reads it


@dataclass(frozen=True)
class Drawn:
    """One request: an object for a namespace, perhaps over another, and who sends it."""

    namespace: str
    resource: Json  # group, version and plural
    new: Json
    old: Json | None
    who: Json  # a userInfo

    @property
    def collection(self) -> str:
        """The path of the objects of this kind, below that of the namespaces."""
        group, version = self.resource["group"], self.resource["version"]
        return f"/apis/{group}/{version}" if group else f"/api/{version}"


def drawn(tape: Tape, policies: list[Json], namespace: str, number: int) -> Drawn:
    """Draw one request; `number` names its object."""
    who = sender(tape)
    template = valid(pod(tape, policies, namespace, GREEDY))
    if tape.chance(35):
        pods = {"group": "", "version": "v1", "resource": "pods"}
        metadata = template["metadata"] | {"generateName": "p-"}
        return Drawn(namespace, pods, template | {"metadata": metadata}, None, who)
    api, plural, kind, may_change = tape.pick(KINDS)
    updates, back = may_change and tape.chance(65), tape.chance(30)
    group, _, version = api.rpartition("/")
    resource = {"group": group, "version": version, "resource": plural}
    name = f"w-{number}"
    template["metadata"]["labels"] = {**(template["metadata"].get("labels") or {}), SET: name}
    after = valid(changed(tape, template)) if updates else template
    new, old = (template, after) if back else (after, template)
    head = {"apiVersion": api, "kind": kind}
    return Drawn(
        namespace,
        resource,
        head | _workload(kind, name, new),
        head | _workload(kind, name, old) if updates else None,
        who,
    )


def sender(tape: Tape) -> Json:
    """Somebody who may be impersonated, with all rights by RBAC: ours are what is tried."""
    who = user(tape)
    groups = [it for it in who.get("groups") or [] if it != "system:nodes"]
    name = (who.get("username") or "").strip() or "somebody"
    return {"username": name, "groups": [*groups, "system:masters"]}


def _workload(kind: str, name: str, template: Json) -> Json:
    head: Json = {"metadata": {"name": name}}
    if kind == "PodTemplate":
        return head | {"template": template}
    if kind in {"Job", "CronJob"}:
        job = {"suspend": True, "template": copy.deepcopy(template)}
        job["template"]["spec"]["restartPolicy"] = "Never"
        yearly = {"schedule": "0 0 1 1 *", "suspend": True, "jobTemplate": {"spec": job}}
        return head | {"spec": job if kind == "Job" else yearly}
    plain = kind == "ReplicationController"
    selector: Json = {SET: name} if plain else {"matchLabels": {SET: name}}
    spec: Json = {"selector": selector, "template": template}
    spec |= {} if kind == "DaemonSet" else {"replicas": 0}
    spec |= {"serviceName": name} if kind == "StatefulSet" else {}
    return head | {"spec": spec}


def valid(body: Json) -> Json:
    """Take away what the API server refuses or drops whatever we say."""
    result: Json = {
        "metadata": copy.deepcopy(body["metadata"]),
        "spec": copy.deepcopy(body["spec"]),
    }
    metadata, spec = result["metadata"], result["spec"]
    for key in ("namespace", "name", "generateName"):
        metadata.pop(key, None)
    for key in ("kubernetes.io/config.mirror", "example.com/~own"):
        (metadata.get("annotations") or {}).pop(key, None)
    for key, value in list((metadata.get("labels") or {}).items()):
        if value == "?":
            metadata["labels"][key] = "other"
    spec.pop("ephemeralContainers", None)
    spec.pop("futureField", None)
    spec["volumes"] = [it for it in spec.get("volumes") or [] if _is_plain(it)]
    names = {it["name"] for it in spec["volumes"]}
    for container in containers_of(result):
        container.pop("restartPolicy", None)
        container.pop("futureField", None)
        mounts = {it["name"]: it for it in container.get("volumeMounts") or []}
        container["volumeMounts"] = [it for name, it in mounts.items() if name in names]
        container["envFrom"] = [_element(it) for it in container.get("envFrom") or [] if _reads(it)]
        container["env"] = [_variable(it) for it in container.get("env") or [] if _is_ordinary(it)]
    return result


def _is_plain(volume: Json) -> bool:
    """Volumes of the old kinds lack what else they need."""
    kind = next(it for it in volume if it != "name")
    return kind in {"secret", "projected", "configMap", "csi", "azureFile"}


def _reads(element: Json) -> bool:
    return any((element.get(it) or {}).get("name") for it in ("secretRef", "configMapRef"))


def _element(element: Json) -> Json:
    return {key: it for key, it in element.items() if key != "futureField" and it is not None}


def _is_ordinary(variable: Json) -> bool:
    """No files of variables: a feature that is not on everywhere."""
    return "fileKeyRef" not in (variable.get("valueFrom") or {})


def _variable(variable: Json) -> Json:
    source: Any = variable.get("valueFrom")
    if source is None:
        return variable
    filled = {key: it for key, it in source.items() if it is not None}
    return {"name": variable["name"], "valueFrom": filled}
