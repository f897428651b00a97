"""An installation of ours in the real API server, replicas of it in this process, and its clients.

Everything is as in production but for names and times. The replicas are what RBAC in manifests/base
lets our ServiceAccount be.
"""

import asyncio
import base64
import contextlib
import http.client
import itertools
import json
import logging
import socket
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from prometheus_client import CollectorRegistry

from tests.controlplane.client import Response
from tests.controlplane.plane import ControlPlane
from webhook.cluster.api import Api
from webhook.cluster.backoff import Backoff
from webhook.cluster.certificates import Certificates
from webhook.cluster.replicas import ReplicaLease, Replicas
from webhook.cluster.tls_secret import TlsSecret
from webhook.pki.ensure import Source
from webhook.pki.names import service_names
from webhook.pki.plan import Times
from webhook.serving.tls import PemTlsSource
from webhook.telemetry.metrics import Metrics

Json = Any
_FIGURES = logging.getLogger("tests.figures")  # seen with --log-cli-level=info

BASE = Path(__file__).parents[2] / "manifests" / "base"
KINDS = ("mutatingwebhookconfigurations", "validatingwebhookconfigurations")
HOOKS = ("60-mutatingwebhookconfiguration.yaml", "70-validatingwebhookconfiguration.yaml")
SERVICE = "noxus-secret-webhook"
SECRET = "noxus-secret-webhook-tls"  # noqa: S105  its name
# A rotation in seconds; a watch of one API server on this machine needs milliseconds.
FAST = Times(overlap=timedelta(seconds=2), look_in_rotation=timedelta(seconds=0.2))
_count = itertools.count(1)


@dataclass
class Board:
    """Counts what was healed, and remembers the rest."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: int = 0
    step: int = -1
    good_until: float = 0.0

    def authority_good_until(self, at: float) -> None:
        self.good_until = at

    def rotation_step(self, step: int) -> None:
        self.step = step

    def healed(self, what: str) -> None:
        self.counts[what] += 1

    def api_failed(self, what: str) -> None:
        assert what == "certificates"
        self.failures += 1


class Installation:
    """A namespace, RBAC and webhook configurations of its own, all from manifests/base."""

    def __init__(self, plane: ControlPlane) -> None:
        self.plane = plane
        self.namespace = plane.namespace("certificates")
        self.name = f"certificates-{next(_count)}-{self.namespace}"  # of the configurations
        user = f"system:serviceaccount:{self.namespace}:noxus-secret-webhook"
        self.kubeconfig = plane.kubeconfig_for(user, ["system:serviceaccounts"])
        self._applied = [*self._documents("16-rbac.yaml", "17-rbac-certificates.yaml")]
        self._apply(self._applied)
        self.secret_path = f"/api/v1/namespaces/{self.namespace}/secrets/{SECRET}"

    def _documents(self, *files: str) -> Iterator[Json]:
        """Read manifests, and give each object the names of this installation."""
        for file in files:
            text = (BASE / file).read_text()
            text = text.replace("resourceNames: [noxus-secrets]", f"resourceNames: [{self.name}]")
            for document in yaml.safe_load_all(text.replace("noxus-secrets", self.namespace)):
                if "namespace" not in document["metadata"]:
                    document["metadata"]["name"] += f"-{self.name}"
                    if "roleRef" in document:
                        document["roleRef"]["name"] += f"-{self.name}"
                yield document

    def _apply(self, documents: list[Json]) -> None:
        self.plane.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(documents))

    def configure(self) -> None:
        """Create both webhook configurations, without a bundle; no namespace is opted in."""
        documents = []
        for file in HOOKS:
            document = yaml.safe_load((BASE / file).read_text())
            document["metadata"]["name"] = self.name
            for entry in document["webhooks"]:
                entry["namespaceSelector"]["matchLabels"] = {"nobody": self.name}
                entry["clientConfig"]["service"]["namespace"] = self.namespace
            documents.append(document)
        self._apply(documents)

    def remove(self) -> None:
        for kind in KINDS:
            self.plane.api("DELETE", self.configuration_path(kind))
        for document in self._applied:
            if "namespace" not in document["metadata"]:
                name = document["metadata"]["name"]
                self.plane.kubectl("delete", document["kind"], name)

    def configuration_path(self, kind: str) -> str:
        return f"/apis/admissionregistration.k8s.io/v1/{kind}/{self.name}"

    def configuration(self, kind: str) -> Json:
        return self.plane.api("GET", self.configuration_path(kind)).body

    def bundles(self) -> set[str]:
        """Give what all entries of both configurations carry, each once."""
        return {
            entry["clientConfig"].get("caBundle", "")
            for kind in KINDS
            for entry in self.configuration(kind).get("webhooks", ())
        }

    def secret(self) -> Json:
        return self.plane.api("GET", self.secret_path).body

    def data(self) -> dict[str, bytes]:
        data = self.secret().get("data", {})
        return {key: base64.b64decode(value) for key, value in data.items()}

    def patch(self, path: str, body: object, content_type: str = "merge-patch") -> Response:
        answer = self.plane.api(
            "PATCH", path, body, content_type=f"application/{content_type}+json"
        )
        assert answer.status == 200, answer.message
        return answer

    def replace_secret(self, body: Json) -> None:
        """Put an old one back, as a backup tool does: its content, over whatever there is."""
        metadata = {key: body["metadata"].get(key) for key in ("name", "annotations", "labels")}
        secret = {"type": body["type"], "data": body["data"], "metadata": metadata}
        if self.plane.api("GET", self.secret_path).status == 200:
            answer = self.plane.api("PUT", self.secret_path, secret)
        else:
            answer = self.plane.api("POST", self.secret_path.rpartition("/")[0], secret)
        assert answer.status in (200, 201), answer.message


class Pod:
    """One replica: it follows the Secret, serves TLS, keeps its Lease, and may lead."""

    def __init__(self, at: Installation, identity: str, *, times: Times = FAST) -> None:
        self.at, self.identity, self.board = at, identity, Board()
        self.skew = timedelta()
        self.api = Api(at.kubeconfig)
        self.tls = PemTlsSource(
            client_ca=None,
            metrics=Metrics(CollectorRegistry(), version="1"),
            clock=lambda: self.now().timestamp(),
        )
        self.secret = TlsSecret(
            self.api,
            namespace=at.namespace,
            offer=self.tls.offer,
            backoff=_backoff(),
            clock=time.time,
            failed=self._failed,
            hold_back=1.0,
        )
        self.lease = ReplicaLease(
            self.api,
            namespace=at.namespace,
            service=SERVICE,
            identity=identity,
            serving=lambda: None if (now := self.tls.current()) is None else now.der,
            now=self.now,
            failed=self._failed,
            renew_every=0.5,
            look_every=0.05,
        )
        self.certificates = Certificates(
            self.api,
            secret=self.secret,
            configuration=at.name,
            names=service_names(SERVICE, at.namespace),
            replicas=Replicas(self.api, namespace=at.namespace, clock=time.monotonic),
            metrics=self.board,
            now=self.now,
            clock=time.monotonic,
            fresh=Source(
                lambda: ec.generate_private_key(ec.SECP256R1()), x509.random_serial_number
            ),
            times=times,
        )
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.setblocking(False)
        self.port: int = self._listening.getsockname()[1]
        self._tasks: list[asyncio.Task[Any]] = []
        self._leading: asyncio.Task[None] | None = None

    def now(self) -> datetime:
        return datetime.now(UTC) + self.skew

    def _failed(self) -> None:
        self.board.failures += 1

    async def __aenter__(self) -> Self:
        runs = (self.secret.run(), self.lease.run(), self._accept())
        self._tasks = [asyncio.create_task(each) for each in runs]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.follow_only()
        await _ended(*self._tasks)
        self._listening.close()
        await self.api.close()

    async def lead(self) -> None:
        self._leading = asyncio.create_task(self.certificates.lead())

    async def follow_only(self) -> None:
        """Lead no longer."""
        if self._leading is not None:
            await _ended(self._leading)
            self._leading = None

    async def _accept(self) -> None:
        """Shake hands with whoever comes."""
        loop = asyncio.get_running_loop()
        while True:
            accepted, _ = await loop.sock_accept(self._listening)
            try:
                context = self.tls.context()
            except ssl.SSLError:  # there is no certificate yet
                accepted.close()
                continue
            with contextlib.suppress(OSError):
                await loop.connect_accepted_socket(asyncio.Protocol, accepted, ssl=context)


@dataclass
class Clients:
    """API servers: each trusts what the configurations carried lately, and calls every pod."""

    at: Installation
    pods: list[Pod]
    late: tuple[float, ...] = (0.0, 0.2, 0.6)  # seconds
    handshakes: int = 0
    failures: list[str] = field(default_factory=list)
    bundles: list[tuple[float, frozenset[str]]] = field(default_factory=list)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch())
            for late in self.late:
                tasks.create_task(self._call(late))

    async def _watch(self) -> None:
        while True:
            carried = frozenset(await asyncio.to_thread(self.at.bundles))
            if not self.bundles or self.bundles[-1][1] != carried:
                self.bundles.append((time.monotonic(), carried))
            await asyncio.sleep(0.02)

    async def _call(self, late: float) -> None:
        while True:
            moment = time.monotonic() - late
            seen = next((it for at, it in reversed(self.bundles) if at <= moment), frozenset())
            for bundle, pod in itertools.product(seen, self.pods):
                await self._shake(bundle, pod)
            await asyncio.sleep(0.01)

    async def _shake(self, bundle: str, pod: Pod) -> None:
        self.handshakes += 1
        try:
            context = ssl.create_default_context(cadata=base64.b64decode(bundle).decode())
            host = f"{SERVICE}.{self.at.namespace}.svc"
            _, writer = await asyncio.open_connection(
                "127.0.0.1", pod.port, ssl=context, server_hostname=host
            )
            writer.transport.abort()
        except (OSError, ValueError) as problem:
            self.failures.append(f"{pod.identity}: {type(problem).__name__}: {problem}")


@contextlib.asynccontextmanager
async def calling(clients: Clients) -> AsyncIterator[Clients]:
    task = asyncio.create_task(clients.run())
    try:
        yield clients
    finally:
        await _ended(task)


async def until(true: Callable[[], object], *, seconds: float = 20.0) -> float:
    """Wait for something that others bring about; returns how long that took, in seconds."""
    begin = time.monotonic()
    async with asyncio.timeout(seconds):
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException, json.JSONDecodeError):
                if await asyncio.to_thread(true):
                    return time.monotonic() - begin
            await asyncio.sleep(0.005)


def figure(what: str, value: float) -> None:
    """Tell a figure to whoever wants to see it."""
    _FIGURES.info("%s: %.3f", what, value)


async def _ended(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _backoff() -> Backoff:
    return Backoff(random=lambda: 0.5, longest=1.0)
