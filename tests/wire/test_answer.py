"""An answer says what the API server understands, and a record what people look for later."""

import json

import jsonpatch
import pytest

from tests.wire.kit import WEB, Json, patch, response, review, send
from webhook.core.policyset import PolicySet
from webhook.core.words import Hook, NamespaceMode
from webhook.wire.answer import NoPolicyLoaded, Record

UID = "7d1f6d1c-0000-4000-8000-000000000001"
READY = {
    **WEB,
    "metadata": WEB["metadata"] | {"annotations": {"secrets.noxus.ai/injected": "shared"}},
    "spec": {"containers": [{"name": "web", "envFrom": [{"secretRef": {"name": "app-env"}}]}]},
}
GREEDY = {
    **WEB,
    "spec": {"containers": [{"name": "web", "envFrom": [{"secretRef": {"name": "worker-env"}}]}]},
}
REFUSAL = (
    "container 'web' may not read Secret 'worker-env' (spec.containers[0].envFrom[0].secretRef): "
    "it belongs to scope 'worker', and role frontend is not entitled to it (only worker); remove "
    "it, or have the policy's owner add role frontend to it"
)


def test_a_pod_that_is_in_order_is_allowed_without_a_patch() -> None:
    assert json.loads(send(review(READY)).body) == {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {
            "uid": UID,
            "allowed": True,
            "auditAnnotations": {
                "decision": "allow",
                "mode": "enforce",
                "policy": "noxus/0",
                "role": "frontend",
                "scopes": "shared",
                "reason": "NothingToDo",
            },
        },
    }


def test_an_injection_is_a_json_patch_in_base64() -> None:
    given = send(review())
    answered = response(given)
    assert (answered["allowed"], answered["patchType"]) == (True, "JSONPatch")
    stored = jsonpatch.apply_patch(WEB, patch(given))
    assert stored == {
        **WEB,
        "metadata": WEB["metadata"] | {"annotations": {"secrets.noxus.ai/injected": "shared"}},
        "spec": {
            "containers": [
                WEB["spec"]["containers"][0] | {"envFrom": [{"secretRef": {"name": "app-env"}}]}
            ]
        },
    }


def test_a_refusal_is_a_status_with_each_cause() -> None:
    answered = response(send(review(GREEDY)))
    assert answered["allowed"] is False
    assert "patch" not in answered
    assert answered["status"] == {
        "status": "Failure",
        "code": 403,
        "reason": "Forbidden",
        "message": REFUSAL,
        "details": {
            "causes": [
                {
                    "reason": "SecretNotEntitled",
                    "message": REFUSAL,
                    "field": "spec.containers[0].envFrom[0].secretRef",
                }
            ]
        },
    }


def test_of_many_refusals_eight_causes_are_listed() -> None:
    elements = [{"secretRef": {"name": "worker-env"}}] * 12
    obj = {**WEB, "spec": {"containers": [{"name": "web", "envFrom": elements}]}}
    status = response(send(review(obj)))["status"]
    assert len(status["details"]["causes"]) == 8
    assert status["message"].startswith("12 reasons: (1) ")
    assert status["message"].endswith("; and 4 more")


def test_dry_run_allows_with_a_warning() -> None:
    answered = response(send(review(GREEDY), mode=NamespaceMode.DRY_RUN))
    assert answered["allowed"] is True
    assert "patch" not in answered
    assert "status" not in answered
    assert answered["warnings"] == [
        (
            "dry run: would refuse: container 'web' reads Secret 'worker-env': role frontend is "
            "not entitled to it (only worker)"
        )
    ]
    assert answered["auditAnnotations"] == {
        "decision": "deny",
        "mode": "dry-run",
        "policy": "noxus/0",
        "role": "frontend",
        "scopes": "shared",
        "reason": "SecretNotEntitled",
    }


def test_audit_annotations_that_are_empty_are_left_out() -> None:
    obj = {"metadata": {"name": "x"}, "spec": {"containers": [{"name": "x"}]}}
    assert response(send(review(obj)))["auditAnnotations"] == {
        "decision": "allow",
        "mode": "enforce",
        "policy": "noxus/0",
        "reason": "UnknownRole",
    }


def test_warnings_are_at_most_120_characters() -> None:
    obj = {
        **WEB,
        "metadata": {"labels": {"noxus.ai/role": "worker", "noxus.ai/worker-pool": "x" * 63}},
    }
    answered = response(send(review(obj), mode=NamespaceMode.DRY_RUN))
    assert answered["warnings"] == [
        "dry run: would refuse: metadata.labels[noxus.ai/worker-pool] claims worker pool…"
    ]
    assert len(answered["warnings"][0]) <= 120


def test_without_any_policy_the_fault_is_ours() -> None:
    for hook in Hook:
        for mode in NamespaceMode:
            with pytest.raises(NoPolicyLoaded, match="no policy is loaded"):
                send(review(), hook=hook, mode=mode, policies=PolicySet([]))


def test_the_same_bytes_get_the_same_bytes() -> None:
    bodies = {send(review()).body for _ in range(20)}
    assert len(bodies) == 1


# --- what we have a say in


UPDATES: list[tuple[str, str | None]] = [
    ("UPDATE", None),
    ("UPDATE", ""),
    ("UPDATE", "status"),
    ("UPDATE", "resize"),
    ("UPDATE", "scale"),
    ("CREATE", "binding"),
    ("CREATE", "eviction"),
    ("CREATE", "ephemeralcontainers"),
    ("CONNECT", "exec"),
    ("CONNECT", "attach"),
    ("DELETE", None),
    ("PATCH", None),
]


@pytest.mark.parametrize(("operation", "sub_resource"), UPDATES)
@pytest.mark.parametrize("hook", list(Hook))
def test_other_operations_on_pods_are_allowed_whatever_is_in_them(
    operation: str, sub_resource: str | None, hook: Hook
) -> None:
    old = {"oldObject": GREEDY} if operation == "UPDATE" else {}
    given = send(review(GREEDY, operation=operation, subResource=sub_resource, **old), hook=hook)
    answered = response(given)
    assert answered == {
        "uid": UID,
        "allowed": True,
        "auditAnnotations": {"decision": "allow", "mode": "enforce", "reason": "NotJudged"},
    }
    assert given.record.resource == (f"pods/{sub_resource}" if sub_resource else "pods")


@pytest.mark.parametrize(
    "resource",
    [
        {"group": "", "version": "v1", "resource": "configmaps"},
        {"group": "apps", "version": "v1", "resource": "replicasets"},
        {"group": "metrics.k8s.io", "version": "v1", "resource": "pods"},
        {"group": "", "version": "v2", "resource": "pods"},
        {},
    ],
)
def test_objects_of_other_kinds_are_not_even_read(resource: Json) -> None:
    given = send(review("not an object at all", resource=resource))
    assert response(given)["auditAnnotations"]["reason"] == "NotJudged"


def test_what_was_not_judged_in_a_dry_run_namespace_is_recorded_as_dry_run() -> None:
    given = send(review(GREEDY, operation="DELETE"), mode=NamespaceMode.DRY_RUN)
    assert response(given)["auditAnnotations"]["mode"] == "dry-run"
    assert given.record.mode == "dry-run"


def test_an_update_of_ephemeral_containers_is_judged_against_the_object_as_it_was() -> None:
    debugger = {"name": "d", "envFrom": [{"secretRef": {"name": "worker-env"}}]}
    new = {**WEB, "spec": WEB["spec"] | {"ephemeralContainers": [debugger]}}
    update = {"operation": "UPDATE", "subResource": "ephemeralcontainers"}
    assert not response(send(review(new, oldObject=WEB, **update)))["allowed"]
    assert response(send(review(new, oldObject=new, **update)))["allowed"]


# --- the record


def test_a_record_holds_what_people_look_for_and_no_value() -> None:
    obj = json.loads(json.dumps(WEB))
    obj["spec"]["containers"][0]["env"] = [{"name": "A", "value": "canary"}]
    given = send(review(obj, dryRun=True))
    assert given.record == Record(
        uid=UID,
        operation="CREATE",
        resource="pods",
        namespace="noxus",
        name="web",
        user="jane",
        hook="mutate",
        mode="enforce",
        decision="mutate",
        reason="Injected",
        policy="noxus/0",
        role="frontend",
        pool="",
        scopes=("shared",),
        warnings=0,
        dry_run=True,
    )


@pytest.mark.parametrize(
    ("metadata", "name", "recorded"),
    [
        ({"name": "object"}, "request", "request"),
        ({"name": "object"}, "", "object"),
        ({"generateName": "web-"}, None, "web-"),
        ({}, None, ""),
    ],
)
def test_a_record_names_the_pod_as_well_as_it_can(
    metadata: Json, name: str | None, recorded: str
) -> None:
    assert send(review({"metadata": metadata}, name=name)).record.name == recorded


def test_a_record_of_what_was_not_judged_goes_without_a_name() -> None:
    assert send(review(operation="DELETE")).record.name == ""


def test_a_record_without_a_user_says_so() -> None:
    for user in (None, {}, {"username": None, "groups": None}):
        assert send(review(userInfo=user)).record.user == ""


def test_a_record_counts_the_warnings() -> None:
    obj = {"metadata": {"name": "x"}}
    assert send(review(obj)).record.warnings == 1


def test_the_decision_of_a_dry_run_is_what_enforcement_would_have_done() -> None:
    for obj, decision in ((READY, "allow"), (WEB, "mutate"), (GREEDY, "deny")):
        record = send(review(obj), mode=NamespaceMode.DRY_RUN).record
        assert (record.mode, record.decision) == ("dry-run", decision)


def test_the_user_s_groups_tell_a_mirror_pod() -> None:
    obj = {
        **WEB,
        "metadata": WEB["metadata"] | {"annotations": {"kubernetes.io/config.mirror": "x"}},
    }
    node = {"username": "system:node:n", "groups": ["system:nodes"]}
    assert send(review(obj, userInfo=node)).record.decision == "allow"
    assert send(review(obj)).record.decision == "mutate"
    assert send(review(obj, userInfo={"groups": None})).record.decision == "mutate"
