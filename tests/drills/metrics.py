"""What a replica tells Prometheus."""

import http.client

from prometheus_client.parser import text_string_to_metric_families

from tests.drills.pod import RunningPod

PATIENCE = 2.0


def metric(pod: RunningPod, name: str) -> float | None:
    """Return the value of a metric without labels; None where the replica does not answer."""
    return by_label(pod, name, "").get("")


def by_label(pod: RunningPod, name: str, label: str) -> dict[str, float]:
    """Return the values of a metric, each under its value of a label."""
    return {
        sample.labels.get(label, ""): sample.value
        for family in text_string_to_metric_families(read(pod))
        for sample in family.samples
        if sample.name == f"noxus_secrets_{name}"
    }


def read(pod: RunningPod) -> str:
    """Return everything that it tells; nothing where it does not answer."""
    connection = http.client.HTTPConnection(pod.ip, pod.ports["health"], timeout=PATIENCE)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()
