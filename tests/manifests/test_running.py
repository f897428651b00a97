"""Ways to install, with pods that run as on a node: injected, or told, from the first one on.

The base itself is in tests/e2e/test_installation.py.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.controlplane import build
from tests.controlplane.client import Response
from tests.drills.cluster import Cluster
from tests.e2e.harness import INJECTION, create_pod
from tests.e2e.world import frontend, sources
from tests.manifests.rendering import CHART, OVERLAYS, OWN, with_certificates

pytestmark = [
    pytest.mark.cluster,
    # Pods start, drain for ten seconds and go, on a machine that has other things to do.
    pytest.mark.timeout(300),
]

POLICY = "/apis/secrets.noxus.ai/v1alpha1/secretinjectionpolicies/noxus"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster() as it:
        yield it


def helm(cluster: Cluster, home: Path, *arguments: str | Path) -> None:
    kubeconfig = str(cluster.plane.kubeconfig)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "KUBECONFIG": kubeconfig}
    program = build.programs(("helm",))["helm"]
    subprocess.run(
        [program, "--namespace", OWN, *arguments], env=environment, check=True, capture_output=True
    )


def opted_in(cluster: Cluster) -> str:
    return cluster.plane.namespace("noxus", {INJECTION: "enabled"})


def first_answer(cluster: Cluster, namespace: str) -> Response:
    """Create pods until the hooks answer, and return what became of the first that they saw."""

    def answered() -> Response | None:
        answer = create_pod(cluster.plane, namespace, frontend(metadata={"generateName": "a-"}))
        seen = "secrets.noxus.ai/injected" in answer.body.get("metadata", {}).get("annotations", {})
        return answer if seen or answer.warnings else None

    return cluster.plane.wait_for(answered, "answer of the hooks")


def is_ready(cluster: Cluster) -> bool | None:
    status = cluster.plane.api("GET", POLICY).body.get("status", {})
    conditions = {it["type"]: it["status"] for it in status.get("conditions", ())}
    return conditions.get("Ready") == "True" or None


def remove(cluster: Cluster, folder: Path) -> None:
    cluster.plane.kubectl("delete", "--ignore-not-found", "-k", folder)
    if cluster.service is not None:
        cluster.service.stop()
        cluster.service = None


def test_with_own_certificates_it_works_from_their_files(cluster: Cluster, tmp_path: Path) -> None:
    overlay = with_certificates(tmp_path)

    cluster.install(overlay)
    cluster.wait_ready()

    answer = first_answer(cluster, opted_in(cluster))
    remove(cluster, overlay)
    assert sources(answer.body) == {"app": ["app-env"]}


def test_in_the_dry_run_overlay_pods_are_told_and_left_as_they_are(cluster: Cluster) -> None:
    cluster.install(OVERLAYS / "dry-run")
    cluster.wait_ready()

    answer = first_answer(cluster, opted_in(cluster))
    remove(cluster, OVERLAYS / "dry-run")

    assert answer.status == 201
    assert sources(answer.body) == {"app": []}
    assert all(it.startswith("dry run: ") for it in answer.warnings)


def test_the_chart_works_as_the_base_does(cluster: Cluster, tmp_path: Path) -> None:
    helm(cluster, tmp_path, "install", "noxus-secrets", CHART, "--create-namespace")
    cluster.lead()
    cluster.wait_ready()

    answer = first_answer(cluster, opted_in(cluster))
    ready = cluster.plane.wait_for(lambda: is_ready(cluster), "ready policy")
    helm(cluster, tmp_path, "uninstall", "noxus-secrets", "--wait")

    assert sources(answer.body) == {"app": ["app-env"]}
    assert ready
