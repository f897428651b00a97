"""The components on the real API server, with the operator's real definitions of its resources."""

import json
from pathlib import Path
from typing import Any

import yaml

from tests.controlplane.plane import ControlPlane
from tests.observability import kit
from tests.observability.conftest import KINDS

Json = Any

OBJECTS = "/apis/monitoring.coreos.com/v1/namespaces/noxus-secrets"
CONFIG_MAP = "/api/v1/namespaces/noxus-secrets/configmaps/noxus-secret-webhook-dashboard"


def test_what_is_applied_is_what_is_stored(installed: ControlPlane, overlay: Path) -> None:
    done = installed.kubectl("diff", "--server-side", "-k", overlay, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_monitor_finds_the_service_and_the_port_of_its_pods(installed: ControlPlane) -> None:
    monitor = installed.api("GET", f"{OBJECTS}/servicemonitors/noxus-secret-webhook").body
    service = installed.api(
        "GET", "/api/v1/namespaces/noxus-secrets/services/noxus-secret-webhook"
    ).body
    deployment = installed.api(
        "GET", "/apis/apps/v1/namespaces/noxus-secrets/deployments/noxus-secret-webhook"
    ).body
    (endpoint,) = monitor["spec"]["endpoints"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    wanted = monitor["spec"]["selector"]["matchLabels"]

    assert wanted.items() <= service["metadata"]["labels"].items()
    assert monitor["spec"]["namespaceSelector"]["matchNames"] == [service["metadata"]["namespace"]]
    assert endpoint["targetPort"] in [port["name"] for port in container["ports"]]
    # The operator names the job after the Service, and the alerts look for that job.
    assert "jobLabel" not in monitor["spec"]
    assert f'job="{service["metadata"]["name"]}"' in kit.RULE_FILE.read_text()


def test_all_rules_are_stored(installed: ControlPlane) -> None:
    rule = installed.api("GET", f"{OBJECTS}/prometheusrules/noxus-secret-webhook").body

    assert rule["spec"]["groups"] == kit.rule_groups()["groups"]


def test_the_sidecar_finds_the_dashboard_in_a_config_map(installed: ControlPlane) -> None:
    stored = installed.api("GET", CONFIG_MAP).body

    assert stored["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(stored["data"]["noxus-secrets.json"]) == kit.dashboard()


def test_labels_of_an_overlay_reach_what_a_prometheus_chooses_by(installed: ControlPlane) -> None:
    for plural in KINDS:
        stored = installed.api("GET", f"{OBJECTS}/{plural}/noxus-secret-webhook").body
        assert stored["metadata"]["labels"]["release"] == "prometheus"


def test_a_misspelt_field_of_the_operators_resources_is_refused(installed: ControlPlane) -> None:
    # Otherwise the tests above would pass with any rubbish.
    rule = yaml.safe_load(kit.RULE_FILE.read_text())
    rule["spec"]["groups"][0]["rules"][0]["expresion"] = "1"

    done = installed.kubectl(
        *("apply", "--server-side", "--dry-run=server", "--validate=strict", "-f-"),
        stdin=json.dumps(rule),
        check=False,
    )

    assert done.returncode == 1
    assert "field not declared in schema" in done.stderr
