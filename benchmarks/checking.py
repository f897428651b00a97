"""Asks a server once and proves that it does the work: a fast wrong answer is no answer."""

import base64
import http.client
import json
import ssl
from pathlib import Path
from typing import Any

import jsonpatch

from benchmarks import bodies

# What the policy gives a worker of tenant-a, in this order and behind what the pod brings.
GRANTED = ["app-env", "worker-env", "tenant-a-llm"]
ANNOTATION = "secrets.noxus.ai/injected"
SCOPES = "shared,worker,pool/tenant-a"


def ask(port: int, path: str, body: bytes, ca: Path) -> dict[str, Any]:
    """Send one review; raises OSError where nobody listens yet."""
    context = ssl.create_default_context(cafile=str(ca))
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=30)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        content = response.read()
    finally:
        connection.close()
    if response.status != 200:
        raise SystemExit(f"{path} answers {response.status}: {content[:500]!r}")
    answer: dict[str, Any] = json.loads(content)["response"]
    return answer


def patched(review: bodies.Json, answer: dict[str, Any]) -> bodies.Json:
    """Return the pod with the answer's patch applied, if there is one."""
    pod: bodies.Json = review["request"]["object"]
    if "patch" not in answer:
        return pod
    result: bodies.Json = jsonpatch.apply_patch(pod, json.loads(base64.b64decode(answer["patch"])))
    return result


def check(review: bodies.Json, answer: dict[str, Any], *, injects: bool) -> None:
    """Compare with what must come out; raises SystemExit with the difference."""
    if answer["uid"] != review["request"]["uid"] or answer["allowed"] is not True:
        raise SystemExit(f"not allowed, or not for us: {answer}")
    pod = review["request"]["object"]
    wanted, result = (
        _full(each) for each in (expected(pod) if injects else pod, patched(review, answer))
    )
    if result != wanted:
        difference = jsonpatch.make_patch(wanted, result)
        raise SystemExit(f"the answer differs from what must come out: {difference}")


def expected(pod: bodies.Json) -> bodies.Json:
    """State the outcome independently of any server under test."""
    wanted: bodies.Json = json.loads(json.dumps(pod))
    spec = wanted["spec"]
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        sources = container.setdefault("envFrom", [])
        sources += [{"secretRef": {"name": name}} for name in GRANTED]
    wanted["metadata"].setdefault("annotations", {})[ANNOTATION] = SCOPES
    return wanted


def _full(value: Any) -> Any:  # noqa: ANN401  any JSON
    """Leave out what is empty: a typed Go peer adds and drops such members, which means nothing."""
    if isinstance(value, dict):
        members = {key: _full(each) for key, each in value.items()}
        return {key: each for key, each in members.items() if each not in (None, {}, [])}
    return [_full(each) for each in value] if isinstance(value, list) else value
