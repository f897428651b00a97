"""The kinds of workloads, each with a template where it has one, and writing them."""

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.controlplane.client import Response
from tests.e2e.harness import CREATED, OK
from tests.e2e.world import Namespace

Json = Any

WORKLOADS = 'admission webhook "workloads.enabled.validate.secrets.noxus.ai" denied the request: '
YEARLY = "0 0 1 1 *"
MERGE = "application/merge-patch+json"


@dataclass(frozen=True)
class Kind:
    """A kind of workload: where it is in the API, and where its template is in it."""

    api_version: str
    kind: str
    resource: str
    place: str = "spec.template"

    def path(self, namespace: str) -> str:
        """The path of its objects."""
        root = "/apis" if "/" in self.api_version else "/api"
        return f"{root}/{self.api_version}/namespaces/{namespace}/{self.resource}"

    def of(self, pod: Json, name: str = "web", **spec: Json) -> Json:
        """Make one of a pod; it makes no pods by itself, unless `spec` says so."""
        return copy.deepcopy(_object(self, pod, name, spec))

    def template(self, workload: Json) -> Json:
        """Find the template in one."""
        for step in self.place.split("."):
            workload = workload[step]
        return workload


DEPLOYMENT = Kind("apps/v1", "Deployment", "deployments")
STATEFUL_SET = Kind("apps/v1", "StatefulSet", "statefulsets")
DAEMON_SET = Kind("apps/v1", "DaemonSet", "daemonsets")
REPLICA_SET = Kind("apps/v1", "ReplicaSet", "replicasets")
REPLICATION_CONTROLLER = Kind("v1", "ReplicationController", "replicationcontrollers")
JOB = Kind("batch/v1", "Job", "jobs")
CRON_JOB = Kind("batch/v1", "CronJob", "cronjobs", "spec.jobTemplate.spec.template")
POD_TEMPLATE = Kind("v1", "PodTemplate", "podtemplates", "template")
KINDS = (
    DEPLOYMENT,
    STATEFUL_SET,
    DAEMON_SET,
    REPLICA_SET,
    REPLICATION_CONTROLLER,
    JOB,
    CRON_JOB,
    POD_TEMPLATE,
)


def _object(kind: Kind, pod: Json, name: str, more: Json) -> Json:
    labels = {"app": name, **pod["metadata"].get("labels", {})}
    meta: Json = {"labels": labels}
    if annotations := pod["metadata"].get("annotations"):
        meta["annotations"] = annotations
    template: Json = {"metadata": meta, "spec": pod["spec"]}
    head = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": name}}
    if kind is POD_TEMPLATE:
        return head | {"template": template}
    if kind in {JOB, CRON_JOB}:
        template["spec"] = {"restartPolicy": "Never", **pod["spec"]}
    if kind is JOB:
        return head | {"spec": {"suspend": True, "template": template} | more}
    if kind is CRON_JOB:
        spec: Json = {"schedule": YEARLY, "jobTemplate": {"spec": {"template": template}}}
        return head | {"spec": spec | more}
    app = {"app": name}
    spec = {"template": template, "selector": {"matchLabels": app}}
    if kind is REPLICATION_CONTROLLER:
        spec["selector"] = app
    if kind is not DAEMON_SET:  # without nodes it makes none
        spec["replicas"] = 0
    return head | {"spec": spec | more}


def create(namespace: Namespace, kind: Kind, workload: Json, **request: Any) -> Response:  # noqa: ANN401
    return namespace.plane.api("POST", kind.path(namespace.name), workload, **request)


def stored(namespace: Namespace, kind: Kind, pod: Json, **of: Any) -> Json:  # noqa: ANN401
    """Make a workload of a pod, which must be possible, and return it as it is stored."""
    answer = create(namespace, kind, kind.of(pod, **of))
    assert answer.status == CREATED, answer.message
    return answer.body


def started_unjudged(namespace: Namespace, kind: Kind, pod: Json, name: str = "web") -> None:
    """Have pods made of a workload that was there before the opt-in, and was never judged."""
    stored(namespace, kind, pod, name=name)
    if kind is DEPLOYMENT:  # its ReplicaSet would be refused instead, if it came later

        def seen() -> bool:
            return bool(read(namespace, kind, name)["status"].get("observedGeneration"))

        namespace.plane.wait_for(seen, "ReplicaSet")
    namespace.opt_in()
    start: Json = {"suspend": False} if kind is JOB else {"replicas": 1}
    answer = patch(namespace, kind, {"spec": start}, name=name)
    assert answer.status == OK, answer.message


def listed(workloads: Iterable[Json]) -> Json:
    """Put workloads into one object, for kubectl."""
    return {"apiVersion": "v1", "kind": "List", "items": list(workloads)}


def read(namespace: Namespace, kind: Kind, name: str = "web") -> Json:
    answer = namespace.plane.api("GET", f"{kind.path(namespace.name)}/{name}")
    assert answer.status == OK, answer.message
    return answer.body


def patch(
    namespace: Namespace,
    kind: Kind,
    body: Json,
    part: str = "",
    *,
    name: str = "web",
    **who: Any,  # noqa: ANN401
) -> Response:
    """Merge something into a workload, or into a part of it such as `scale`."""
    path = f"{kind.path(namespace.name)}/{name}{part and f'/{part}'}"
    return namespace.plane.api("PATCH", path, body, content_type=MERGE, **who)


def make_due(namespace: Namespace, cron_job: str) -> None:
    """Have a CronJob run now and not again: its controller shall believe that it missed a year."""
    status = {"status": {"lastScheduleTime": "2025-12-01T00:00:00Z"}}
    assert patch(namespace, CRON_JOB, status, "status", name=cron_job).status == OK
