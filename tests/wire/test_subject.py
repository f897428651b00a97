"""Events are shown at the workload that controls a pod; no decision knows of it."""

import json
from typing import Any

import pytest

from tests.wire.kit import WEB, review, send
from webhook.core.pod import ObjectMeta, Pod
from webhook.core.words import Hook, NamespaceMode
from webhook.wire.answer import Answer
from webhook.wire.subject import MAX_REFERENCES, Subject, itself, owner

UID = "c1a7b5b2-0f3e-4b0e-8d57-1f3e5a9b7c21"
REPLICA_SET = {
    "apiVersion": "apps/v1",
    "kind": "ReplicaSet",
    "name": "web-7d9c",
    "uid": UID,
    "controller": True,
    "blockOwnerDeletion": True,
}
NODE = {"apiVersion": "v1", "kind": "Node", "name": "node-1", "uid": "n-1", "controller": True}
PARENT = REPLICA_SET | {"kind": "Widget", "name": "parent", "controller": False}


def asked(**metadata: object) -> Answer:
    """Ask about a pod with this metadata."""
    return send(review({**WEB, "metadata": WEB["metadata"] | metadata}))


def owner_of(references: object) -> Subject | None:
    return owner(asked(ownerReferences=references).asked.pod)


@pytest.mark.parametrize("references", [[REPLICA_SET], [PARENT, REPLICA_SET]])
def test_the_owner_is_the_one_that_controls(references: object) -> None:
    assert owner_of(references) == Subject("apps/v1", "ReplicaSet", "web-7d9c", UID)


@pytest.mark.parametrize(
    "references",
    [
        None,
        [],
        [PARENT],
        [{**REPLICA_SET, "controller": None}],
        [NODE],
        ["web"],
        {"kind": "ReplicaSet"},
        [{"kind": "ReplicaSet", "controller": True}],
        [REPLICA_SET | {"name": 7}],
        [REPLICA_SET | {"name": "x" * 254}],
        [PARENT] * (MAX_REFERENCES // len(json.dumps(PARENT)) + 1) + [REPLICA_SET],
    ],
)
def test_what_is_no_controlling_workload_is_no_owner_and_no_fault(references: object) -> None:
    assert owner_of(references) is None
    assert json.loads(asked(ownerReferences=references).body)["response"]["allowed"]


def test_a_pod_from_elsewhere_has_no_owner() -> None:
    assert owner(None) is None
    assert owner(Pod()) is None
    assert owner(Pod(metadata=ObjectMeta(name="web"))) is None
    assert itself(Pod(metadata=ObjectMeta(name="web")), "web") == Subject("v1", "Pod", "web", "")


@pytest.mark.parametrize(
    ("uid", "known"), [(UID, UID), (None, ""), (7, ""), (["x"], ""), ("x" * 254, "")]
)
def test_a_pod_itself_is_known_by_its_name_and_uid(uid: object, known: str) -> None:
    assert itself(asked(uid=uid).asked.pod, "web") == Subject("v1", "Pod", "web", known)


@pytest.mark.parametrize("hook", list(Hook))
@pytest.mark.parametrize("mode", list(NamespaceMode))
@pytest.mark.parametrize("secret", ["app-env", "worker-env"])
def test_no_decision_reads_an_owner(hook: Hook, mode: NamespaceMode, secret: str) -> None:
    container = {"name": "web", "envFrom": [{"secretRef": {"name": secret}}]}
    pod: Any = {**WEB, "spec": {"containers": [container]}}
    owned = {**pod, "metadata": pod["metadata"] | {"ownerReferences": [REPLICA_SET], "uid": UID}}

    alone = send(review(pod), hook=hook, mode=mode)
    controlled = send(review(owned), hook=hook, mode=mode)

    assert controlled.body == alone.body
    assert controlled.record == alone.record
    assert controlled.decision == alone.decision


def test_the_core_cannot_come_to_read_an_owner() -> None:
    assert {"uid", "ownerReferences"}.isdisjoint(ObjectMeta.__struct_fields__)
