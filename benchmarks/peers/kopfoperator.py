"""The webhook that a Python engineer would take a framework for: kopf, with its admission server.

On uvloop, as `kopf run` is where uvloop is installed, and quiet. kopf asks an API server which
resources there are before it serves; so that no control plane disturbs the measurement, a stub in
this process answers that once: it knows pods. kopf asks nothing else, and nothing later.
"""

import argparse
import asyncio
import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kopf
import uvloop
from aiohttp import web

_PODS = {"name": "pods", "kind": "Pod", "singularName": "pod", "namespaced": True, "verbs": []}
_DISCOVERY: dict[str, dict[str, Any]] = {
    "/version": {"major": "1", "minor": "36"},
    "/api": {"versions": ["v1"]},
    "/api/v1": {"resources": [_PODS]},
    "/apis": {"groups": []},
}


def register(config: dict[str, Any]) -> None:
    """Register the handler; its id is the path that it is asked by."""

    @kopf.on.mutate("v1", "pods", id="mutate/enabled", operation="CREATE")
    def inject(spec: kopf.Spec, labels: kopf.Labels, patch: kopf.Patch, **_: object) -> None:
        found = config["roles"].get(labels.get(config["roleLabel"]), [])
        scopes = [each["scope"] for each in found]
        secrets = [each["secret"] for each in found]
        pool = labels.get(config["poolLabel"])
        if secret := config["pools"].get(pool):
            scopes.append(f"pool/{pool}")
            secrets.append(secret)
        for kind in ("initContainers", "containers"):
            if kind not in spec:
                continue
            containers = copy.deepcopy(spec[kind])
            for container in containers:
                container.setdefault("envFrom", []).extend(
                    {"secretRef": {"name": name}} for name in secrets
                )
            patch.spec[kind] = containers
        patch.metadata.annotations["secrets.noxus.ai/injected"] = ",".join(scopes)


def main() -> None:
    parser = argparse.ArgumentParser()
    for flag in ("--listen", "--tls-cert", "--tls-key", "--config"):
        parser.add_argument(flag, required=True)
    args = parser.parse_args()
    register(json.loads(Path(args.config).read_bytes()))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(operate(args))


async def operate(args: argparse.Namespace) -> None:
    host, _, port = args.listen.rpartition(":")
    api = await _discovery(host)

    @kopf.on.startup()
    def configure(settings: kopf.OperatorSettings, **_: object) -> None:
        settings.admission.server = kopf.WebhookServer(
            addr=host, port=int(port), certfile=args.tls_cert, pkeyfile=args.tls_key
        )
        settings.posting.enabled = False
        settings.scanning.disabled = True

    @kopf.on.login()
    def login(**_: object) -> kopf.ConnectionInfo:
        return kopf.ConnectionInfo(server=api)

    kopf.configure(quiet=True)
    await kopf.operator(clusterwide=True, standalone=True)


async def _discovery(host: str) -> str:
    """Serve what kopf wants to know of an API server, and return its address."""

    def known(content: dict[str, Any]) -> Callable[[web.Request], Any]:
        async def answer(_: web.Request) -> web.Response:
            return web.json_response(content)

        return answer

    app = web.Application()
    for path, content in _DISCOVERY.items():
        app.router.add_get(path, known(content))
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, host, 0)
    await site.start()
    return f"http://{host}:{runner.addresses[0][1]}"


if __name__ == "__main__":
    main()
