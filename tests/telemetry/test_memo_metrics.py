"""The counts of the memory of answers, as Prometheus reads them."""

from prometheus_client import CollectorRegistry, generate_latest

from webhook.telemetry.memo_metrics import MemoMetrics


def test_each_count_is_read_when_prometheus_asks() -> None:
    registry, counts = CollectorRegistry(), {"hit": 0, "miss": 0, "unfit": 0, "skipped": 5}
    MemoMetrics(registry, lambda: counts)
    counts |= {"hit": 8, "miss": 2}

    assert [it for it in generate_latest(registry).decode().splitlines() if it[0] != "#"] == [
        'noxus_secrets_memo_total{result="hit"} 8.0',
        'noxus_secrets_memo_total{result="miss"} 2.0',
        'noxus_secrets_memo_total{result="unfit"} 0.0',
        'noxus_secrets_memo_total{result="skipped"} 5.0',
    ]
