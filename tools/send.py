"""Send a pod to a running webhook as an API server would: `python -m tools.send POD.yaml`."""

import argparse
import base64
import json
import ssl
import sys
import urllib.request
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonpatch
import yaml

URL = "https://127.0.0.1:8443"
CA = Path("certs/ca.crt")
_SECONDS = 3  # the timeoutSeconds of the webhook configurations


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a pod: as it would be stored, or the message of its refusal."""

    stored: dict[str, Any] | None
    message: str
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class ApiServer:
    """Calls the hooks in the order in which an API server calls them."""

    url: str = URL
    ca: Path = CA

    def create(self, pod: dict[str, Any], namespace: str) -> Outcome:
        """Mutate, apply the patch, validate; raises OSError where the webhook does not answer."""
        mutated = self._review("mutate", pod, namespace)
        warnings = list(mutated.get("warnings", []))
        if not mutated["allowed"]:
            return Outcome(None, mutated["status"]["message"], warnings)
        if "patch" in mutated:
            pod = jsonpatch.JsonPatch(json.loads(_decoded(mutated["patch"]))).apply(pod)
        validated = self._review("validate", pod, namespace)
        warnings += [w for w in validated.get("warnings", []) if w not in warnings]
        if not validated["allowed"]:
            return Outcome(None, validated["status"]["message"], warnings)
        return Outcome(pod, "", warnings)

    def _review(self, hook: str, pod: dict[str, Any], namespace: str) -> dict[str, Any]:
        review = {
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "request": {
                "uid": str(uuid.uuid4()),
                "kind": {"group": "", "version": "v1", "kind": "Pod"},
                "resource": {"group": "", "version": "v1", "resource": "pods"},
                "namespace": namespace,
                "operation": "CREATE",
                "userInfo": {"username": "example", "groups": ["system:authenticated"]},
                "object": pod,
            },
        }
        request = urllib.request.Request(  # noqa: S310 - the scheme is https
            f"{self.url}/{hook}/enabled?timeout={_SECONDS}s",
            data=json.dumps(review).encode(),
            headers={"Content-Type": "application/json"},
        )
        context = ssl.create_default_context(cafile=str(self.ca))
        with urllib.request.urlopen(request, timeout=_SECONDS, context=context) as answer:  # noqa: S310 - as above
            response: dict[str, Any] = json.load(answer)["response"]
            return response


def _decoded(patch: str) -> bytes:
    return base64.b64decode(patch)


def main() -> int:
    """Send the pods of a file; returns 1 where one is refused."""
    parser = argparse.ArgumentParser(prog="python -m tools.send", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--namespace", "-n", default="noxus")
    parser.add_argument("--url", default=URL)
    parser.add_argument("--ca", type=Path, default=CA)
    args = parser.parse_args()
    code = 0
    for pod in yaml.safe_load_all(args.file.read_text()):
        outcome = ApiServer(args.url, args.ca).create(pod, args.namespace)
        for warning in outcome.warnings:
            print(f"Warning: {warning}", file=sys.stderr)
        if outcome.stored is None:
            print(f"refused: {outcome.message}", file=sys.stderr)
            code = 1
        else:
            print(yaml.safe_dump(outcome.stored, sort_keys=False), end="")
    return code


if __name__ == "__main__":
    sys.exit(main())
