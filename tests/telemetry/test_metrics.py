"""The numbers for Prometheus."""

import msgspec
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from tests.serving.kit import RECORD
from webhook.telemetry.metrics import BUCKETS, DROPS, MAX_SERIES, REJECTIONS, Metrics


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> Metrics:
    return Metrics(registry, version="1.2.3")


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(f"noxus_secrets_{name}", labels)


def test_every_series_is_there_before_it_counts(
    metrics: Metrics, registry: CollectorRegistry
) -> None:
    assert metrics.registry is registry
    for status in REJECTIONS:
        assert value(registry, "requests_rejected_total", status=str(status)) == 0
    for reason in DROPS:
        assert value(registry, "connections_dropped_total", reason=reason) == 0
    for hook in ("mutate", "validate"):
        for mode in ("enforce", "dry-run"):
            for decision, reason in (
                ("allow", "NothingToDo"),
                ("deny", "SecretNotEntitled"),
                ("deny", "UnknownPool"),
            ):
                labels = {"hook": hook, "mode": mode, "decision": decision, "reason": reason}
                assert value(registry, "admission_reviews_total", **labels) == 0
        assert value(registry, "admission_duration_seconds_count", hook=hook) == 0
    assert value(registry, "internal_errors_total") == 0
    assert value(registry, "policy_load_errors_total") == 0
    assert value(registry, "build_info", version="1.2.3") == 1


def test_a_decision_is_counted_and_timed(metrics: Metrics, registry: CollectorRegistry) -> None:
    metrics.decided(RECORD, 0.0002)
    labels = {
        "hook": "mutate",
        "mode": "enforce",
        "decision": "allow",
        "reason": "NothingToDo",
    }
    assert value(registry, "admission_reviews_total", **labels) == 1
    name = "admission_duration_seconds_bucket"
    assert value(registry, name, hook="mutate", le="0.0001") == 0
    assert value(registry, name, hook="mutate", le="0.00025") == 1


def test_the_buckets_hold_those_of_the_api_server() -> None:
    assert {0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 10.0} <= set(BUCKETS)
    assert BUCKETS[0] == 0.0001


def test_reasons_without_end_do_not_fill_the_memory(
    metrics: Metrics, registry: CollectorRegistry
) -> None:
    for number in range(MAX_SERIES * 2):
        metrics.decided(msgspec.structs.replace(RECORD, reason=f"R{number}"), 0.001)
    text = generate_latest(registry).decode()
    assert text.count("noxus_secrets_admission_reviews_total{") <= MAX_SERIES + 1
    labels = {"hook": "mutate", "mode": "other", "decision": "other", "reason": "Other"}
    others = value(registry, "admission_reviews_total", **labels)
    assert others is not None
    assert others > MAX_SERIES


def test_what_the_rest_of_the_server_tells_is_noted(
    metrics: Metrics, registry: CollectorRegistry
) -> None:
    metrics.rejected(413)
    metrics.failed()
    metrics.dropped("crowded")
    metrics.policy_loaded(generation=7, at=123.0)
    metrics.policy_failed()
    metrics.certificate_loaded(not_after=456.0)
    metrics.certificate_failed()
    assert value(registry, "requests_rejected_total", status="413") == 1
    assert value(registry, "internal_errors_total") == 1
    assert value(registry, "connections_dropped_total", reason="crowded") == 1
    assert value(registry, "policy_generation") == 7
    assert value(registry, "policy_loaded_timestamp_seconds") == 123
    assert value(registry, "policy_load_errors_total") == 1
    assert value(registry, "certificate_not_after_timestamp_seconds") == 456
    assert value(registry, "certificate_load_errors_total") == 1


def test_no_counter_is_told_twice_by_the_time_of_its_making(
    metrics: Metrics,
) -> None:
    assert "_created" not in generate_latest(metrics.registry).decode()
