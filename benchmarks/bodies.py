"""The AdmissionReviews that are sent: some as an API server sent them, and larger ones of these.

`capture.py` wrote the files in bodies/.
"""

import copy
import json
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_FOLDER = Path(__file__).with_name("bodies")
# Not all of the 3 MiB that an API server takes: managedFields are counted, too, and grow with it.
_LARGE = 2_900_000


def worker() -> Json:
    """Return a worker of tenant-a as the ReplicaSet controller creates it: some 8 kB."""
    return _captured("worker")


def injected() -> Json:
    """Return the same pod as the validating hook sees it: injected, with its name and uid."""
    return _captured("injected")


def small() -> Json:
    """Return a worker with one container and nothing else, as kubectl run makes it."""
    return _captured("small")


def update() -> Json:
    """Return the UPDATE of the worker's Deployment to another image, with the old object."""
    return _captured("update")


def many_containers(count: int = 20) -> Json:
    """Return a worker with so many copies of its container, managedFields included."""
    review = worker()
    pod = review["request"]["object"]
    fields = _managed(pod)["f:containers"]
    container, owned = pod["spec"]["containers"][0], fields['k:{"name":"worker"}']
    names = [f"worker-{n}" for n in range(count)]
    pod["spec"]["containers"] = [{**copy.deepcopy(container), "name": name} for name in names]
    _managed(pod)["f:containers"] = {f'k:{{"name":"{name}"}}': owned for name in names}
    return review


def large(size: int = _LARGE) -> Json:
    """Return a worker whose variables of 1 kB fill a review of about so many bytes."""
    review = worker()
    pod = review["request"]["object"]
    container = pod["spec"]["containers"][0]
    owned = _managed(pod)["f:containers"]['k:{"name":"worker"}']["f:env"]
    each = len(_variable(0)) + len(
        '"k:{\\"name\\":\\"V00000\\"}":{".":{},"f:name":{},"f:value":{}},'
    )
    for n in range((size - len(encode(review))) // each):
        container["env"].append(json.loads(_variable(n)))
        owned[f'k:{{"name":"V{n:05}"}}'] = {".": {}, "f:name": {}, "f:value": {}}
    return review


def many_sources(count: int = 1000) -> Json:
    """Return a worker with so many unmanaged envFrom elements."""
    review = worker()
    container = review["request"]["object"]["spec"]["containers"][0]
    container["envFrom"] = [{"secretRef": {"name": f"own-{n}"}} for n in range(count)]
    return review


def greedy() -> Json:
    """Return a frontend that asks for a worker's Secret, which is refused."""
    review = worker()
    labels = review["request"]["object"]["metadata"]["labels"]
    labels["noxus.ai/role"] = "frontend"
    del labels["noxus.ai/worker-pool"]
    containers = review["request"]["object"]["spec"]["containers"]
    containers[0]["envFrom"].append({"secretRef": {"name": "worker-env"}})
    return review


def encode(review: Json) -> bytes:
    """Write it as an API server does: without spaces."""
    return json.dumps(review, separators=(",", ":")).encode()


def _captured(name: str) -> Json:
    review: Json = json.loads((_FOLDER / f"{name}.json").read_bytes())
    return review


def _managed(pod: Json) -> Json:
    spec: Json = pod["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]
    return spec


def _variable(n: int) -> str:
    return f'{{"name":"V{n:05}","value":"{"x" * 1000}"}}'
