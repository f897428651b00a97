"""This replica as a member of the cluster: put together here, from settings."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from webhook.cluster.api import Api
from webhook.cluster.backoff import Backoff
from webhook.cluster.certificates import Certificates
from webhook.cluster.events import EventSink
from webhook.cluster.kept import Kept
from webhook.cluster.leader import Election
from webhook.cluster.leading import Leading
from webhook.cluster.policies import ClusterPolicySource
from webhook.cluster.reloading import Reloading
from webhook.cluster.replicas import ReplicaLease, Replicas
from webhook.cluster.telling import Telling
from webhook.cluster.tls_secret import TlsSecret
from webhook.core.words import NEVER_TAKING_PART
from webhook.loading.load import fingerprint, load_policies
from webhook.loading.problems import PolicyError
from webhook.loading.resource import load_resource
from webhook.pki.ensure import Source
from webhook.pki.names import service_names
from webhook.serving.errors import StartError
from webhook.serving.sources import Certificate, Policies, Sources, file_certificate, file_policies
from webhook.serving.tls import PemTlsSource
from webhook.settings import CLUSTER, OFF, SELF_MANAGED, Settings
from webhook.telemetry.cluster_metrics import ClusterMetrics
from webhook.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from webhook.serving.reload import Followed

Json = dict[str, Any]
Run = Callable[[], Awaitable[None]]


def join(settings: Settings, metrics: Metrics) -> Sources:
    """Make all that a replica does beside serving; nothing is sent yet. Raises StartError."""
    return _Member(settings, metrics).sources()


class _Member:
    """Collects what runs beside the server, and what the leader does."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings, self._metrics = settings, metrics
        self._board = ClusterMetrics(metrics.registry)
        self._api = Api(settings.kubeconfig)
        self._beside: list[Run] = []
        self._lead: list[Run] = []
        self._followed: list[Followed[Any]] = []
        self._sink: EventSink | None = None

    def sources(self) -> Sources:
        policies = self._policies()
        certificate = self._certificate()
        self._sink = events = self._events()
        if self._lead:
            self._beside.append(self._election().run)
        return Sources(
            policies=policies,
            certificate=certificate,
            followed=tuple(self._followed),
            beside=tuple(self._beside),
            closing=self._api.close,
            reporter=events,
        )

    def _policies(self) -> Policies:
        settings = self._settings
        if settings.policy_from != CLUSTER:
            files = file_policies(
                settings, self._metrics, load=load_policies, fingerprint=fingerprint
            )
            self._followed.append(files.followed)
            return files
        kept = Kept(self._api, namespace=settings.namespace, backoff=_backoff())
        policies = ClusterPolicySource(
            self._api,
            load=load_resource,
            recall=kept.recall,
            meter=self._metrics,
            board=self._board,
            backoff=_backoff(),
            clock=time.time,
        )
        leading = Leading(
            self._api,
            policies,
            kept,
            lease=_lease(settings),
            initial=_initial(settings.initial_policy),
            now=_now,
            failed=lambda: self._board.api_failed("status"),
        )
        self._beside.append(policies.run)
        reloading = Reloading(self._api, policies, metrics=self._board, tell=self._tell, now=_now)
        self._lead += [leading.run, reloading.run]
        return policies

    def _certificate(self) -> Certificate:
        settings = self._settings
        if settings.certificates != SELF_MANAGED:
            files = file_certificate(settings, self._metrics)
            self._followed.append(files.followed)
            return files
        serving = PemTlsSource(client_ca=settings.client_ca, metrics=self._metrics, clock=time.time)
        self._followed.append(serving.followed)

        def failed() -> None:
            self._board.api_failed("certificates")

        secret = TlsSecret(
            self._api,
            namespace=settings.namespace,
            offer=serving.offer,
            backoff=_backoff(),
            clock=time.time,
            failed=failed,
        )
        lease = ReplicaLease(
            self._api,
            namespace=settings.namespace,
            service=settings.service,
            identity=settings.identity,
            pod_uid=settings.pod_uid,
            serving=lambda: None if (now := serving.current()) is None else now.der,
            now=_now,
            failed=failed,
        )
        certificates = Certificates(
            self._api,
            secret=secret,
            configuration=settings.webhook_configuration,
            names=service_names(settings.service, settings.namespace),
            replicas=Replicas(self._api, namespace=settings.namespace, clock=time.monotonic),
            metrics=self._board,
            now=_now,
            clock=time.monotonic,
            fresh=Source(
                # P-256: every client takes it, and a handshake costs a tenth of RSA's.
                key=lambda: ec.generate_private_key(ec.SECP256R1()),
                serial=x509.random_serial_number,
            ),
        )
        self._beside += [secret.run, lease.run]
        self._lead.append(certificates.lead)
        return serving

    def _events(self) -> EventSink | None:
        settings = self._settings
        if settings.policy_from != CLUSTER or settings.events == OFF:
            return None
        events = EventSink(
            self._api,
            identity=settings.identity,
            metrics=self._board,
            clock=time.monotonic,
            now=time.time,
            random=random.random,
            silent=frozenset({*NEVER_TAKING_PART, settings.namespace}),
        )
        self._beside.append(events.run)
        return events

    def _tell(self, said: Telling) -> None:
        if self._sink is not None:
            self._sink.offer(said)

    def _election(self) -> Election:
        settings = self._settings

        async def lead() -> None:
            async with asyncio.TaskGroup() as tasks:
                for run in self._lead:
                    tasks.create_task(_awaited(run))

        return Election(
            self._api,
            namespace=settings.namespace,
            name=settings.service,
            identity=settings.identity,
            lead=lead,
            changed=self._board.leads,
            failed=lambda: self._board.api_failed("leader"),
            clock=time.monotonic,
            now=_now,
        )


async def _awaited(run: Run) -> None:
    await run()


def _backoff() -> Backoff:
    return Backoff(random=random.random)


def _now() -> datetime:
    return datetime.now(UTC)


def _lease(settings: Settings) -> str:
    return f"/apis/coordination.k8s.io/v1/namespaces/{settings.namespace}/leases/{settings.service}"


def _initial(path: Path | None) -> Json | None:
    """Read the initial policy, and refuse to start with one that would not load."""
    if path is None:
        return None
    try:
        loaded = load_policies(path)
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, PolicyError) as problem:
        raise StartError(f"--initial-policy: {problem}") from None
    if len(loaded.sources) != 1 or not isinstance(document, dict):
        raise StartError(f"--initial-policy: {path}: expected one policy")
    return document
