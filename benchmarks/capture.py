"""Captures what an API server sends to webhooks, and writes it into bodies/.

A control plane of its own (tests/controlplane) is told to ask a recorder about pods and
Deployments. Then a user applies a Deployment, the real controllers make its pod, and the user
changes an image. Names and times are left as they were sent: `variation.py` finds them.
"""

import argparse
import base64
import json
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import yaml

from benchmarks import bodies
from benchmarks.recorder import HOST, Recorder
from tests.controlplane.plane import ControlPlane
from tests.e2e.harness import make_certificates

FOLDER = Path(__file__).with_name("bodies")
NAMESPACE = "noxus"
_PROBE = {"name": "probe", "image": "example/probe:1"}
AUTHOR = ("--as=jane@example.com", "--as-group=system:masters")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder (%(default)s)")
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    captured = capture()
    containers = captured.pop("containers")
    for name, review in captured.items():
        body = bodies.encode(review)
        (out / f"{name}.json").write_bytes(body + b"\n")
        print(f"{name}: {len(body):,} bytes")
    sizes = [len(bodies.encode(it)) for it in (containers, bodies.many_containers())]
    print("20 containers: captured {:,} bytes, derived {:,}".format(*sizes))


def capture() -> dict[str, bodies.Json]:
    """Return the reviews by name."""
    with tempfile.TemporaryDirectory(prefix="capture-") as name:
        folder = Path(name)
        make_certificates(folder)
        with (
            ControlPlane() as plane,
            Recorder(folder / "tls.crt", folder / "tls.key") as recorder,
        ):
            _register(plane, recorder, (folder / "ca.crt").read_bytes())
            return _provoke(plane, recorder)


def _provoke(plane: ControlPlane, recorder: Recorder) -> dict[str, bodies.Json]:
    """Have everything happen that is recorded."""
    deployment = yaml.safe_load((FOLDER / "deployment.yaml").read_text())
    many = _with_containers(deployment, 20)

    def found(what: str, matches: Callable[[bodies.Json], bool]) -> bodies.Json:
        """Return the first review whose request matches."""
        return plane.wait_for(
            lambda: next((it for it in recorder.reviews() if matches(it["request"])), None), what
        )

    def of_pod(asked: bodies.Json, owner: str, *, injected: bool) -> bool:
        is_pod = asked["kind"]["kind"] == "Pod"
        ours = asked["object"]["metadata"].get("generateName", "").startswith(f"{owner}-")
        return is_pod and ours and ("app-env" in json.dumps(asked["object"])) is injected

    _apply(plane, deployment)
    worker = deployment["metadata"]["name"]
    made = {
        "worker": found("pod of a ReplicaSet", lambda it: of_pod(it, worker, injected=False)),
        "injected": found("the same, final", lambda it: of_pod(it, worker, injected=True)),
    }
    _apply(plane, many)
    name = many["metadata"]["name"]
    made["containers"] = found("20 containers", lambda it: of_pod(it, name, injected=False))
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    container["image"] = container["image"].replace("2.14.0", "2.15.0")
    _apply(plane, deployment)
    made["update"] = found(
        "update of a Deployment",
        lambda it: it["operation"] == "UPDATE" and it["userInfo"]["username"] in AUTHOR[0],
    )
    _kubectl(plane, "run", "worker", *_SMALL)
    made["small"] = found(
        "kubectl run", lambda it: it["object"]["metadata"].get("name") == "worker"
    )
    return made


# What `kubectl run` makes: one container, and nothing that was not said.
_SMALL = (
    "--image=registry.example.com/noxus/worker:build-000000000000",
    "--labels=noxus.ai/role=worker,noxus.ai/worker-pool=tenant-a",
)


def _with_containers(deployment: bodies.Json, count: int) -> bodies.Json:
    """Return the Deployment under another name with so many copies of its container."""
    copied: bodies.Json = json.loads(json.dumps(deployment))
    copied["metadata"]["name"] = "noxus-worker-many"
    spec = copied["spec"]["template"]["spec"]
    for labels in (copied["spec"]["selector"]["matchLabels"], _labels(copied)):
        labels["app.kubernetes.io/instance"] = "many"
    spec["containers"] = [{**spec["containers"][0], "name": f"worker-{n}"} for n in range(count)]
    return copied


def _labels(deployment: bodies.Json) -> dict[str, str]:
    labels: dict[str, str] = deployment["spec"]["template"]["metadata"]["labels"]
    return labels


def _apply(plane: ControlPlane, document: bodies.Json) -> None:
    _kubectl(plane, "apply", "-f-", stdin=json.dumps(document))


def _kubectl(
    plane: ControlPlane, *words: str, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    return plane.kubectl(*words, "-n", NAMESPACE, *AUTHOR, stdin=stdin)


def _register(plane: ControlPlane, recorder: Recorder, ca: bytes) -> None:
    """Make the namespace and have both hooks called for what happens in it."""
    plane.api("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    path = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts"
    for account in ("default", "noxus-worker"):
        plane.api("POST", path, {"metadata": {"name": account}})
    pods = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"]}
    workloads = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["UPDATE"]}
    rules = {
        "mutate": [{**pods, "resources": ["pods"]}],
        "validate": [{**pods, "resources": ["pods"]}, {**workloads, "resources": ["deployments"]}],
    }
    for hook, kind in (("mutate", "Mutating"), ("validate", "Validating")):
        entry = {
            "name": f"{hook}.capture.example.com",
            "clientConfig": {
                "url": f"https://{HOST}:{recorder.port}/{hook}",
                "caBundle": base64.b64encode(ca).decode(),
            },
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": NAMESPACE}},
            "rules": rules[hook],
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }
        configuration = {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": f"{kind}WebhookConfiguration",
            "metadata": {"name": "capture"},
            "webhooks": [entry],
        }
        plane.kubectl("apply", "-f-", stdin=json.dumps(configuration))
    probe = {"metadata": {"generateName": "probe-"}, "spec": {"containers": [_PROBE]}}
    pods_path = f"/api/v1/namespaces/{NAMESPACE}/pods?dryRun=All"

    def called() -> bool:
        """Tell whether the validating hook sees what the mutating one injected."""
        plane.api("POST", pods_path, probe)
        return any(b"app-env" in body for body in recorder.seen)

    plane.wait_for(called, "call of both hooks")


if __name__ == "__main__":
    main()
