"""The file that tells kubectl and the client libraries where to go and as whom."""

import base64
import json

from tests.controlplane.pki import Pair


def render(url: str, ca: bytes, pair: Pair, user: str) -> bytes:
    """Return a kubeconfig with everything in it, so that it can be copied; JSON is YAML too."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "controlplane",
        "contexts": [
            {"name": "controlplane", "context": {"cluster": "controlplane", "user": user}}
        ],
        "clusters": [
            {
                "name": "controlplane",
                "cluster": {"server": url, "certificate-authority-data": _base64(ca)},
            }
        ],
        "users": [
            {
                "name": user,
                "user": {
                    "client-certificate-data": _base64(pair.certificate),
                    "client-key-data": _base64(pair.key),
                },
            }
        ],
    }
    return json.dumps(document, indent=2).encode() + b"\n"


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
