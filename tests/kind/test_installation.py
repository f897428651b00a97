"""One command installs everything, and one takes it away again."""

import time
from collections.abc import Iterator

import pytest

from tests.kind.cluster import OVERLAY, OWN, Cluster, ClusterError
from tests.kind.conftest import OptedIn, ready
from tests.kind.world import Namespace, labels

OURS = "app.kubernetes.io/name=noxus-secret-webhook"
# Every kind of object that we make, ourselves or by our manifests.
KINDS = (
    "clusterroles,clusterrolebindings,customresourcedefinitions,"
    "mutatingwebhookconfigurations,validatingwebhookconfigurations,"
    "validatingadmissionpolicies,validatingadmissionpolicybindings"
)
# What the issue promises to whoever applies the manifests; nothing else is to be done.
PROMISED_SECONDS = 30


@pytest.fixture
def uninstalled(cluster: Cluster) -> Iterator[Cluster]:
    """The cluster after `kubectl delete -k`; everything is there again afterwards."""
    cluster.kubectl("delete", "-k", OVERLAY, "--timeout=120s")
    yield cluster
    cluster.kubectl("apply", "--server-side", "-f-", stdin=cluster.manifests())
    ready(cluster)


def test_what_is_deleted_leaves_nothing_behind_and_breaks_nothing_and_comes_back_in_half_a_minute(
    opted_in: OptedIn, uninstalled: Cluster
) -> None:
    left = uninstalled.items(KINDS, f"--selector={OURS}")
    namespaces = [it["metadata"]["name"] for it in uninstalled.items("namespaces")]
    namespace = opted_in("installed")
    namespace.pod("before", labels("frontend"))

    began = time.monotonic()
    uninstalled.kubectl("apply", "--server-side", "-f-", stdin=uninstalled.manifests())
    seen = uninstalled.wait_for(lambda: injected(namespace), "pod that is injected", timeout=90)
    took = time.monotonic() - began

    assert left == []
    assert OWN not in namespaces
    assert namespace.sees("before") == {}
    assert "app-env" in seen
    assert took < PROMISED_SECONDS


def injected(namespace: Namespace) -> str | None:
    """Try a pod, which is refused while nobody answers; return its sources once it has some."""
    try:
        namespace.kubectl("delete", "pod", "probe", "--ignore-not-found", "--wait=false")
        namespace.pod("probe", labels("frontend"))
    except ClusterError:
        return None
    (container,) = namespace.get("pod", "probe")["spec"]["containers"]
    return str(container["envFrom"]) if container.get("envFrom") else None
