"""What a replica tells Prometheus."""

import http.client

from prometheus_client.parser import text_string_to_metric_families

from tests.drills.pod import RunningPod

PATIENCE = 2.0


def metric(pod: RunningPod, name: str, **labels: str) -> float | None:
    """Return the sum of a metric over all series with these labels; None where there is none."""
    wanted = {f"noxus_secrets_{name}", f"noxus_secrets_{name}_total"}
    values = [
        sample.value
        for family in text_string_to_metric_families(read(pod))
        for sample in family.samples
        if sample.name in wanted and labels.items() <= sample.labels.items()
    ]
    return sum(values) if values else None


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
