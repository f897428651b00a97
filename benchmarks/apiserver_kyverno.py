"""Kyverno's admission controller outside of the cluster, with the policy of cel/ as its own kind.

Built from its ordinary Go module (kyverno/go.mod). It registers its hooks by itself, for an address
instead of a Service (`--serverIP`), and keeps its certificates in Secrets, as in a cluster.
"""

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.apiserver_stage import CONFLICT, CREATED, READY_SECONDS, Stage
from benchmarks.apiserver_variants import Variant, policy_in_cel
from benchmarks.processes import free_port
from tests.controlplane.processes import Program, wait_for

KYVERNO = "Kyverno MutatingPolicy"
MODULE = Path(__file__).resolve().parent / "kyverno"

_PACKAGE = "github.com/kyverno/kyverno"
_NAMESPACE = "kyverno"
_CRDS = ("kyverno", "policies.kyverno.io", "policyreport", "reports")
# As its chart names them; without a Deployment and a pod they are names on paper.
_ENVIRONMENT = {
    "KYVERNO_NAMESPACE": _NAMESPACE,
    "KYVERNO_SERVICEACCOUNT_NAME": "kyverno-admission-controller",
    "KYVERNO_DEPLOYMENT": "kyverno-admission-controller",
    "KYVERNO_POD_NAME": "kyverno-admission-controller-0",
    "INIT_CONFIG": "kyverno",
    "METRICS_CONFIG": "kyverno-metrics",
}
_POLICIES = "/apis/policies.kyverno.io/v1/mutatingpolicies"
_REGISTRATION = "/apis/admissionregistration.k8s.io/v1"


def build(folder: Path) -> Path:
    """Build it: five minutes on two cores the first time, and nothing afterwards.

    Raises SystemExit where Go is missing, and CalledProcessError where it does not build.
    """
    program = folder / "kyverno"
    command = ["go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", str(program)]
    environment = {**os.environ, "CGO_ENABLED": "0"}
    try:
        subprocess.run(
            [*command, f"{_PACKAGE}/cmd/kyverno"], cwd=MODULE, env=environment, check=True
        )
    except FileNotFoundError:
        raise SystemExit("Go is missing: Kyverno is built with it") from None
    return program


def install(stage: Stage) -> None:
    """Apply its CRDs, as the module brings them, and what it reads when it starts."""
    command = ["go", "list", "-m", "-f", "{{.Dir}}", _PACKAGE]
    found = subprocess.run(command, cwd=MODULE, check=True, capture_output=True, text=True)
    folder = Path(found.stdout.strip()) / "config" / "crds"
    for group in _CRDS:
        stage.plane.kubectl("apply", "--server-side", "-f", folder / group)
    stage.create("/api/v1/namespaces", {"metadata": {"name": _NAMESPACE}})
    for name in (_ENVIRONMENT["INIT_CONFIG"], _ENVIRONMENT["METRICS_CONFIG"]):
        path = f"/api/v1/namespaces/{_NAMESPACE}/configmaps"
        stage.create(path, {"metadata": {"name": name}})


def policy() -> dict[str, Any]:
    """Return the policy of cel/ as Kyverno's kind: the same rules, conditions and expressions."""
    written = policy_in_cel()[0]
    kept = {key: value for key, value in written["spec"].items() if key != "reinvocationPolicy"}
    return {
        "apiVersion": "policies.kyverno.io/v1",
        "kind": "MutatingPolicy",
        "metadata": written["metadata"],
        # By default it writes rules for Deployments and their like as well; here pods are created.
        "spec": {**kept, "autogen": {"podControllers": {"controllers": []}}},
    }


def variant(program: Path) -> Variant:
    """Return it as one of those that are compared."""

    @contextlib.contextmanager
    def start(stage: Stage) -> Iterator[Program]:
        command = [str(program), *_flags(stage)]
        with stage.program("kyverno", command, _ENVIRONMENT) as started, _in_force(stage, started):
            yield started

    name = policy()["metadata"]["name"]
    return Variant(KYVERNO, start, called=[f"mpol.validate.kyverno.svc-fail-finegrained-{name}"])


def _flags(stage: Stage) -> list[str]:
    port = free_port()
    secret = f"kyverno-svc.{_NAMESPACE}.svc.kyverno-tls"
    account = f"system:serviceaccount:{_NAMESPACE}"
    return [
        f"--kubeconfig={stage.plane.kubeconfig}",
        f"--serverIP=127.0.0.1:{port}",
        "--webhookServerHost=127.0.0.1",
        f"--webhookServerPort={port}",
        "--metricsHost=127.0.0.1",
        f"--metricsPort={free_port()}",
        "--controllerRuntimeMetricsAddress=0",
        f"--caSecretName={secret}-ca",
        f"--tlsSecretName={secret}-pair",
        "--tlsKeyAlgorithm=ECDSA",  # as all others here; its default, RSA, costs more
        f"--backgroundServiceAccountName={account}:kyverno-background-controller",
        f"--reportsServiceAccountName={account}:kyverno-reports-controller",
    ]


@contextlib.contextmanager
def _in_force(stage: Stage, started: Program) -> Iterator[None]:
    """Create the policy as soon as Kyverno judges it, and leave no hook behind at the end."""
    api = stage.plane.api
    wait_for(_created(stage), "policy in Kyverno", timeout=READY_SECONDS, programs=[started])
    try:
        yield
    finally:
        api("DELETE", f"{_POLICIES}/{policy()['metadata']['name']}")
        started.stop()
        for kind in ("mutating", "validating"):
            path = f"{_REGISTRATION}/{kind}webhookconfigurations"
            api("DELETE", f"{path}?labelSelector=webhook.kyverno.io/managed-by%3Dkyverno")
        leases = f"/apis/coordination.k8s.io/v1/namespaces/{_NAMESPACE}/leases"
        api("DELETE", leases)  # or the next one waits until this one's lease is over


def _created(stage: Stage) -> Callable[[], bool]:
    registered = f"{_REGISTRATION}/mutatingwebhookconfigurations"
    # Not before it has registered its hooks: it would take over a policy that it has not judged.
    ours = f"{registered}/kyverno-resource-mutating-webhook-cfg"

    def created() -> bool:
        if stage.plane.api("GET", ours).status != 200:
            return False
        return stage.plane.api("POST", _POLICIES, policy()).status in {CREATED, CONFLICT}

    return created
