"""The CA bundle of our webhook configurations: what they carry, and how it is put there."""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, Protocol

from cryptography import x509

from webhook.cluster.api import STRATEGIC_MERGE_PATCH, ApiError
from webhook.pki.keyring import usable_cas

Json = dict[str, Any]

_GROUP: Final = "/apis/admissionregistration.k8s.io/v1"
COLLECTIONS: Final = (
    f"{_GROUP}/mutatingwebhookconfigurations",
    f"{_GROUP}/validatingwebhookconfigurations",
)


class Configurations(Protocol):
    """What is needed of the API."""

    async def get(self, path: str, **query: str) -> Json: ...  # noqa: D102
    async def patch(self, path: str, body: Json, content_type: str) -> Json: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Configuration:
    """One webhook configuration as it was read."""

    path: str
    content: Json

    @property
    def uid(self) -> str:
        """Tell it from another one of its name, which somebody created later."""
        return str(self.content["metadata"]["uid"])

    @property
    def kind(self) -> str:
        """Name it to people."""
        return str(self.content.get("kind", ""))

    def bundles(self) -> Iterator[tuple[str, bytes]]:
        """Give the name and the bundle (PEM, whatever it holds) of each entry."""
        for entry in self.content.get("webhooks") or ():
            encoded = str((entry.get("clientConfig") or {}).get("caBundle") or "")
            try:
                yield str(entry["name"]), base64.b64decode(encoded, validate=True)
            except (binascii.Error, ValueError):
                yield str(entry["name"]), b""

    def carried(self, at: datetime) -> set[x509.Certificate]:
        """Give the CAs that every entry carries and that are in force."""
        sets = [set(usable_cas(bundle, at)) for _, bundle in self.bundles()]
        return set.intersection(*sets) if sets else set()

    def others(self, bundle: bytes) -> list[str]:
        """Name the entries that carry anything else than a bundle."""
        return [name for name, carried in self.bundles() if carried != bundle]


async def read(api: Configurations, name: str) -> list[Configuration]:
    """Read both configurations; one that does not exist (yet), or has no entries, is left out."""
    found = []
    for collection in COLLECTIONS:
        path = f"{collection}/{name}"
        try:
            configuration = Configuration(path, await api.get(path))
        except ApiError as problem:
            if problem.status != HTTPStatus.NOT_FOUND:
                raise
        else:
            if configuration.content.get("webhooks"):
                found.append(configuration)
    return found


async def write(
    api: Configurations, configuration: Configuration, names: list[str], bundle: bytes
) -> None:
    """Put the bundle into these entries, and change nothing else; raises ApiError.

    A strategic merge finds entries by their name, wherever they stand by now. The resourceVersion
    makes it a 409 where anything else changed since: an entry that was removed would come back
    with nothing but a bundle.
    """
    encoded = base64.b64encode(bundle).decode()
    body = {
        "metadata": {"resourceVersion": configuration.content["metadata"]["resourceVersion"]},
        "webhooks": [{"name": name, "clientConfig": {"caBundle": encoded}} for name in names],
    }
    await api.patch(configuration.path, body, STRATEGIC_MERGE_PATCH)
