"""What is read of an object, and what is not."""

import json

import msgspec
import pytest

from tests.audit.kit import namespace, pod, workload
from tests.core.kit import of_role
from webhook.audit.stored import stored, stored_namespace

CANARY = "hunter2-canary"


def test_no_value_of_a_variable_or_annotation_is_kept() -> None:
    template = of_role(
        "worker", {"containers": [{"name": "a", "env": [{"name": "X", "value": CANARY}]}]}
    )
    made = workload("Deployment", "w", template)
    made["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": CANARY}

    assert CANARY not in repr(stored("Deployment", json.dumps(made).encode()))


def test_the_controller_is_the_owner_and_not_any_other() -> None:
    made = pod("p", of_role("worker"))
    made["metadata"]["ownerReferences"] = [
        {"kind": "Thing", "name": "t", "uid": "1"},
        {"kind": "Job", "name": "j", "uid": "2", "controller": True},
    ]

    owner = stored("Pod", json.dumps(made).encode()).owner
    assert owner is not None
    assert (owner.kind, owner.uid) == ("Job", "2")


def test_a_template_was_written_when_its_latest_manager_wrote() -> None:
    made = workload("Deployment", "w", of_role("worker"))
    times = ("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z")
    made["metadata"]["managedFields"] = [
        *({"time": it, "fieldsV1": {"f:spec": {"f:template": {"f:spec": {}}}}} for it in times),
        {"time": "2026-04-01T00:00:00Z", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
        {"time": "2026-05-01T00:00:00Z", "fieldsV1": {"f:status": {}}},
        {"time": "2026-06-01T00:00:00Z"},
    ]

    assert stored("Deployment", json.dumps(made).encode()).written == times[1]


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("CronJob", {"f:spec": {"f:jobTemplate": {"f:spec": {}}}}),
        ("PodTemplate", {"f:template": {"f:spec": {}}}),
    ],
)
def test_the_template_of_every_kind_has_its_time(kind: str, fields: dict[str, object]) -> None:
    made = workload(kind, "w", of_role("worker"))
    made["metadata"]["managedFields"] = [{"time": "2026-02-01T00:00:00Z", "fieldsV1": fields}]

    assert stored(kind, json.dumps(made).encode()).written == "2026-02-01T00:00:00Z"


def test_a_namespace_was_labelled_when_the_labels_manager_last_wrote() -> None:
    made = namespace(at="2026-01-01T00:00:00Z")
    made["metadata"]["managedFields"] += [
        {"time": "2026-09-01T00:00:00Z", "fieldsV1": {"f:metadata": {"f:annotations": {}}}},
        {"time": "2026-09-01T00:00:00Z", "fieldsV1": {"f:metadata": {"f:labels": {"f:x": {}}}}},
    ]

    assert stored_namespace(made).labelled == "2026-01-01T00:00:00Z"


def test_a_workload_without_a_template_is_one_with_an_empty_pod() -> None:
    found = stored("Job", b'{"metadata": {"name": "j", "namespace": "n", "uid": "1"}}')

    assert (found.pod.spec, found.replicas, found.root) == (None, None, "spec.template.spec")


def test_what_kubernetes_never_stores_is_an_error() -> None:
    with pytest.raises(msgspec.ValidationError):
        stored("Pod", b'{"metadata": {"labels": 3}}')
