"""Reads named Secrets and ConfigMaps of one namespace for `lint`: with the caller's own rights.

Only `get`, only by name, and only what a policy names, so that a user who may read those Secrets
and no others can lint them. Nothing else in this project reads a Secret's content; the webhook has
no right to.
"""

import asyncio
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final, Protocol

from webhook.cluster.api import Api, ApiError
from webhook.cluster.read import kubeconfig

Json = dict[str, Any]

_PLURALS: Final = {"Secret": "secrets", "ConfigMap": "configmaps"}


class Getter(Protocol):
    """Reads an object; raises ApiError."""

    async def get(self, path: str) -> Json:
        """Read it."""


class UnreadableObjectError(Exception):
    """An object cannot be read; the message says which and the way out, and nothing of it."""


def read_named(namespace: str, names: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Json]:
    """Return objects by kind and name, without those that are not there.

    Raises `UnreadableObjectError`.
    """
    return asyncio.run(_read(namespace, list(names)))


async def _read(namespace: str, names: list[tuple[str, str]]) -> dict[tuple[str, str], Json]:
    try:
        async with Api(kubeconfig()) as api:
            return await named(api, namespace, names)
    except ApiError as error:  # the connection itself
        raise UnreadableObjectError(f"the cluster cannot be read: {error}") from None


async def named(
    api: Getter, namespace: str, names: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], Json]:
    """Do what `read_named` does, by a given connection."""
    found: dict[tuple[str, str], Json] = {}
    for kind, name in names:
        if (value := await _get(api, namespace, kind, name)) is not None:
            found[kind, name] = {**value, "apiVersion": "v1", "kind": kind}
    return found


async def _get(api: Getter, namespace: str, kind: str, name: str) -> Json | None:
    plural = _PLURALS[kind]
    try:
        return await api.get(f"/api/v1/namespaces/{namespace}/{plural}/{name}")
    except ApiError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        text = f"{kind} {name} of namespace {namespace} cannot be read: {error}"
        if error.status == HTTPStatus.FORBIDDEN:
            text += (
                f"; let this user get {plural} of that name, or lint the manifests instead: "
                "noxus-secrets lint FILE"
            )
        raise UnreadableObjectError(text) from None
