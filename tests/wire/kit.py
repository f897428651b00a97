"""AdmissionReviews as the API server sends them."""

import base64
import json
from collections.abc import Collection
from typing import Any

import msgspec

from tests.core.kit import CIRCLES, policy
from webhook.core.deployers import CONTROLLERS
from webhook.core.policyset import PolicySet
from webhook.core.words import Hook, NamespaceMode
from webhook.wire.answer import Answer, answer

Json = Any

PODS = {"group": "", "version": "v1", "resource": "pods"}
WEB: Json = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "noxus", "labels": {"noxus.ai/role": "frontend"}},
    "spec": {"containers": [{"name": "web", "image": "noxus/web:2"}]},
}


def review(obj: Json = None, **request: Json) -> Json:
    given = {
        "uid": "7d1f6d1c-0000-4000-8000-000000000001",
        "resource": PODS,
        "namespace": "noxus",
        "operation": "CREATE",
        "userInfo": {"username": "jane", "groups": ["system:authenticated"]},
        "object": WEB if obj is None else obj,
        "oldObject": None,
        "dryRun": False,
    }
    return {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": given | request,
    }


def send(
    body: Json,
    *,
    hook: Hook = Hook.MUTATE,
    mode: NamespaceMode = NamespaceMode.ENABLED,
    spec: str = CIRCLES,
    policies: PolicySet | None = None,
    controllers: Collection[str] = CONTROLLERS,
) -> Answer:
    """Send a body (bytes as they are, anything else as JSON) and return the answer."""
    given = body if isinstance(body, bytes) else json.dumps(body).encode()
    governing = PolicySet([policy(spec)]) if policies is None else policies
    return answer(given, hook=hook, mode=mode, policies=governing, controllers=controllers)


def response(given: Answer) -> Json:
    return json.loads(given.body)["response"]


def patch(given: Answer) -> Json:
    return json.loads(base64.b64decode(response(given)["patch"]))


def with_record(given: Answer, **changes: Json) -> Answer:
    """The same answer with another record."""
    record = msgspec.structs.replace(given.record, **changes)
    return Answer(given.body, record, given.asked, given.decision)
