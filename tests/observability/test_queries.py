"""Every expression of dashboard and alerts, asked of a real Prometheus that scrapes real replicas.

Three replicas run as the manifests start them, behind a real API server. They are well, then gone,
then back; each time the alerts that fire are the right ones, and in the end no panel is empty.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.drills.cluster import NAME, NAMESPACE, Cluster
from tests.e2e.harness import INJECTION
from tests.observability import kit
from tests.observability.server import Prometheus, Replica
from tests.observability.traffic import Traffic, create

# Two starts of three replicas, on a machine that does other things as well.
pytestmark = [pytest.mark.cluster, pytest.mark.timeout(400)]

# Nobody answers: none of the others can be known without a replica.
WHEN_ALL_ARE_GONE = {
    "NoxusSecretsNoReplicas",
    "NoxusSecretsCallsFailing",
    "NoxusSecretsCallFailed",
    "NoxusSecretsFailOpen",
}


@dataclass
class Scene:
    """What all of it takes place in."""

    cluster: Cluster
    prometheus: Prometheus
    namespaces: tuple[str, str]

    def follow(self) -> None:
        """Let Prometheus scrape the pods that there are, until it has all of them twice."""
        replicas = [
            Replica(it.name, f"{it.ip}:{it.ports['health']}") for it in self.cluster.kubelet.pods()
        ]
        self.prometheus.scrape(replicas)
        names = "|".join(it.pod for it in replicas)
        twice = f'count(count_over_time(up{{pod=~"{names}"}}[30s]) > 1) == {len(replicas)}'
        self.prometheus.wait_for_series(twice)
        self.prometheus.wait_for_series('count_over_time(up{job="apiserver"}[30s]) > 1')

    def scale(self, replicas: int) -> None:
        """Set the number of replicas and wait until it is so."""
        deployment = f"deployment/{NAME}"
        self.cluster.plane.kubectl(
            "--namespace", NAMESPACE, "scale", deployment, f"--replicas={replicas}"
        )
        self.cluster.plane.wait_for(
            lambda: len(self.cluster.kubelet.pods()) == replicas,
            f"{replicas} replicas",
            timeout=60,
        )
        if replicas:
            self.cluster.wait_ready(replicas)

    def firing(self) -> set[str]:
        """Return the alerts whose expression gives something at this moment."""
        return {name for name, it in kit.alerts().items() if self.prometheus.query(it["expr"])}

    def hooks(self) -> tuple[str, int]:
        """Return where a replica listens."""
        ready = self.cluster.kubelet.ready()[0]
        return ready.ip, ready.ports["https"]


@pytest.fixture(scope="module")
def scene(prometheus_program: Path) -> Iterator[Scene]:
    with Cluster() as cluster:
        cluster.install()
        cluster.wait_ready()
        plane = cluster.plane
        namespaces = tuple(
            plane.namespace(mode, {INJECTION: mode}) for mode in ("enabled", "dry-run")
        )
        with Prometheus(prometheus_program, plane, kit.rule_groups()) as prometheus:
            yield Scene(cluster, prometheus, (namespaces[0], namespaces[1]))


@pytest.fixture(scope="module")
def well(scene: Scene) -> Scene:
    """Everything as it should be, and pods are created."""
    scene.follow()
    with Traffic(scene.cluster.plane, scene.namespaces, scene.hooks):
        scene.prometheus.wait_for_series(
            "sum(increase(apiserver_admission_webhook_request_total[30s])) > 10"
        )
    return scene


@pytest.fixture(scope="module")
def firing_when_well(well: Scene) -> set[str]:
    return well.firing()


@pytest.fixture(scope="module")
def firing_when_gone(firing_when_well: set[str], well: Scene) -> set[str]:
    """No replica is left, and pods are created all the same."""
    del firing_when_well  # it only has to be known by now
    well.scale(0)

    def all_fire() -> bool:
        create(well.cluster.plane, well.namespaces)
        return well.firing() >= WHEN_ALL_ARE_GONE

    well.cluster.plane.wait_for(all_fire, "alerts", timeout=60)
    return well.firing()


@pytest.fixture(scope="module")
def back(firing_when_gone: set[str], well: Scene) -> Iterator[Scene]:
    """The replicas are back, and pods are created all the while."""
    del firing_when_gone
    well.scale(3)
    well.follow()
    with Traffic(well.cluster.plane, well.namespaces, well.hooks):
        yield well


def test_no_alert_fires_while_all_is_well(firing_when_well: set[str]) -> None:
    assert firing_when_well == set()


def test_the_right_alerts_fire_when_no_replica_is_left(firing_when_gone: set[str]) -> None:
    assert firing_when_gone == WHEN_ALL_ARE_GONE


def test_prometheus_evaluates_every_rule_without_a_fault(back: Scene) -> None:
    groups = back.prometheus.get("rules")["groups"]
    health = {
        rule["name"]: rule["lastError"]
        for it in groups
        for rule in it["rules"]
        if rule["health"] != "ok"
    }

    assert {rule["name"] for it in groups for rule in it["rules"]} == set(kit.alerts())
    assert health == {}


@pytest.mark.parametrize("query", kit.queries(), ids=str)
def test_every_query_of_the_dashboard_gives_data(back: Scene, query: kit.Query) -> None:
    assert back.prometheus.wait_for_series(query.promql)


@pytest.mark.parametrize("query", kit.page_queries(), ids=str)
def test_every_query_of_the_operations_page_gives_data(back: Scene, query: str) -> None:
    assert back.prometheus.wait_for_series(query)


@pytest.mark.parametrize("name", kit.alerts())
def test_every_series_that_an_alert_reads_is_there(back: Scene, name: str) -> None:
    # A misspelt name or label gives nothing, for ever, and looks like peace.
    read = set(kit.selectors(back.prometheus.tree(kit.alerts()[name]["expr"])))

    found = {
        selector: any(f'"{it}"' in selector for it in kit.of_commands())
        or bool(back.prometheus.query(selector))
        for selector in read
    }

    assert found == dict.fromkeys(read, True)
    assert found


def test_what_the_dashboard_marks_and_chooses_from_is_there(back: Scene) -> None:
    board = kit.dashboard()
    (mark,) = board["annotations"]["list"]
    (choice,) = [it for it in board["templating"]["list"] if it["type"] == "query"]

    assert list(kit.selectors(back.prometheus.tree(mark["expr"]))) == [
        '{__name__="noxus_secrets_policy_loaded_timestamp_seconds"}'
    ]
    assert choice["query"]["query"] == "label_values(noxus_secrets_build_info, pod)"
    assert {it["metric"]["pod"] for it in back.prometheus.query("noxus_secrets_build_info")} >= {
        it.name for it in back.cluster.kubelet.pods()
    }
