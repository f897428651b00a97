"""The webhook that one would write in an afternoon: aiohttp, json, and make_patch of the object.

On uvloop, like ours, so that the difference is not the event loop's. It knows roles and pools and
nothing else.
"""

import argparse
import asyncio
import base64
import copy
import json
import ssl
from pathlib import Path
from typing import Any

import jsonpatch
import uvloop
from aiohttp import web


def inject(pod: dict[str, Any], config: dict[str, Any]) -> None:
    labels = pod["metadata"].get("labels", {})
    found = config["roles"].get(labels.get(config["roleLabel"]), [])
    scopes = [each["scope"] for each in found]
    secrets = [each["secret"] for each in found]
    pool = labels.get(config["poolLabel"])
    if secret := config["pools"].get(pool):
        scopes.append(f"pool/{pool}")
        secrets.append(secret)
    for container in pod["spec"].get("initContainers", []) + pod["spec"]["containers"]:
        container.setdefault("envFrom", []).extend({"secretRef": {"name": n}} for n in secrets)
    annotations = pod["metadata"].setdefault("annotations", {})
    annotations["secrets.noxus.ai/injected"] = ",".join(scopes)


def main() -> None:
    parser = argparse.ArgumentParser()
    for flag in ("--listen", "--tls-cert", "--tls-key", "--config"):
        parser.add_argument(flag, required=True)
    args = parser.parse_args()
    config = json.loads(Path(args.config).read_bytes())

    async def mutate(request: web.Request) -> web.Response:
        asked = (await request.json())["request"]
        pod = asked["object"]
        changed = copy.deepcopy(pod)
        inject(changed, config)
        patch = jsonpatch.make_patch(pod, changed)
        answer = {
            "uid": asked["uid"],
            "allowed": True,
            "patchType": "JSONPatch",
            "patch": base64.b64encode(patch.to_string().encode()).decode(),
        }
        return web.json_response(
            {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": answer}
        )

    app = web.Application(client_max_size=8 * 1024 * 1024)
    app.router.add_post("/mutate/enabled", mutate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(args.tls_cert, args.tls_key)
    host, _, port = args.listen.rpartition(":")
    asyncio.set_event_loop(uvloop.new_event_loop())
    web.run_app(
        app,
        host=host,
        port=int(port),
        ssl_context=context,
        access_log=None,
        print=None,
        loop=asyncio.get_event_loop(),
    )


if __name__ == "__main__":
    main()
