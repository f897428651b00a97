"""Replicas come and go, a node is drained, everything is lost at once: what becomes of pods."""

import time
from collections.abc import Iterator

import pytest

from tests.kind.cluster import DEPLOYMENT, OWN, Cluster, ClusterError
from tests.kind.conftest import OptedIn
from tests.kind.load import NOWHERE, creating
from tests.kind.world import Namespace, given, labels, pod_spec

SELECTOR = "app.kubernetes.io/name=noxus-secret-webhook"
# Ten times what it takes here: half a minute, most of it the kubelet's.
COLD_START_SECONDS = 300
TENANT_A = given("app-env", "worker-env", "tenant-a-llm")


@pytest.fixture(scope="module")
def namespace(opted_in: OptedIn) -> Namespace:
    return opted_in("outages")


def in_own(cluster: Cluster, *arguments: str) -> str:
    return cluster.kubectl("--namespace", OWN, *arguments)


def replicas(cluster: Cluster, phase: str) -> list[str]:
    """Return the names of our pods that are in a phase and not on their way out."""
    return [
        pod["metadata"]["name"]
        for pod in cluster.items("pods", "--namespace", OWN, f"--selector={SELECTOR}")
        if pod["status"]["phase"] == phase and "deletionTimestamp" not in pod["metadata"]
    ]


def test_while_our_replicas_are_replaced_every_pod_is_stored_with_its_sources(
    cluster: Cluster, namespace: Namespace
) -> None:
    before = replicas(cluster, "Running")

    with creating(namespace) as load:
        in_own(cluster, "rollout", "restart", DEPLOYMENT)
        cluster.rolled_out()
        # The last one that goes is still draining: its clients must find the others.
        cluster.wait_for(
            lambda: len(cluster.items("pods", "--namespace", OWN, f"--selector={SELECTOR}")) == 3,
            "end of the replicas that were replaced",
        )

    assert load.wrong == []
    assert load.created > 50
    assert not set(before) & set(replicas(cluster, "Running"))


@pytest.fixture
def uncordoned(own_cluster: Cluster) -> Iterator[str]:
    """The name of the one node, which can be used again afterwards."""
    (node,) = own_cluster.items("nodes")
    name = node["metadata"]["name"]
    yield name
    own_cluster.kubectl("uncordon", name)
    own_cluster.rolled_out()


def test_draining_the_only_node_leaves_a_replica_that_goes_on_deciding(
    own_cluster: Cluster, namespace: Namespace, uncordoned: str
) -> None:
    drain = ("--ignore-daemonsets", "--delete-emptydir-data", f"--pod-selector={SELECTOR}")

    said = own_cluster.kubectl("drain", uncordoned, *drain, "--timeout=6s", check=False)

    assert "Cannot evict pod as it would violate the pod's disruption budget" in said
    # Those that were evicted have nowhere to go: the node takes no new pods.
    assert replicas(own_cluster, "Running")
    assert replicas(own_cluster, "Pending")
    with creating(namespace) as load:
        time.sleep(2)
    assert load.wrong == []
    assert load.created >= 5


def test_while_all_replicas_are_away_opted_in_pods_are_refused_and_no_others(
    cluster: Cluster, namespace: Namespace
) -> None:
    elsewhere = Namespace(cluster, "default")
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "while-away", "labels": labels("worker", "tenant-a")},
        "spec": pod_spec(cluster.image, **NOWHERE),
    }
    in_own(cluster, "scale", DEPLOYMENT, "--replicas=0")
    try:
        in_own(cluster, "wait", "pods", f"--selector={SELECTOR}", "--for=delete", "--timeout=60s")
        with pytest.raises(ClusterError) as refused:
            namespace.apply(pod)
        elsewhere.apply(pod)
        elsewhere.kubectl("delete", "pod", "while-away")
        namespace.deployment("patient", labels("worker", "tenant-a"))
    finally:
        in_own(cluster, "scale", DEPLOYMENT, "--replicas=3")
    cluster.rolled_out()

    assert 'failed calling webhook "pods.enabled.validate.secrets.noxus.ai"' in str(refused.value)
    # Its controller tries again and again: nothing is lost but time.
    assert namespace.sees("deployment/patient") == TENANT_A


def test_after_a_cold_start_without_any_pod_the_cluster_comes_back_by_itself(
    own_cluster: Cluster, namespace: Namespace
) -> None:
    assert own_cluster.node is not None
    namespace.deployment("survivor", labels("worker", "tenant-a"))
    namespace.sees("deployment/survivor")
    old = {pod["metadata"]["uid"] for pod in own_cluster.items("pods", "--all-namespaces")}
    # First all of ours, so that none of them can help; then every other pod.
    in_own(own_cluster, "scale", DEPLOYMENT, "--replicas=0")
    in_own(own_cluster, "wait", "pods", f"--selector={SELECTOR}", "--for=delete", "--timeout=60s")
    everything = ("pods", "--all", "--all-namespaces", "--force", "--grace-period=0")

    own_cluster.kubectl("delete", *everything, "--wait=false")
    own_cluster.wait_for(
        lambda: any(
            "failed calling webhook" in text
            for _reason, text in namespace.events("ReplicaSet", "survivor-")
        ),
        "refusal of the pod whose Secrets nobody can give",
    )
    in_own(own_cluster, "scale", DEPLOYMENT, "--replicas=3")
    own_cluster.node.restart()  # long before any of the three is ready

    def back() -> bool:
        try:
            pods = namespace.get("pods", "--selector=app=survivor")["items"]
        except ClusterError:  # the API server is on its way
            return False
        new = [it for it in pods if it["metadata"]["uid"] not in old]
        return bool(new) and all(it["status"]["phase"] == "Running" for it in new)

    own_cluster.wait_for(back, "pod of the Deployment that runs again", timeout=COLD_START_SECONDS)
    own_cluster.rolled_out(timeout=COLD_START_SECONDS)

    assert namespace.sees("deployment/survivor") == TENANT_A
    pods = own_cluster.items("pods", "--all-namespaces")
    ours = {it["metadata"]["uid"] for it in pods if it["metadata"]["namespace"] == OWN}
    assert len(ours) == 3
    assert not ours & old
