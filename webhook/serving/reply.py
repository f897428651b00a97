"""Answers: complete, JSON, and with their length."""

import json
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from time import time
from typing import Final

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter

_JSON: Final = "application/json"
# aiohttp would name itself and Python, with their versions.
_SERVER: Final = {"Server": "noxus-secrets"}


class Refused(Exception):
    """A request that is answered with an HTTP error and a sentence."""

    def __init__(self, status: int, message: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers


class Reply(web.StreamResponse):
    """A 200 with a JSON document, written at once.

    aiohttp's own response builds its headers anew each time: a tenth of what a request costs.
    """

    def __init__(self, document: bytes) -> None:
        """Take the encoded document."""
        super().__init__()
        self._document = document
        self._asker: web.BaseRequest | None = None

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Note who asked; nothing is written yet."""
        self._asker = request
        if self._keep_alive is None:
            self._keep_alive = request.keep_alive
        return request.writer

    async def write_eof(self, data: bytes = b"") -> None:  # noqa: ARG002  all is known before
        """Write headers and document in one piece."""
        asker, self._asker = self._asker, None
        if asker is not None:
            await asker.writer.write(ok(self._document, keep_alive=bool(self._keep_alive)))


def ok(document: bytes, *, keep_alive: bool = True) -> bytes:
    """Write a whole response of HTTP/1.1: 200, with a JSON document."""
    connection = b"" if keep_alive else b"Connection: close\r\n"
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
        b"Date: %b\r\n%b\r\n%b" % (len(document), _date(int(time())), connection, document)
    )


def answered(document: bytes, request: web.BaseRequest) -> web.StreamResponse:
    """Answer 200 with a JSON document."""
    if request.version == HttpVersion11:
        return Reply(document)
    # This one knows what HTTP/1.0 expects.
    return web.Response(body=document, content_type=_JSON, headers=_SERVER)


@lru_cache(maxsize=2)
def _date(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode()


def error(status: int, message: str, *, headers: dict[str, str] | None = None) -> web.Response:
    """Answer with an HTTP error: one object with one sentence."""
    body = _failure(status, message)
    return web.Response(
        status=status, body=body, content_type=_JSON, headers={**_SERVER, **(headers or {})}
    )


def text(status: int, content: str, *, headers: dict[str, str] | None = None) -> web.Response:
    """Answer with plain text, for people and probes."""
    return web.Response(
        status=status,
        text=content,
        content_type="text/plain",
        headers={**_SERVER, **(headers or {})},
    )


def exposition(content: bytes, kind: str) -> web.Response:
    """Answer with what Prometheus collects; `kind` is the whole Content-Type."""
    return web.Response(body=content, headers={**_SERVER, "Content-Type": kind})


def raw_error(status: int, message: str) -> bytes:
    """Write such an answer as bytes, for where there is no request yet to answer."""
    body = _failure(status, message)
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: {_JSON}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def _failure(status: int, message: str) -> bytes:
    """Write a Status of the Kubernetes API: the API server quotes its message to the client.

    Of any other JSON it says no more than that the server is in error.
    """
    document = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": "InternalError" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "BadRequest",
        "code": status,
    }
    return json.dumps(document).encode() + b"\n"
