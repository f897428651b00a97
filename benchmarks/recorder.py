"""A webhook that writes down what an API server sends, and injects what the policy says."""

import base64
import json
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import jsonpatch

from benchmarks import checking
from benchmarks.bodies import Json

HOST = "127.0.0.1"
Answers = Callable[[str, Json], Json]  # path and review -> what is answered


class Recorder:
    """Serves from a thread while the context lasts; `seen` holds every body in order."""

    def __init__(self, certificate: Path, key: Path, answers: Answers | None = None) -> None:
        self.seen: list[bytes] = []
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)
        self._server = ThreadingHTTPServer((HOST, 0), _handler(self.seen, answers or answer))
        self._server.daemon_threads = True
        self._server.socket = tls.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def reviews(self) -> list[Json]:
        """Return what was seen so far."""
        return [json.loads(body) for body in list(self.seen)]


def answer(path: str, review: Json) -> Json:
    """Allow; `/mutate` injects, so that the validating hook sees what it would see."""
    request = review["request"]
    response: dict[str, Any] = {"uid": request["uid"], "allowed": True}
    if path.startswith("/mutate"):
        pod = request["object"]
        patch = jsonpatch.make_patch(pod, checking.expected(pod)).to_string()
        response["patch"] = base64.b64encode(patch.encode()).decode()
        response["patchType"] = "JSONPatch"
    return {"apiVersion": review["apiVersion"], "kind": review["kind"], "response": response}


def _handler(seen: list[bytes], answers: Answers) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            content = json.dumps(answers(self.path, json.loads(body))).encode()
            seen.append(body)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
