"""A running `noxus-secrets serve`, and its hooks in a control plane, for tests and for trying out.

The program is the real one, in a process of its own; of the manifests nothing is changed but the
address and the CA.
"""

import base64
import contextlib
import copy
import datetime as dt
import http.client
import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from prometheus_client.parser import text_string_to_metric_families

from tests.controlplane.client import Response
from tests.controlplane.plane import ControlPlane
from tests.controlplane.processes import ControlPlaneError, ProcessGroup, Program, wait_for
from webhook.pki.ensure import Source, Wish, ensure
from webhook.pki.names import service_names
from webhook.pki.store import locked_folder

Json = Any
T = TypeVar("T")

ROOT = Path(__file__).parents[2]
HOST = "127.0.0.1"
INJECTION = "secrets.noxus.ai/injection"
HOOKS = ("60-mutatingwebhookconfiguration.yaml", "70-validatingwebhookconfiguration.yaml")
WAIT_SECONDS = 30.0
OK, CREATED = 200, 201


class Webhook:
    """Starts on entering the context, or by `start()`; stops on leaving it, or by `close()`.

    Its policies are files in a folder; `add_policy` adds one and waits until it is in force.
    """

    def __init__(
        self,
        policies: Sequence[str] = (),
        *,
        folder: Path | None = None,
        flags: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._temporary = folder is None
        self.folder = (folder or Path(tempfile.mkdtemp(prefix="noxus-secrets-"))).resolve()
        self.policies = self.folder / "policies"
        self.policies.mkdir(parents=True, exist_ok=True)
        make_certificates(self.folder)
        self._flags = tuple(flags)
        self._environment = dict(environment or {})
        self._reserved = (_reserve_port(), _reserve_port())
        self.port, self.health_port = (int(it.getsockname()[1]) for it in self._reserved)
        self.url = f"https://{HOST}:{self.port}"
        self.ca_pem = (self.folder / "ca.crt").read_bytes()
        self._group = ProcessGroup(self.folder, temporary=self._temporary)
        self._program: Program | None = None
        self._count = 0
        for text in policies:
            self._write(text)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start it on the same ports as ever, and return when it is ready."""
        self.spawn()
        self.wait_for(lambda: self.get("/readyz") == (OK, "ok"), "ready webhook")

    def spawn(self) -> None:
        """Start it and return when it answers, ready or not."""
        command = [
            *(sys.executable, "-m", "webhook", "serve"),
            *self._policy_flags(),
            *("--listen", f"{HOST}:{self.port}"),
            *("--health-listen", f"{HOST}:{self.health_port}"),
            *("--tls-cert", str(self.folder / "tls.crt")),
            *("--tls-key", str(self.folder / "tls.key")),
            *self._flags,
        ]
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(ROOT),
            **self._environment,
        }
        self._program = self._group.start("noxus-secrets", command, environment)
        self.wait_for(lambda: self.get("/healthz")[0] == OK, "answering webhook")

    def stop(self) -> None:
        """Stop it as Kubernetes does; nobody else can take its ports meanwhile."""
        if self._program is not None:
            self._program.stop()
            self._program = None

    def close(self) -> None:
        """Stop it and remove what it left."""
        self.stop()
        self._group.close()
        for reserved in self._reserved:
            reserved.close()
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def add_policy(self, *texts: str) -> list[Path]:
        """Add files with these policies, and return when they are in force."""
        with self.reloaded():
            return [self._write(text) for text in texts]

    @contextlib.contextmanager
    def reloaded(self) -> Iterator[None]:
        """Change the policy folder inside; it is in force on leaving."""
        generation, faults = self.metric("policy_generation"), self.metric("policy_load_errors")
        yield

        def in_force() -> bool:
            if self.metric("policy_load_errors") > faults:
                raise ControlPlaneError(f"a policy does not load: {self.get('/readyz?verbose')[1]}")
            return self.metric("policy_generation") > generation

        self.wait_for(in_force, "reloaded policy")

    def get(self, path: str) -> tuple[int, str]:
        """Ask the health address; status 0 where nobody answers."""
        connection = http.client.HTTPConnection(HOST, self.health_port, timeout=WAIT_SECONDS)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()

    def metrics(self) -> str:
        """Return everything that it tells Prometheus."""
        return self.get("/metrics")[1]

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum of a metric over all series that have these labels."""
        return sum(
            sample.value
            for family in text_string_to_metric_families(self.metrics())
            for sample in family.samples
            if sample.name in {f"noxus_secrets_{name}", f"noxus_secrets_{name}_total"}
            and labels.items() <= sample.labels.items()
        )

    def log_lines(self) -> list[Json]:
        """Return its log so far; lines that are not JSON under the key `text`."""
        log = self.folder / "noxus-secrets.log"
        lines = log.read_text().splitlines() if log.exists() else []
        return [json.loads(it) if it.startswith("{") else {"text": it} for it in lines]

    def decisions(self, namespace: str) -> list[Json]:
        """Return what it logged about requests in a namespace."""
        return [line for line in self.log_lines() if line.get("namespace") == namespace]

    def wait_for(
        self, probe: Callable[[], T | None], what: str, *, timeout: float = WAIT_SECONDS
    ) -> T:
        """Return what the probe finds, once it finds something; an error shows the log's end."""
        programs = [] if self._program is None else [self._program]
        return wait_for(probe, what, timeout=timeout, programs=programs)

    def _policy_flags(self) -> Sequence[str]:
        """Say where the policies are."""
        return ("--policy", str(self.policies))

    def _write(self, text: str) -> Path:
        """Write a file and then give it its name: nobody reads half of it."""
        self._count += 1
        path = self.policies / f"{self._count:04}.yaml"
        hidden = path.with_name(f".{path.name}")
        hidden.write_text(text)
        return hidden.rename(path)


def make_certificates(folder: Path) -> None:
    """Put ca.crt, tls.crt and tls.key into a folder, for the loopback; kept if they are there."""
    names = service_names("noxus-secret-webhook", "noxus-secrets", dns=["localhost"], ips=[HOST])
    wish = Wish(names, dt.timedelta(days=365), dt.timedelta(days=30))
    fresh = Source(
        key=lambda: ec.generate_private_key(ec.SECP256R1()), serial=x509.random_serial_number
    )
    with locked_folder(folder) as locked:
        ensure(locked, wish, at=dt.datetime.now(dt.UTC), fresh=fresh)


def register(plane: ControlPlane, webhook: Webhook, hooks: Sequence[Json] | None = None) -> None:
    """Apply the hooks, as a rule those of the base, and return when the API server calls them."""
    documents = reached(webhook, base_hooks() if hooks is None else hooks)
    plane.kubectl("apply", "--server-side", "-f-", stdin=yaml.safe_dump_all(documents))
    # Where nothing is refused, both hooks are called even if no policy covers the namespace; the
    # entries of a configuration come into force together.
    namespace = plane.namespace("hooks", {INJECTION: "dry-run"})

    def called() -> bool:
        create_pod(plane, namespace, {"metadata": {"name": "probe"}}, dry_run=True)
        return {"mutate", "validate"} <= {it["hook"] for it in webhook.decisions(namespace)}

    plane.wait_for(called, "call of both hooks")
    plane.api("DELETE", f"/api/v1/namespaces/{namespace}")


def is_registered(plane: ControlPlane, webhook: Webhook) -> bool:
    """Tell whether the hooks in the API server are those of this webhook."""
    for kind in ("mutating", "validating"):
        path = f"/apis/admissionregistration.k8s.io/v1/{kind}webhookconfigurations/noxus-secrets"
        hooks = plane.api("GET", path).body.get("webhooks") or [{}]
        url = hooks[0].get("clientConfig", {}).get("url") or ""
        if not url.startswith(f"{webhook.url}/"):
            return False
    return True


def base_hooks() -> list[Json]:
    """Return both configurations as the base has them."""
    return [yaml.safe_load((ROOT / "manifests" / "base" / name).read_text()) for name in HOOKS]


def reached(webhook: Webhook, hooks: Sequence[Json]) -> list[Json]:
    """Return configurations changed in nothing but how the webhook is reached."""
    ca = base64.b64encode(webhook.ca_pem).decode()
    documents = copy.deepcopy(list(hooks))
    for document in documents:
        for hook in document["webhooks"]:
            path = hook["clientConfig"]["service"]["path"]
            hook["clientConfig"] = {"url": f"{webhook.url}{path}", "caBundle": ca}
    return documents


def create_pod(
    plane: ControlPlane, namespace: str, pod: Json, *, dry_run: bool = False
) -> Response:
    """Create a pod; a `spec` that is missing is the smallest one."""
    smallest = {"containers": [{"name": "app", "image": "example/app:1"}]}
    body = {"apiVersion": "v1", "kind": "Pod", "spec": smallest, **pod}
    query = "?dryRun=All" if dry_run else ""
    return plane.api("POST", f"/api/v1/namespaces/{namespace}/pods{query}", body)


def _reserve_port() -> socket.socket:
    """Return a socket that is bound to a free port and never listens.

    The webhook may bind the port too, since both say SO_REUSEADDR, and gets its connections; nobody
    else is given it before the webhook starts, nor while it is stopped.
    """
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind((HOST, 0))
    return reserved
