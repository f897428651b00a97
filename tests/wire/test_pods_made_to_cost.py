"""Pods that were made to cost memory or time: what they can make of it has a limit."""

import json
import sys
from types import FrameType
from typing import Any

import pytest

from tests.core.kit import of_role
from tests.wire import kit
from webhook.core.assess import MAX_FINDINGS
from webhook.core.decide import decide
from webhook.core.decision import Deny, Observed
from webhook.core.words import Hook, NamespaceMode
from webhook.loading.load import load_text
from webhook.wire.answer import MAX_NAME, Malformed, answer, decode

POLICY = """
apiVersion: secrets.noxus.ai/v1alpha1
kind: SecretInjectionPolicy
metadata: {name: noxus}
spec:
  scopes:
    - {name: shared, roles: [frontend], envFrom: [{secretRef: {name: app-env}}]}
    - {name: worker, roles: [worker], envFrom: [{secretRef: {name: worker-env}}]}
  guard: {unmanagedSecrets: Warn}
"""
POLICIES = load_text(POLICY).policies


def review(pod: dict[str, Any], **request: object) -> bytes:
    pod.setdefault("metadata", {}).setdefault("labels", {"noxus.ai/role": "frontend"})
    whole = {
        "uid": "1",
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "namespace": "noxus",
        "operation": "CREATE",
        "object": pod,
    } | request
    return json.dumps(
        {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": whole}
    ).encode()


def refusals(body: bytes) -> int:
    _, request = decode(body, hook=Hook.MUTATE, mode=NamespaceMode.ENABLED)
    decision = decide(request, POLICIES)
    assert isinstance(decision, Deny)
    return len(decision.refusals)


def test_refusals_are_found_up_to_a_limit() -> None:
    elements = [{"secretRef": {"name": "worker-env"}}] * 5_000
    pod = {"spec": {"containers": [{"name": "c", "envFrom": elements}]}}

    assert refusals(review(pod)) == MAX_FINDINGS


def test_scopes_by_annotation_are_refused_up_to_a_limit() -> None:
    scopes = ",".join(map(str, range(50_000)))
    pod = {
        "metadata": {"annotations": {"secrets.noxus.ai/scopes": scopes}},
        "spec": {"containers": [{"name": "c"}]},
    }

    assert refusals(review(pod)) == MAX_FINDINGS


def test_warnings_are_found_up_to_a_limit() -> None:
    elements = [{"secretRef": {"name": f"other-{i}"}} for i in range(5_000)]
    pod = {"spec": {"containers": [{"name": "c", "envFrom": elements}]}}

    answered = answer(review(pod), hook=Hook.MUTATE, mode=NamespaceMode.ENABLED, policies=POLICIES)

    assert len(answered.body) < 1_000_000  # the patch and eight warnings


def test_long_values_are_clipped_wherever_they_are_repeated() -> None:
    long = "x" * 1_000_000
    pod = {
        "metadata": {
            "name": long,
            "labels": {"noxus.ai/role": long, "noxus.ai/worker-pool": long},
            "annotations": {"secrets.noxus.ai/scopes": long},
        },
        "spec": {"containers": [{"name": "c", "envFrom": [{"secretRef": {"name": long}}]}]},
    }

    for mode in NamespaceMode:
        answered = answer(
            review(pod, userInfo={"username": long}),
            hook=Hook.MUTATE,
            mode=mode,
            policies=POLICIES,
        )

        assert len(answered.body) < 10_000
        record = answered.record
        assert max(map(len, (record.name, record.user, record.pool, record.role))) <= MAX_NAME


@pytest.mark.parametrize("members", ["containers", "initContainers", "ephemeralContainers"])
def test_a_name_that_no_container_can_have_is_malformed(members: str) -> None:
    pod = {"spec": {members: [{"name": "x" * (MAX_NAME + 1)}]}}

    with pytest.raises(Malformed, match=r"^request\.object is not a Pod: Expected `str` of length"):
        refusals(review(pod))


@pytest.mark.parametrize("field", ["uid", "namespace"])
def test_a_name_that_no_request_can_have_is_malformed(field: str) -> None:
    with pytest.raises(
        Malformed, match=r"^request\.uid and request\.namespace have up to 253 characters$"
    ):
        refusals(review({}, **{field: "x" * (MAX_NAME + 1)}))


def test_a_volume_that_is_mounted_very_often_is_looked_at_once_for_each_container() -> None:
    mounts = [{"name": "v", "mountPath": f"/{i}"} for i in range(50_000)]
    pod = {
        "spec": {
            "containers": [{"name": "c", "volumeMounts": mounts}],
            "volumes": [{"name": "v", "secret": {"secretName": "worker-env"}}],
        }
    }

    assert refusals(review(pod)) == 1


def test_sources_that_are_repeated_very_often_are_dropped() -> None:
    elements = [{"secretRef": {"name": "app-env"}}] * 20_000 + [
        {"configMapRef": {"name": f"c-{i}"}} for i in range(20_000)
    ]
    pod = {"spec": {"containers": [{"name": "c", "envFrom": elements}]}}
    _, request = decode(review(pod), hook=Hook.MUTATE, mode=NamespaceMode.ENABLED)

    decision = decide(request, POLICIES)

    assert not isinstance(decision, Deny | Observed)


@pytest.mark.parametrize("members", ["containers", "initContainers", "ephemeralContainers"])
def test_containers_without_number_are_malformed(members: str) -> None:
    pod = of_role("frontend", {members: [{}] * 1001})

    with pytest.raises(Malformed, match="length <= 1000"):
        kit.send(kit.review(pod))


def test_who_reaches_a_volume_is_asked_once_however_often_it_names_a_secret() -> None:
    spec = """
    scopes:
      - name: limited
        roles: [frontend]
        onRequest: true
        containers: ["c*"]
        envFrom: [{secretRef: {name: s}}]
    """
    mounts = {"volumeMounts": [{"name": "v", "mountPath": "/v"}]}
    sources = [{"secret": {"name": "s", "items": [{"key": f"A{i}"}]}} for i in range(2000)]
    containers = [{"name": f"c{i}"} | mounts for i in range(900)]
    volume = {"name": "v", "projected": {"sources": sources}}
    pod = of_role("frontend", {"containers": containers, "volumes": [volume]})
    asked = 0

    def count(frame: FrameType, kind: str, _: object) -> None:
        nonlocal asked
        asked += kind == "call" and frame.f_code.co_name == "_reaches"

    sys.setprofile(count)
    try:
        given = kit.send(kit.review(pod), spec=spec)
    finally:
        sys.setprofile(None)

    assert kit.response(given)["allowed"]
    assert asked == len(containers)
