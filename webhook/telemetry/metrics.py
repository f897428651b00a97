"""The numbers that Prometheus collects. No label has an unbounded set of values."""

from collections.abc import Iterator
from typing import Final, Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    disable_created_metrics,
)
from prometheus_client.process_collector import ProcessCollector

from webhook.core.decision import Reason
from webhook.core.words import Hook
from webhook.telemetry.tallies import Tallies

# Seconds. A decision costs some 0.1 ms, hence the fine steps at the beginning; from 5 ms on these
# are the buckets of the API server's own apiserver_admission_webhook_admission_duration_seconds,
# so that what it waits for and what we need for it can be laid over each other. At its default
# time-out of 10 s the caller is gone.
BUCKETS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 10.0)

# Every status with which a request may be turned away; listed, so that each series is there from
# the start and the first increase is seen by rate().
REJECTIONS: Final = (400, 404, 405, 408, 413, 415, 417, 431, 500, 503)
# Why a connection was closed from our side before its client was done.
DROPS: Final = ("handshake", "silent", "head", "body", "idle", "crowded")

# Labels take their values from closed sets, some 60 series in all. Should a set turn out to be
# open, the surplus is counted as "Other" rather than kept in memory for ever.
MAX_SERIES: Final = 500

# What can stand in the way of a pod; the other reasons go with "allow" and "mutate".
_BENIGN: Final = (Reason.INJECTED, Reason.NOTHING_TO_DO, Reason.NOT_JUDGED)


class Decided(Protocol):
    """What a decision's record tells the metrics."""

    @property
    def hook(self) -> str: ...  # noqa: D102
    @property
    def mode(self) -> str: ...  # noqa: D102
    @property
    def decision(self) -> str: ...  # noqa: D102
    @property
    def reason(self) -> str: ...  # noqa: D102


class Metrics:
    """All metrics of the server, in a registry of its own."""

    def __init__(self, registry: CollectorRegistry, *, version: str) -> None:
        self.registry = registry
        # A gauge beside each counter that tells when it was made: half as many series again, and
        # process_start_time_seconds tells the same.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        ProcessCollector(registry=registry)
        self._decisions = Tallies(
            known=_known_series(), hooks=map(str, Hook), buckets=BUCKETS, most=MAX_SERIES
        )
        registry.register(self._decisions)
        self._rejected = self._counter(
            "requests_rejected", "Requests answered with an HTTP error.", "status"
        )
        for status in REJECTIONS:
            self._rejected.labels(str(status))
        self._faults = self._counter("internal_errors", "Requests that failed by our own fault.")
        self._dropped = self._counter(
            "connections_dropped", "Connections closed on a client that was not done.", "reason"
        )
        for reason in DROPS:
            self._dropped.labels(reason)
        self._follow_files()
        build = self._gauge("build_info", "Always 1; the version is the label.", "version")
        build.labels(version).set(1)

    def decided(self, record: Decided, seconds: float) -> None:
        """Count a decision and the time that it took."""
        series = (record.hook, record.mode, record.decision, record.reason)
        self._decisions.count(series, seconds)

    def rejected(self, status: int) -> None:
        """Count a request that was turned away; `status` is one of REJECTIONS."""
        self._rejected.labels(str(status)).inc()

    def failed(self) -> None:
        """Count a request that could not be decided by our own fault."""
        self._faults.inc()

    def dropped(self, reason: str, count: int = 1) -> None:
        """Count connections that were closed from our side; `reason` is one of DROPS."""
        self._dropped.labels(reason).inc(count)

    def policy_loaded(self, *, generation: int, at: float) -> None:
        """Note the policy in force; `at` in seconds since 1970."""
        self._generation.set(generation)
        self._loaded.set(at)

    def policy_failed(self) -> None:
        """Count a policy that did not load."""
        self._policy_errors.inc()

    def certificate_loaded(self, *, not_after: float) -> None:
        """Note until when the certificate in use is good, in seconds since 1970."""
        self._not_after.set(not_after)

    def certificate_failed(self) -> None:
        """Count a certificate that did not load."""
        self._certificate_errors.inc()

    def _follow_files(self) -> None:
        """Make the metrics of policy and certificate."""
        self._generation = self._gauge("policy_generation", "Counts the policies that loaded.")
        self._loaded = self._gauge(
            "policy_loaded_timestamp_seconds", "When the policy in force was loaded."
        )
        self._policy_errors = self._counter(
            "policy_load_errors", "Changed policies that did not load."
        )
        self._not_after = self._gauge(
            "certificate_not_after_timestamp_seconds", "When the serving certificate expires."
        )
        self._certificate_errors = self._counter(
            "certificate_load_errors", "Changed certificates that did not load."
        )

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"noxus_secrets_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"noxus_secrets_{name}", text, labels, registry=self.registry)


def _known_series() -> Iterator[tuple[str, str, str, str]]:
    """Name the series that shall be visible before they count anything."""
    for hook in Hook:
        for mode in ("enforce", "dry-run"):
            yield str(hook), mode, "allow", str(Reason.NOTHING_TO_DO)
            if hook is Hook.MUTATE:
                yield str(hook), mode, "mutate", str(Reason.INJECTED)
            for reason in Reason:
                if reason not in _BENIGN:
                    yield str(hook), mode, "deny", str(reason)
