"""What the tests share: certificates, a server with fakes inside, a client without help."""

import asyncio
import contextlib
import inspect
import json
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from webhook.core.decision import Allow, Reason, Report
from webhook.core.policyset import PolicySet
from webhook.core.request import AdmissionRequest
from webhook.core.words import Hook, NamespaceMode
from webhook.loading.load import Loaded, load_text
from webhook.loading.problems import PolicyError, Problem
from webhook.pki.authority import Authority, certificate_pem, create_authority, key_pem
from webhook.pki.leaf import issue_leaf
from webhook.pki.names import service_names
from webhook.serving.limits import Limits
from webhook.serving.server import Parts, Service
from webhook.serving.sources import from_files
from webhook.settings import Address, Settings
from webhook.wire.answer import Answer, Malformed, Record

HOST = "hook.noxus.svc"
RECORD = Record(
    uid="u-1",
    operation="CREATE",
    resource="pods",
    namespace="noxus",
    name="web",
    user="jane",
    hook="mutate",
    mode="enforce",
    decision="allow",
    reason="NothingToDo",
    policy="noxus/1",
    role="frontend",
    pool="",
    scopes=("shared",),
    warnings=0,
    dry_run=False,
)
POLICY = """\
apiVersion: secrets.noxus.ai/v1alpha1
kind: SecretInjectionPolicy
metadata: {name: noxus}
spec:
  scopes:
    - name: shared
      roles: [frontend]
      envFrom: [{secretRef: {name: app-env}}]
"""


def echo(body: bytes, *, hook: Hook, mode: NamespaceMode, policies: PolicySet) -> Answer:
    """Answer what the server handed over; {"say": ...} chooses the outcome."""
    try:
        say = json.loads(body).get("say")
    except (ValueError, AttributeError):
        raise Malformed("not an AdmissionReview: not JSON") from None
    if say == "fault":
        raise LookupError("secret value of a pod")
    document = {"hook": hook, "mode": mode, "length": len(body), "policies": len(policies)}
    answer = json.dumps(document).encode()
    asked = AdmissionRequest(hook=hook, mode=mode, namespace="noxus", operation="CREATE", pod=None)
    body = answer * (1000 if say == "a lot" else 1)
    return Answer(
        body, msgspec.structs.replace(RECORD, hook=hook), asked, Allow(Report(Reason.NOTHING_TO_DO))
    )


@dataclass
class FakeLoader:
    """Policies as the tests want them: a file that says `bad` does not load."""

    loads: int = 0

    def load(self, path: Path, generation: int) -> Loaded:
        self.loads += 1
        text = path.read_text()
        if "bad" in text:
            raise PolicyError([Problem(str(path), 3, "spec.x", "it is bad: make it good")])
        if "crash" in text:
            raise ZeroDivisionError("value of a policy")
        loaded = load_text(POLICY)
        return Loaded(PolicySet(loaded.policies.policies, generation), loaded.sources)

    def fingerprint(self, path: Path) -> bytes:
        return path.read_bytes()


@dataclass
class Certificates:
    """A CA, a certificate for the server, and one for a client."""

    folder: Path
    authority: Authority
    cert: Path
    key: Path
    ca: Path
    client_cert: Path
    client_key: Path

    def client(self, *, known: bool = False) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.ca))
        if known:
            context.load_cert_chain(self.client_cert, self.client_key)
        return context


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def issue(
    authority: Authority, *, at: datetime | None = None, days: int = 30
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = new_key()
    leaf = issue_leaf(
        authority,
        names=service_names("hook", "noxus", ips=["127.0.0.1"]),
        key=key,
        serial=x509.random_serial_number(),
        at=at or datetime.now(UTC),
        lifetime=timedelta(days=days),
    )
    return leaf, key


def issue_client(
    authority: Authority,
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Make a client's certificate; the product itself issues none."""
    key = new_key()
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "api-server")]))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(3)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return certificate, key


def certificates(folder: Path) -> Certificates:
    authority = create_authority(key=new_key(), serial=1, at=datetime.now(UTC) - timedelta(days=60))
    made = Certificates(
        folder,
        authority,
        *(folder / name for name in ("tls.crt", "tls.key", "ca.crt", "me.crt", "me.key")),
    )
    made.ca.write_bytes(certificate_pem(authority.certificate))
    write_pair(issue(authority), made.cert, made.key)
    write_pair(issue_client(authority), made.client_cert, made.client_key)
    return made


def write_pair(
    pair: tuple[x509.Certificate, ec.EllipticCurvePrivateKey], cert: Path, key: Path
) -> None:
    cert.write_bytes(certificate_pem(pair[0]))
    key.write_bytes(key_pem(pair[1]))


@dataclass
class Response:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> str:
        return str(json.loads(self.body)["message"])

    @property
    def json(self) -> Any:  # noqa: ANN401
        return json.loads(self.body)


@dataclass
class Client:
    """One connection, with nothing between the test and the bytes."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def response(self) -> Response:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        line, *fields = head.rstrip().split("\r\n")
        headers = {
            name.lower(): value for name, _, value in (field.partition(": ") for field in fields)
        }
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return Response(int(line.split()[1]), headers, body)

    async def ask(self, data: bytes) -> Response:
        await self.send(data)
        return await self.response()

    async def closed(self) -> bytes:
        """Wait until the server closes; gives what it still sent."""
        try:
            return await self.reader.read()
        except (ConnectionError, ssl.SSLError):
            return b""

    def close(self) -> None:
        self.writer.transport.abort()


@dataclass
class Rig:
    """A running server and how to reach it."""

    service: Service
    pki: Certificates
    settings: Settings
    loader: FakeLoader
    lines: list[bytes]
    clients: list[Client] = field(default_factory=list)

    async def connect(self, *, context: ssl.SSLContext | None = None, name: str = HOST) -> Client:
        """Connect with TLS."""
        tls = context or self.pki.client()
        return await self._connected(ssl=tls, server_hostname=name)

    async def connect_plain(self) -> Client:
        """Connect to the TLS port without TLS."""
        return await self._connected()

    async def good(self, **fields: object) -> Response:
        """Ask as the API server does, on a connection of its own."""
        client = await self.connect()
        try:
            return await client.ask(post(fields))
        finally:
            client.close()

    async def health(self, path: str, method: str = "GET") -> Response:
        address = self.service.health_address
        reader, writer = await asyncio.open_connection(address.host, address.port)
        client = Client(reader, writer)
        try:
            await client.send(f"{method} {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
            return await client.response()
        finally:
            client.close()

    def metric(self, name: str, **labels: str) -> float:
        value = self.service.metrics.registry.get_sample_value(f"noxus_secrets_{name}", labels)
        return -1.0 if value is None else value

    async def until(self, true: Callable[[], object]) -> None:
        """Wait for something that other tasks bring about; `true` may be a coroutine."""
        async with asyncio.timeout(10):
            while True:
                result = true()
                if await result if inspect.isawaitable(result) else result:
                    return
                await asyncio.sleep(0.01)

    async def _connected(self, **tls: Any) -> Client:  # noqa: ANN401
        address = self.service.hooks_address
        reader, writer = await asyncio.open_connection(address.host, address.port, **tls)
        self.clients.append(Client(reader, writer))
        return self.clients[-1]


def post(
    document: object = None,
    *,
    path: str = "/mutate/enabled?timeout=10s",
    body: bytes | None = None,
    method: str = "POST",
    **headers: str,
) -> bytes:
    """Write a request as the API server's client does; underscores in headers become hyphens."""
    if body is None:
        body = json.dumps(document or {}).encode()
    fields = {
        "Host": "hook.noxus.svc:443",
        "User-Agent": "kube-apiserver-admission",
        "Content-Length": str(len(body)),
        "Accept": "application/json, */*",
        "Content-Type": "application/json",
        "Accept-Encoding": "gzip",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in fields.items() if v), "", ""]
    return "\r\n".join(lines).encode() + body


def settings(pki: Certificates, folder: Path, **fields: Any) -> Settings:  # noqa: ANN401
    policy = folder / "policy.yaml"
    if not policy.exists():
        policy.write_text("good")
    loopback = Address("127.0.0.1", 0)
    given: dict[str, Any] = {
        "policy": policy,
        "listen": loopback,
        "health_listen": loopback,
        "tls_cert": pki.cert,
        "tls_key": pki.key,
    }
    return Settings(**{**given, **fields})


@contextlib.asynccontextmanager
async def rig(
    pki: Certificates,
    folder: Path,
    *,
    limits: Limits,
    loader: FakeLoader | None = None,
    **fields: Any,  # noqa: ANN401
) -> AsyncIterator[Rig]:
    """Run a server; the further arguments are settings."""
    fake = loader or FakeLoader()
    lines: list[bytes] = []
    parts = Parts(
        answer=echo,
        sources=from_files(fake.load, fake.fingerprint),
        version="1.2.3",
        write=lines.append,
        limits=limits,
        poll_every=0.02,
    )
    chosen = settings(pki, folder, **fields)
    running = Rig(Service(chosen, parts), pki, chosen, fake, lines)
    try:
        yield running
    finally:
        for client in running.clients:
            client.close()
        await running.service.close()
