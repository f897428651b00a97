"""The examples, applied as their reader would, but to a namespace of the test's own."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.harness import ROOT
from tests.e2e.world import MUTATE, Namespace, not_entitled, sources

EXAMPLES = ROOT / "examples"
DEPLOYMENTS = sorted((EXAMPLES / "deployments").glob("*.yaml"))


def placed(path: Path, namespace: Namespace) -> str:
    return path.read_text().replace("namespace: noxus\n", f"namespace: {namespace.name}\n")


def applied(name: str, namespace: Namespace) -> Any:  # noqa: ANN401
    """Apply an example pod and return it as it is stored."""
    namespace.plane.kubectl("apply", "-f-", stdin=placed(EXAMPLES / "pods" / name, namespace))
    (pod,) = namespace.listed()
    return pod


def test_the_frontend_gets_the_shared_secret(namespace: Namespace) -> None:
    pod = applied("frontend.yaml", namespace)

    assert sources(pod) == {"web": ["app-env"]}
    assert pod["metadata"]["annotations"]["secrets.noxus.ai/injected"] == "shared"


def test_the_worker_gets_the_secret_of_its_pool_after_the_shared_ones(namespace: Namespace) -> None:
    pod = applied("worker-tenant-a.yaml", namespace)

    all_three = ["app-env", "worker-env", "tenant-a-llm"]
    assert sources(pod) == {"wait-db": all_three, "worker": all_three}
    annotation = pod["metadata"]["annotations"]["secrets.noxus.ai/injected"]
    assert annotation == "shared,worker,pool/tenant-a"


def test_the_greedy_frontend_is_refused_with_container_field_and_scope(
    namespace: Namespace,
) -> None:
    text = placed(EXAMPLES / "pods" / "greedy-frontend.yaml", namespace)

    done = namespace.plane.kubectl("apply", "-f-", stdin=text, check=False)

    sentence = not_entitled(
        "container 'web'",
        "worker-env",
        "spec.containers[0].envFrom[1].secretRef",
        "scope 'worker'",
        "role frontend is not entitled to it (only worker)",
        "have the policy's owner add role frontend to it",
    )
    assert done.returncode == 1
    assert done.stderr == (
        f'Error from server (Forbidden): error when creating "STDIN": {MUTATE}{sentence}\n'
    )
    assert namespace.listed() == []


@pytest.mark.parametrize("path", DEPLOYMENTS, ids=[path.name for path in DEPLOYMENTS])
def test_a_deployments_pods_get_what_its_role_and_pool_are_entitled_to(
    path: Path, namespace: Namespace
) -> None:
    documents = [it for it in yaml.safe_load_all(path.read_text()) if it["kind"] == "Deployment"]
    for document in yaml.safe_load_all(path.read_text()):
        account = document["spec"]["template"]["spec"].get("serviceAccountName", "default")
        if account != "default":
            namespace.account(account)
    namespace.plane.kubectl("apply", "-f-", stdin=placed(path, namespace))
    wanted = sum(it["spec"].get("replicas", 1) for it in documents)

    pods = namespace.plane.wait_for(
        lambda: found if len(found := namespace.listed()) == wanted else None, "pods"
    )

    for pod in pods:
        labels = pod["metadata"]["labels"]
        role, pool = labels["noxus.ai/role"], labels.get("noxus.ai/worker-pool")
        managed = {"app-env", "worker-env", "tenant-a-llm", "tenant-b-llm"}
        for given in sources(pod).values():
            assert [it for it in given if it in managed] == [
                "app-env",
                *(["worker-env"] if role == "worker" else []),
                *([f"{pool}-llm"] if pool not in {None, "default"} else []),
            ]
