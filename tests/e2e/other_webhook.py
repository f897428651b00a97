"""Somebody else's mutating webhook: it does to pods what a test tells it to."""

import base64
import json
import ssl
import tempfile
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from tests.controlplane.plane import ControlPlane
from tests.e2e.harness import HOST, create_pod, make_certificates

Json = Any
Change = Callable[[Json], list[Json]]  # pod -> JSON Patch


class OtherWebhook:
    """Serves from a thread while the context lasts, for one namespace."""

    def __init__(self, plane: ControlPlane, namespace: str) -> None:
        self._plane, self._namespace = plane, namespace
        self._configurations: list[str] = []
        self.changes: dict[str, Change] = {}
        self.seen: list[tuple[str, Json]] = []  # who was called, with which pod
        self._folder = tempfile.TemporaryDirectory(prefix="other-webhook-")
        folder = Path(self._folder.name)
        make_certificates(folder)
        self._ca = base64.b64encode((folder / "ca.crt").read_bytes()).decode()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(folder / "tls.crt", folder / "tls.key")
        self._server = ThreadingHTTPServer((HOST, 0), _handler(self))
        self._server.daemon_threads = True
        self._server.socket = tls.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        # The argument is how long it takes to notice the end of the test.
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for name in self._configurations:
            self._plane.kubectl("delete", "mutatingwebhookconfiguration", name)
        self._server.shutdown()
        self._server.server_close()
        self._folder.cleanup()

    def register(self, name: str, change: Change, *, again: bool = False) -> None:
        """Have it called for pods that are created, and return when it is.

        The API server calls webhooks in the order of their configurations' names: `aaa-...` comes
        before ours, `zzz-...` after. `again`: call it again when somebody changed the pod after it.
        """
        name = f"{name}-{self._namespace}"
        self.changes[name] = lambda _: []  # until it is in force
        address = f"https://{HOST}:{self._server.server_address[1]}/{name}"
        configuration = {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": name},
            "webhooks": [
                {
                    "name": "pods.other.example.com",
                    "clientConfig": {"url": address, "caBundle": self._ca},
                    "namespaceSelector": {
                        "matchLabels": {"kubernetes.io/metadata.name": self._namespace}
                    },
                    "rules": [
                        {
                            "apiGroups": [""],
                            "apiVersions": ["v1"],
                            "operations": ["CREATE"],
                            "resources": ["pods"],
                        }
                    ],
                    "reinvocationPolicy": "IfNeeded" if again else "Never",
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                }
            ],
        }
        self._plane.kubectl("apply", "-f-", stdin=json.dumps(configuration))
        self._configurations.append(name)
        self._plane.wait_for(lambda: self._is_called(name), f"call of {name}")
        self.changes[name] = change
        self.seen.clear()

    def _is_called(self, name: str) -> bool:
        create_pod(self._plane, self._namespace, {"metadata": {"name": "probe"}}, dry_run=True)
        return any(called == name for called, _ in self.seen)


def _handler(owner: OtherWebhook) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = json.loads(body)["request"]
            name = self.path.partition("?")[0].removeprefix("/")
            owner.seen.append((name, request["object"]))
            response: Json = {"uid": request["uid"], "allowed": True}
            if patch := owner.changes[name](request["object"]):
                response["patch"] = base64.b64encode(json.dumps(patch).encode()).decode()
                response["patchType"] = "JSONPatch"
            review = {
                "apiVersion": "admission.k8s.io/v1",
                "kind": "AdmissionReview",
                "response": response,
            }
            answer = json.dumps(review).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
