"""Reads the cluster's policies once, for commands: as the user of a kubeconfig, or as a pod."""

import asyncio
import os
from pathlib import Path
from typing import Any

from webhook.cluster.api import Api
from webhook.cluster.policies import PATH

Json = dict[str, Any]

# What a pod finds in its environment.
_IN_CLUSTER = "KUBERNETES_SERVICE_HOST"


def kubeconfig() -> Path | None:
    """Find the kubeconfig where kubectl does; None: there is none."""
    named = [Path(it) for it in os.environ.get("KUBECONFIG", "").split(os.pathsep) if it]
    for path in named or [Path.home() / ".kube" / "config"]:
        if path.is_file():
            return path
    return None


def is_there() -> bool:
    """Tell whether anything says how to reach a cluster."""
    return kubeconfig() is not None or _IN_CLUSTER in os.environ


def read_policies() -> list[Json]:
    """Read every SecretInjectionPolicy; raises ApiError."""
    return asyncio.run(_read(kubeconfig()))


async def _read(path: Path | None) -> list[Json]:
    async with Api(path) as api:
        found: list[Json] = []
        more: dict[str, str] = {}
        while True:
            page = await api.get(PATH, limit="100", **more)
            shared = {"apiVersion": page.get("apiVersion"), "kind": "SecretInjectionPolicy"}
            found += [{**shared, **item} for item in page.get("items") or ()]
            following = (page.get("metadata") or {}).get("continue")
            if not following:
                return found
            more = {"continue": following}
