"""The Kubernetes API: JSON in, JSON out.

The connection, its TLS and its credentials are the client library's. Its typed models are left out:
of the few objects that are read here none needs one, and they cost 30 MB and half a second.
"""

import json
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Self

import aiohttp
import yaml
from kubernetes.aio import config
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration

Json = dict[str, Any]

MERGE_PATCH: Final = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH: Final = "application/strategic-merge-patch+json"
# An object without anything but its metadata: of a Secret, no key and no value.
METADATA: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
JSON_PATCH: Final = "application/json-patch+json"

# The API server gives up after a minute by itself; what takes that long is to be tried again.
_ANSWER: Final = aiohttp.ClientTimeout(total=30, sock_connect=5)
# A watch is silent for as long as nothing changes, but for a bookmark about once a minute. Three of
# them missing: the connection is dead, whatever TCP believes.
_WATCHING: Final = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=200)
# The server ends a watch by itself, so that connections spread over API servers anew; its own
# default is half an hour or more, at random.
WATCH_SECONDS: Final = 300
# One object is 1.5 MB at most (etcd), and a watch event holds one in a line of its own.
_LINE: Final = 4 * 1024 * 1024
# One stream for each thing that is watched, and some calls beside them.
_CONNECTIONS: Final = 32


class ApiError(Exception):
    """What the API server refused, or that it was not reached.

    `status` is the HTTP status, 0 where there was no answer; `reason` is the Status object's word.
    """

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status, self.reason, self.message = status, reason, message

    def __str__(self) -> str:
        return f"{self.status} {self.reason}: {self.message}" if self.status else self.message


class Api:
    """One API server, as one user: that of a kubeconfig, or what a pod is given.

    Both are read at the first call, and again when the API server no longer knows us.
    """

    def __init__(self, kubeconfig: Path | None = None) -> None:
        """Take the kubeconfig; None: we are a pod."""
        self._kubeconfig = kubeconfig
        self._client: ApiClient | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def get(self, path: str, **query: str) -> Json:
        """Read an object or a list."""
        return await self._call("GET", path, query=query)

    async def read(self, path: str, **query: str) -> bytes:
        """Read an object or a list as it is sent, for whoever decodes a part of it only."""
        return await self._body("GET", path, query=query)

    async def metadata(self, path: str) -> Json:
        """Read what an object's metadata says, and nothing that the object holds."""
        found = _decoded(await self._body("GET", path, accept=METADATA))
        metadata = found.get("metadata")
        return metadata if isinstance(metadata, dict) else {}

    async def create(self, path: str, body: Json) -> Json:
        """Create an object; raises ApiError 409 where it exists."""
        return await self._call("POST", path, body)

    async def replace(self, path: str, body: Json) -> Json:
        """Write a whole object; raises ApiError 409 where its resourceVersion is an old one."""
        return await self._call("PUT", path, body)

    async def patch(
        self, path: str, body: Json | list[Json], content_type: str = MERGE_PATCH, **query: str
    ) -> Json:
        """Change an object."""
        return await self._call("PATCH", path, body, content_type=content_type, query=query)

    async def delete(self, path: str, body: Json | None = None) -> None:
        """Remove an object; `body` is a DeleteOptions, for preconditions."""
        await self._call("DELETE", path, body)

    async def watch(self, path: str, **query: str) -> AsyncIterator[Json]:
        """Yield events, `{"type": ..., "object": ...}`, until the server ends the stream.

        Raises ApiError, also for an event of type ERROR: 410 says that `resourceVersion` is gone.
        """
        query = {"watch": "true", "timeoutSeconds": str(WATCH_SECONDS), **query}
        try:
            answer = await self._send("GET", path, query=query, timeout=_WATCHING)
            try:
                await _check(answer)
                async for line in answer.content:
                    event = _decoded(line)
                    if event.get("type") == "ERROR":
                        raise _error(event.get("object") or {}, HTTPStatus.INTERNAL_SERVER_ERROR)
                    yield event
            finally:
                answer.close()  # a stream that was not read to its end cannot be used again
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            raise _unreachable(problem) from None

    async def _call(
        self,
        method: str,
        path: str,
        body: Json | list[Json] | None = None,
        *,
        content_type: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> Json:
        return _decoded(
            await self._body(method, path, body, content_type=content_type, query=query)
        )

    async def _body(
        self,
        method: str,
        path: str,
        body: Json | list[Json] | None = None,
        *,
        content_type: str = "application/json",
        query: Mapping[str, str] | None = None,
        accept: str = "application/json",
    ) -> bytes:
        try:
            answer = await self._send(
                method,
                path,
                body,
                content_type=content_type,
                query=query,
                accept=accept,
                timeout=_ANSWER,
            )
            async with answer:
                await _check(answer)
                return await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            raise _unreachable(problem) from None

    async def _send(
        self,
        method: str,
        path: str,
        body: Json | list[Json] | None = None,
        *,
        content_type: str = "application/json",
        query: Mapping[str, str] | None = None,
        accept: str = "application/json",
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  handed on to who does the waiting
    ) -> aiohttp.ClientResponse:
        """Send once; and once more with fresh credentials where the old ones are refused."""

        async def once() -> tuple[ApiClient, aiohttp.ClientResponse]:
            client = self._client or await _client(self._kubeconfig)
            self._client = client
            _, url, headers, _, _ = await client.param_serialize(
                method,
                path,
                query_params=list((query or {}).items()),
                header_params={"Accept": accept, "Content-Type": content_type},
                auth_settings=["BearerToken"],
            )
            sent = await client.rest_client.request(
                method, url, headers=headers, body=body, _request_timeout=timeout
            )
            return client, sent.response

        refused, answer = await once()
        if answer.status == HTTPStatus.UNAUTHORIZED:
            answer.close()
            if self._client is refused:  # unless another call has noticed it, too
                await self.close()
            _, answer = await once()
        return answer


async def _client(kubeconfig: Path | None) -> ApiClient:
    configuration = Configuration()
    configuration.connection_pool_maxsize = _CONNECTIONS
    configuration.client_session_kwargs = {"read_bufsize": _LINE}
    try:
        if kubeconfig is None:
            config.load_incluster_config(configuration)
        elif not kubeconfig.is_file():  # noqa: ASYNC240  the loader reads it in the same way
            raise FileNotFoundError("there is no such file")
        else:
            await config.load_kube_config(str(kubeconfig), client_configuration=configuration)
        client = ApiClient(configuration)
    # The loader does not check what it reads: a file of another shape is any of the last three.
    except (
        *(config.ConfigException, OSError, ValueError, yaml.YAMLError),
        *(AttributeError, KeyError, TypeError),
    ) as problem:
        where = "this pod" if kubeconfig is None else str(kubeconfig)
        hint = "; outside of a cluster name a kubeconfig with --kubeconfig"
        text = f"{where} does not say how to reach the API server: {_first_line(problem)}"
        raise ApiError(0, "", text + (hint if kubeconfig is None else "")) from None
    client.user_agent = "noxus-secrets"
    return client


async def _check(answer: aiohttp.ClientResponse) -> None:
    if answer.status < HTTPStatus.BAD_REQUEST:
        return
    try:
        status = json.loads(await answer.read())
    except ValueError:
        status = {}
    raise _error(status if isinstance(status, dict) else {}, answer.status)


def _error(status: Json, code: int) -> ApiError:
    message = str(status.get("message") or "the API server said no more than that")
    return ApiError(int(status.get("code") or code), str(status.get("reason") or ""), message)


def _unreachable(problem: BaseException) -> ApiError:
    """Name the kind of failure only: the text of some quotes headers."""
    return ApiError(0, "", f"the API server cannot be reached: {type(problem).__name__}")


def _decoded(content: bytes) -> Json:
    try:
        value = json.loads(content)
    except ValueError:
        raise ApiError(0, "", "the API server's answer is no JSON") from None
    except RecursionError:  # it stores what is nested thousands deep
        raise ApiError(0, "", "an object in the API server's answer is nested too deeply") from None
    return value if isinstance(value, dict) else {}


def _first_line(problem: Exception) -> str:
    """Say what a library says, in one line; what it quotes of a file may be a credential."""
    if isinstance(problem, yaml.YAMLError):
        return "it is not YAML"
    return str(problem).partition("\n")[0] or type(problem).__name__
