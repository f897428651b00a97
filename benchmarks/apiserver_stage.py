"""A real API server, two namespaces in it, and proof of what happens to a pod in the second one."""

import base64
import contextlib
import json
import os
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from benchmarks import bodies, checking
from tests.controlplane.plane import ControlPlane
from tests.controlplane.processes import ControlPlaneError, ProcessGroup, Program, wait_for

PLAIN, HOOKED = "noxus-plain", "noxus"  # no hook matches the first; the policy names the second
SELECTED = {"secrets.noxus.ai/injection": "enabled"}
CREATOR = "system:serviceaccount:kube-system:replicaset-controller"
GROUPS = ("system:serviceaccounts", "system:serviceaccounts:kube-system")
OK, CREATED, CONFLICT = 200, 201, 409
# Kyverno asks for a dozen things of the API server, one after the other, before it has a hook.
READY_SECONDS = 60.0

_ACCESS = "kube-api-access-"
_CALLS = re.compile(
    r'^apiserver_admission_webhook_request_total\{.*?\bname="([^"]+)".*\} (\S+)$', re.MULTILINE
)
_REGISTRATION = "/apis/admissionregistration.k8s.io/v1/"
_PLURALS = {
    "MutatingWebhookConfiguration": "mutatingwebhookconfigurations",
    "ValidatingWebhookConfiguration": "validatingwebhookconfigurations",
    "MutatingAdmissionPolicy": "mutatingadmissionpolicies",
    "MutatingAdmissionPolicyBinding": "mutatingadmissionpolicybindings",
}


class Stage:
    """A control plane with both namespaces; servers start and stop on it, one after the other."""

    def __init__(self, plane: ControlPlane) -> None:
        self.plane = plane
        self.body = plane.folder / "pod.json"
        self._pod = worker_pod()
        self._group = ProcessGroup(plane.folder, temporary=False)

    def __enter__(self) -> Self:
        self.body.write_text(json.dumps(self._pod, separators=(",", ":")))
        for name, labels in ((PLAIN, {}), (HOOKED, SELECTED)):
            self.create("/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
            account = {"metadata": {"name": self._pod["spec"]["serviceAccountName"]}}
            self.create(f"/api/v1/namespaces/{name}/serviceaccounts", account)
        return self

    def __exit__(self, *_: object) -> None:
        self._group.close()

    def create(self, path: str, document: Mapping[str, Any]) -> None:
        """Create an object, unless it is there; raises ControlPlaneError where it is refused."""
        answer = self.plane.api("POST", path, document)
        if answer.status not in {CREATED, CONFLICT}:
            raise ControlPlaneError(f"POST {path}: {answer.message}")

    @contextlib.contextmanager
    def program(
        self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> Iterator[Program]:
        """Start a server beside the API server, on the same cores, and stop it at the end."""
        inherited = {"PATH": os.environ.get("PATH", ""), "HOME": str(self.plane.folder)}
        program = self._group.start(name, command, {**inherited, **(environment or {})})
        try:
            yield program
        finally:
            program.stop()
            program.log.unlink(missing_ok=True)  # a line a request adds up

    @contextlib.contextmanager
    def registered(self, documents: Sequence[Mapping[str, Any]]) -> Iterator[None]:
        """Register hooks or policies with the API server, and take them away at the end."""
        with contextlib.ExitStack() as undo:
            for document in documents:
                path = _REGISTRATION + _PLURALS[document["kind"]]
                self.create(path, document)
                undo.callback(self.plane.api, "DELETE", f"{path}/{document['metadata']['name']}")
            yield

    def prove(
        self,
        *,
        injects: bool,
        called: Collection[str],
        program: Program | None = None,
        limit: float = READY_SECONDS,
    ) -> None:
        """Return when a pod comes out with exactly its sources, and just these hooks are called.

        Raises ControlPlaneError, with what came out instead, when it does not in time.
        """
        wanted = outcome(checking.expected(self._pod) if injects else self._pod)
        last = ""

        def comes_out() -> bool:
            nonlocal last
            before = self._calls()
            answer = self.plane.api(
                "POST",
                f"/api/v1/namespaces/{HOOKED}/pods?dryRun=All",
                self._pod,
                user=CREATOR,
                groups=GROUPS,
            )
            calls = self._calls() - before
            came = outcome(answer.body) if answer.status == CREATED else answer.message
            last = f"came out: {came}; called: {dict(calls)}"
            return came == wanted and calls == Counter(called)

        programs = [] if program is None else [program]
        what = f"pod as {wanted} after calls of {sorted(called)}"
        try:
            wait_for(comes_out, what, timeout=limit, programs=programs)
        except ControlPlaneError as error:
            raise ControlPlaneError(f"{str(error).strip()}\n{last}") from None

    def client_flags(self) -> list[str]:
        """Return how the load client reaches the API server, and as whom."""
        read = json.loads(self.plane.kubeconfig_for(CREATOR, GROUPS).read_text())
        user = read["users"][0]["user"]
        flags = [f"-url={self.plane.url}", f"-ca={_file(self, 'load-ca', self.plane.ca_pem)}"]
        for flag, key in (("cert", "client-certificate-data"), ("key", "client-key-data")):
            flags.append(f"-{flag}={_file(self, f'load-{flag}', base64.b64decode(user[key]))}")
        mark = f'"{checking.ANNOTATION}":'
        where = [f"-plain={PLAIN}", f"-hooked={HOOKED}", f"-mark={mark}"]
        return [*flags, f"-body={self.body}", *where]

    def _calls(self) -> Counter[str]:
        """Count the calls of each webhook since the API server started."""
        text = self.plane.api("GET", "/metrics").raw.decode()
        counted: Counter[str] = Counter()
        for name, number in _CALLS.findall(text):
            counted[name] += int(float(number))
        return counted


def worker_pod() -> bodies.Json:
    """Return the worker as its controller sends it: without what the API server adds.

    Above all without the volume of the ServiceAccount's token, whose name is another one each time.
    """
    pod: bodies.Json = bodies.worker()["request"]["object"]
    spec = pod["spec"]
    for added in ("managedFields", "namespace"):
        pod["metadata"].pop(added, None)
    for added in ("tolerations", "priority", "preemptionPolicy"):
        spec.pop(added, None)
    pod.pop("status", None)
    holders = [*spec.get("initContainers", []), *spec["containers"]]
    for holder, key in [(spec, "volumes"), *((each, "volumeMounts") for each in holders)]:
        kept = [it for it in holder.pop(key, []) if not it["name"].startswith(_ACCESS)]
        holder.update({key: kept} if kept else {})
    return pod


def outcome(pod: bodies.Json) -> dict[str, Any]:
    """Return what injection is about: the sources of each container, and the annotation."""
    spec = pod["spec"]
    return {
        "annotation": pod["metadata"].get("annotations", {}).get(checking.ANNOTATION),
        **{
            container["name"]: container.get("envFrom", [])
            for container in [*spec.get("initContainers", []), *spec["containers"]]
        },
    }


def _file(stage: Stage, name: str, content: bytes) -> Path:
    path = stage.plane.folder / name
    path.touch(mode=0o600)
    path.write_bytes(content)
    return path
