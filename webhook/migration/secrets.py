"""Keys with their places -> one manifest for each Secret."""

from collections.abc import Iterable, Mapping
from typing import Final

import yaml

from webhook.migration.assign import Assigned

MADE_BY: Final = {"app.kubernetes.io/managed-by": "noxus-secrets"}


def manifests(
    assigned: Iterable[Assigned], values: Mapping[str, str], namespace: str
) -> dict[str, bytes]:
    """Return the manifest of each Secret by its name, with the values; keep it out of every log."""
    secrets: dict[str, dict[str, str]] = {}
    for it in assigned:
        if it.place is not None:
            secrets.setdefault(it.place.secret, {})[it.secret_key] = values[it.key]
    return {name: _manifest(name, namespace, data) for name, data in secrets.items()}


def _manifest(name: str, namespace: str, data: dict[str, str]) -> bytes:
    manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace, "labels": dict(MADE_BY)},
        "type": "Opaque",
        "stringData": data,
    }
    # Long lines stay whole, so that no value is folded into something else.
    text = yaml.safe_dump(manifest, sort_keys=False, allow_unicode=True, width=1 << 30)
    return text.encode()
