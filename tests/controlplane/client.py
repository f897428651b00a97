"""A small client of the API server: raw JSON in, raw JSON out, connections reused."""

import contextlib
import http.client
import json
import re
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# kube-apiserver closes a connection that was idle for 90 s; one that is nearly so is not used.
IDLE_SECONDS = 60.0
# The longest wait for one answer: a webhook may take 30 s, and several may be called in a row.
ANSWER_SECONDS = 90.0
# `299 - "text"`, with backslash escapes in the text (RFC 9110 5.6.4, RFC 7234 5.5).
WARNING = re.compile(r'299 \S+ "((?:[^"\\]|\\.)*)"')
ESCAPE = re.compile(r"\\(.)")


@dataclass(frozen=True)
class Response:
    """What the API server answered."""

    status: int
    body: dict[str, Any]  # of a JSON object; empty otherwise
    warnings: list[str]
    raw: bytes = field(repr=False)

    @property
    def message(self) -> str:
        """The sentence of a Status object, or nothing."""
        return str(self.body.get("message", ""))


@dataclass
class _Connection:
    http: http.client.HTTPSConnection
    used: float


class Client:
    """Talks to one API server as one user; safe to use from several threads."""

    def __init__(self, host: str, port: int, ca: bytes, certificate: Path, key: Path) -> None:
        self._host, self._port = host, port
        self._tls = ssl.create_default_context(cadata=ca.decode())
        self._tls.load_cert_chain(certificate, key)
        self._idle: list[_Connection] = []
        self._lock = threading.Lock()
        self._generation = 0

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content_type: str = "application/json",
        user: str | None = None,
        groups: Sequence[str] = (),
    ) -> Response:
        """Send one request. A body of bytes is sent as it is, anything else as JSON.

        With `user` it is sent in that user's name (impersonation): RBAC, webhooks and the audit log
        see that user. Nothing is sent twice: a broken connection is an OSError or HTTPException.
        """
        headers = {"Accept": "application/json"}
        if user is not None:
            headers["Impersonate-User"] = user
        data = body if isinstance(body, bytes) else None
        if body is not None:
            data = data if data is not None else json.dumps(body).encode()
            headers["Content-Type"] = content_type
        with self._connection() as connection:
            connection.putrequest(method, path)
            for name, value in headers.items():
                connection.putheader(name, value)
            for group in groups:  # the one header that is repeated
                connection.putheader("Impersonate-Group", group)
            if data is not None:
                connection.putheader("Content-Length", str(len(data)))
            connection.endheaders(data)
            with connection.getresponse() as answer:
                return _response(answer)

    def disconnect(self) -> None:
        """Close all connections; those in use are closed when they are given back."""
        with self._lock:
            idle, self._idle = self._idle, []
            self._generation += 1
        for connection in idle:
            connection.http.close()

    @contextlib.contextmanager
    def _connection(self) -> Iterator[http.client.HTTPSConnection]:
        with self._lock:
            generation = self._generation
            held = self._idle.pop() if self._idle else None
        if held is not None and time.monotonic() - held.used > IDLE_SECONDS:
            held.http.close()
            held = None
        connection = held.http if held is not None else self._connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        with self._lock:
            keep = generation == self._generation
            if keep:
                self._idle.append(_Connection(connection, time.monotonic()))
        if not keep:
            connection.close()

    def _connect(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(
            self._host, self._port, context=self._tls, timeout=ANSWER_SECONDS
        )


def _response(answer: http.client.HTTPResponse) -> Response:
    raw = answer.read()
    is_json = answer.headers.get_content_type() == "application/json"
    body = json.loads(raw) if is_json and raw else {}
    return Response(
        status=answer.status,
        body=body if isinstance(body, dict) else {},
        warnings=parse_warnings(answer.headers.get_all("Warning", [])),
        raw=raw,
    )


def parse_warnings(headers: Sequence[str]) -> list[str]:
    """Return the texts of `Warning` headers, in order."""
    return [
        # http.client reads headers as Latin-1, and the API server writes UTF-8.
        ESCAPE.sub(r"\1", found).encode("latin-1").decode()
        for header in headers
        for found in WARNING.findall(header)
    ]
