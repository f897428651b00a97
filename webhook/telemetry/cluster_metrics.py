"""The numbers of a server that talks to the API server; without one there are none of these."""

from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

# What the API server is called for, what is mended, which Events there are and why one is not sent.
API_USES: Final = ("policies", "leader", "certificates", "status", "events", "reload")
HEALED: Final = ("secret", "ca_bundle")
EVENTS: Final = ("SecretsInjected", "SecretsRefused", "SecretsDryRun", "SecretsReloaded")
EVENT_DROPS: Final = ("queue_full", "rate", "duplicate", "error")
# Series of single policies.
MAX_POLICIES: Final = 200


class ClusterMetrics:
    """The metrics of policies as resources, of our certificates, the leader and Events."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._make_policies()
        self._make_certificates()
        self._restarts = Counter(
            "noxus_secrets_reload_restarts",
            "Workloads restarted since a Secret of theirs changed.",
            registry=registry,
        )
        self._waiting = self._gauge(
            "reload_waiting", "Workloads that wait to be restarted; on the leader."
        )
        self._leader = self._gauge("leader", "1 on the replica that writes.")
        self._api_errors = self._counter(
            "api_errors", "Calls to the API server that failed.", "what", API_USES
        )
        self._events_sent = self._counter("events_sent", "Events sent.", "reason", EVENTS)
        self._events_dropped = self._counter(
            "events_dropped", "Events that were not sent.", "why", EVENT_DROPS
        )

    def _make_policies(self) -> None:
        self._named: set[str] = set()  # policies that have a series
        self._policies = self._gauge("policies", "SecretInjectionPolicy objects.", "state")
        for state in ("in_force", "invalid", "conflict"):
            self._policies.labels(state)
        self._observed = self._gauge(
            "policy_observed_generation", "Generation in force of a policy.", "policy"
        )
        self._watch_up = self._gauge("policy_watch_up", "1 while policies are followed.")
        self._synced = self._gauge(
            "policy_synced_timestamp_seconds", "When the API server last told of policies."
        )

    def _make_certificates(self) -> None:
        self._ca_not_after = self._gauge(
            "certificate_ca_not_after_timestamp_seconds", "When our own CA expires; on the leader."
        )
        self._rotation = self._gauge(
            "certificate_rotation_step",
            "0 none, 1 next CA published, 2 both in use; on the leader.",
        )
        self._healed = self._counter(
            "certificate_healed", "What somebody broke and we mended.", "what", HEALED
        )

    def policies_in_force(
        self, generations: Mapping[str, int], *, invalid: int, conflicts: int
    ) -> None:
        """Note the policies of the cluster: the generation in force of each, and what is wrong."""
        # Policies are written by administrators, a handful of them; should it be thousands, those
        # that govern first are shown.
        shown = dict(list(generations.items())[:MAX_POLICIES])
        for name in self._named - shown.keys():
            self._observed.remove(name)
        for name, generation in shown.items():
            self._observed.labels(name).set(generation)
        self._named = set(shown)
        counts = {"in_force": len(generations), "invalid": invalid, "conflict": conflicts}
        for state, count in counts.items():
            self._policies.labels(state).set(count)

    def policies_followed(self, *, up: bool, synced_at: float) -> None:
        """Note whether policies are followed, and when the API server last told of any."""
        self._watch_up.set(up)
        self._synced.set(synced_at)

    def leads(self, leading: bool) -> None:
        """Note whether this replica is the leader."""
        self._leader.set(leading)

    def api_failed(self, what: str) -> None:
        """Count a call to the API server that failed; `what` is one of API_USES."""
        self._api_errors.labels(what).inc()

    def authority_good_until(self, at: float) -> None:
        """Note until when our CA is good, in seconds since 1970."""
        self._ca_not_after.set(at)

    def rotation_step(self, step: int) -> None:
        """Note how far a change of the CA is: 0 none, 1 the next is published, 2 both are used."""
        self._rotation.set(step)

    def healed(self, what: str) -> None:
        """Count what somebody broke and we mended; `what` is one of HEALED."""
        self._healed.labels(what).inc()

    def restarted(self) -> None:
        """Count a workload that was restarted for a Secret."""
        self._restarts.inc()

    def waiting(self, count: int) -> None:
        """Note how many workloads wait to be restarted."""
        self._waiting.set(count)

    def event_sent(self, reason: str) -> None:
        """Count an Event that the API server took; `reason` is one of EVENTS."""
        self._events_sent.labels(reason).inc()

    def event_dropped(self, why: str, count: int = 1) -> None:
        """Count Events that were not sent; `why` is one of EVENT_DROPS."""
        self._events_dropped.labels(why).inc(count)

    def _counter(self, name: str, text: str, label: str, values: tuple[str, ...]) -> Counter:
        counter = Counter(f"noxus_secrets_{name}", text, [label], registry=self._registry)
        for value in values:  # each series is there from the start, for rate()
            counter.labels(value)
        return counter

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"noxus_secrets_{name}", text, labels, registry=self._registry)
