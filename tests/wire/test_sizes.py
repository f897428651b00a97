"""A pod as large as the API server lets through gets a real decision, and soon."""

import json
import time

import jsonpatch

from tests.wire.kit import WEB, Json, patch, response, review, send

LARGE = 2_900_000  # under the 3 MiB that the API server accepts of a client


def large_pod(role: str, *elements: Json) -> Json:
    """Pad a pod with variables, of which each has a value of 1,000 characters."""
    env = [{"name": f"V_{n}", "value": "x" * 1_000} for n in range(LARGE // 1_030)]
    container = {"name": "web", "env": env, "envFrom": list(elements)}
    return {"metadata": {"labels": {"noxus.ai/role": role}}, "spec": {"containers": [container]}}


def test_a_pod_of_2_9_megabytes_is_injected() -> None:
    obj = large_pod("frontend")
    body = json.dumps(review(obj)).encode()
    assert len(body) > LARGE
    started = time.perf_counter()
    given = send(body)
    assert time.perf_counter() - started < 1.0  # far more than it takes, far less than 3 seconds
    stored = jsonpatch.apply_patch(obj, patch(given))
    assert stored["spec"]["containers"][0]["envFrom"] == [{"secretRef": {"name": "app-env"}}]
    assert stored["spec"]["containers"][0]["env"] == obj["spec"]["containers"][0]["env"]


def test_a_secret_at_the_end_of_2_9_megabytes_is_refused() -> None:
    obj = large_pod("frontend", {"secretRef": {"name": "worker-env"}})
    assert not response(send(review(obj)))["allowed"]


def test_a_pod_of_ten_thousand_sources_is_answered_within_the_limits() -> None:
    elements = [{"secretRef": {"name": "worker-env"}} for _ in range(10_000)]
    container = {"name": "web", "envFrom": elements}
    answered = response(send(review({**WEB, "spec": {"containers": [container]}})))
    assert len(answered["status"]["message"]) < 4_096
    assert len(answered["status"]["details"]["causes"]) == 8
