"""Reads what `audit --rotation` needs: the metadata of named Secrets, and nothing that they hold.

The API server sends metadata alone where that is asked for, so that no value ever comes here. Its
RBAC knows no such difference: whoever may `get` a Secret could read it. So each is asked for by its
name, and a user who may read some by name can see the age of those.
"""

import asyncio
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, Final, Protocol

from webhook.cluster.api import Api, ApiError
from webhook.cluster.read import kubeconfig

Json = dict[str, Any]

# As many as client-go asks at once by default; the API server answers each in a millisecond or two.
_AT_ONCE: Final = 5
_EXTERNAL: Final = "/apis/external-secrets.io/v1/namespaces/{}/externalsecrets"

Progress = Callable[[str, int, int], None]
Name = tuple[str, str]  # namespace and Secret


class Reader(Protocol):
    """Reads objects; raises ApiError."""

    async def get(self, path: str) -> Json: ...  # noqa: D102
    async def metadata(self, path: str) -> Json: ...  # noqa: D102


class SecretAgesError(Exception):
    """The metadata cannot be read; the message says what and the way out."""


def read_metadata(
    names: Sequence[Name], progress: Progress
) -> tuple[dict[Name, Json], dict[Name, str]]:
    """Return the metadata of those Secrets that are there, and when ESO last asked for each.

    Raises `SecretAgesError`.
    """
    return asyncio.run(_read(names, progress))


async def _read(
    names: Sequence[Name], progress: Progress
) -> tuple[dict[Name, Json], dict[Name, str]]:
    try:
        async with Api(kubeconfig()) as api:
            found = await metadata(api, names, progress)
            refreshed: dict[Name, str] = {}
            for namespace in dict.fromkeys(namespace for namespace, _ in names):
                refreshed |= await refreshes(api, namespace)
            return found, refreshed
    except ApiError as error:  # the connection itself
        raise SecretAgesError(f"the cluster cannot be read: {error}") from None


async def metadata(api: Reader, names: Sequence[Name], progress: Progress) -> dict[Name, Json]:
    """Return the metadata of those that are there; raises `SecretAgesError`."""
    found: dict[Name, Json] = {}
    waiting = list(reversed(names))

    async def work() -> None:
        while waiting:
            name = waiting.pop()
            one = await _one(api, name)
            if one is not None:
                found[name] = one
            progress("secrets (metadata)", len(names) - len(waiting), len(names))

    try:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(_AT_ONCE):
                tasks.create_task(work())
    except* SecretAgesError as errors:
        raise errors.exceptions[0] from None
    return {name: found[name] for name in names if name in found}


async def refreshes(api: Reader, namespace: str) -> dict[Name, str]:
    """Return when External Secrets Operator last asked its store for each Secret it fills.

    Empty where the operator is not there, or this user may not see its objects.
    """
    try:
        listed = await api.get(_EXTERNAL.format(namespace))
    except ApiError as error:
        if error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN):
            return {}
        raise SecretAgesError(f"externalsecrets cannot be read: {error}") from None
    found: dict[Name, str] = {}
    for item in listed.get("items") or ():
        target = ((item.get("spec") or {}).get("target") or {}).get("name")
        name = str(target or item["metadata"]["name"])
        found[namespace, name] = str((item.get("status") or {}).get("refreshTime") or "")
    return found


async def _one(api: Reader, name: Name) -> Json | None:
    namespace, secret = name
    try:
        return await api.metadata(f"/api/v1/namespaces/{namespace}/secrets/{secret}")
    except ApiError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        text = f"the metadata of Secret {secret} of namespace {namespace} cannot be read: {error}"
        if error.status == HTTPStatus.FORBIDDEN:
            text += "; let this user get secrets of that name, or give manifests with -f"
        raise SecretAgesError(text) from None
