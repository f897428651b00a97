"""The mutating hook of workloads: what is read of them, and what is answered."""

import base64
import json
from typing import Any

import pytest

from tests.core.kit import CIRCLES, of_role
from tests.wire.kit import response, review, send
from webhook.core.words import Hook
from webhook.wire.answer import Answer, Malformed

Json = Any

ANNOTATE = f"reload: {{mode: Annotate}}\n{CIRCLES}"
SECRETS = "secret.reloader.stakater.com/reload"
AUTO = "reloader.stakater.com/auto"
FRONTEND = of_role("frontend")


def ask(
    workload: Json, resource: str = "deployments", *, group: str = "apps", **request: Json
) -> Answer:
    fields = {"resource": {"group": group, "version": "v1", "resource": resource}} | request
    return send(review(workload, **fields), spec=ANNOTATE, hook=Hook.MUTATE)


def patch_of(answer: Answer) -> Json:
    encoded = response(answer).get("patch")
    return json.loads(base64.b64decode(encoded)) if encoded else None


def workload(template: Json = FRONTEND, **metadata: Json) -> Json:
    return {"metadata": {"name": "web", **metadata}, "spec": {"template": template}}


@pytest.mark.parametrize("resource", ["deployments", "statefulsets", "daemonsets"])
@pytest.mark.parametrize("operation", ["CREATE", "UPDATE"])
def test_each_kind_that_reloader_rolls_out_is_annotated(resource: str, operation: str) -> None:
    answer = ask(workload(), resource, operation=operation)

    annotations = {SECRETS: "app-env", "secrets.noxus.ai/reload": "secret/app-env"}
    assert patch_of(answer) == [
        {"op": "add", "path": "/metadata/annotations", "value": annotations}
    ]
    assert (answer.record.decision, answer.record.reason) == ("mutate", "Annotated")
    assert answer.record.resource == resource


@pytest.mark.parametrize(
    ("resource", "request_fields"),
    [
        ("replicasets", {}),
        ("deployments", {"operation": "DELETE"}),
        ("deployments", {"subResource": "scale"}),
        ("deployments", {"group": "example.com"}),
    ],
)
def test_nothing_else_is(resource: str, request_fields: Json) -> None:
    answer = ask(workload(), resource, **request_fields)

    assert (patch_of(answer), answer.record.reason) == (None, "NotJudged")


@pytest.mark.parametrize("broken", [{"spec": {"template": FRONTEND}}, {"metadata": {}, "spec": {}}])
def test_an_object_without_metadata_or_template_is_left_alone(broken: Json) -> None:
    assert patch_of(ask(broken)) is None


def test_reloaders_annotations_in_the_template_are_seen() -> None:
    template = of_role("frontend", annotations={AUTO: "true"})

    assert patch_of(ask(workload(template))) is None
    assert patch_of(ask(workload(template, annotations={AUTO: "true"}))) is not None


def test_what_annotations_there_are_counts_towards_their_size() -> None:
    room = {"x": "y" * (256 * 1024 - 200)}

    assert patch_of(ask(workload(annotations=room))) is not None
    assert patch_of(ask(workload(annotations=room | {"z": "z" * 150}))) is None


def test_annotations_that_are_no_text_are_malformed() -> None:
    with pytest.raises(Malformed, match="not an AdmissionReview: Expected `str`, got `int`"):
        ask(workload(annotations={SECRETS: 1}))


def test_a_template_that_is_none_is_malformed() -> None:
    with pytest.raises(Malformed, match=r"request\.object has no pod template that makes sense"):
        ask(workload(template={"spec": {"containers": 1}}))
