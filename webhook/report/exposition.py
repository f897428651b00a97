"""The ages of Secrets in Prometheus' text format: for a textfile collector, or a push gateway."""

from typing import TextIO

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from webhook.rotation.report import RotationReport
from webhook.rotation.written import instant


def write_rotation_metrics(report: RotationReport, stream: TextIO) -> None:
    """Write one series for each Secret whose age is known, and one for each with stale readers."""
    registry = CollectorRegistry()
    labels = ("namespace", "secret", "risk")
    changed = _gauge(registry, "changed", "When what it holds was changed, at the latest.", labels)
    due = _gauge(registry, "rotation_due", "When it is to be rotated, by the policy.", labels)
    stale = Gauge(
        "noxus_secrets_secret_stale_containers",
        "Containers that run with what it held before.",
        labels,
        registry=registry,
    )
    for it in report.secrets:
        values = (it.namespace, it.name, it.risk)
        since, until = instant(it.changed), instant(it.due)
        if since is not None and until is not None:
            changed.labels(*values).set(since.timestamp())
            due.labels(*values).set(until.timestamp())
            stale.labels(*values).set(it.stale)
    stream.write(generate_latest(registry).decode())


def _gauge(registry: CollectorRegistry, what: str, text: str, labels: tuple[str, ...]) -> Gauge:
    name = f"noxus_secrets_secret_{what}_timestamp_seconds"
    return Gauge(name, text, labels, registry=registry)
