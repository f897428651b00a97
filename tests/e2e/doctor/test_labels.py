"""The guard of the opt-in label is gone or changed, or a label means nothing."""

from typing import Any

import pytest

from tests.e2e.doctor.kit import (
    APPLY,
    BINDING,
    GUARD,
    POLICY,
    REPLACE,
    REPLACED,
    SLOW,
    UNGUARDED,
    Doctor,
)
from tests.e2e.harness import INJECTION

Json = Any

pytestmark = SLOW


@pytest.mark.parametrize(
    ("path", "kind"),
    [(POLICY, "ValidatingAdmissionPolicy"), (BINDING, "ValidatingAdmissionPolicyBinding")],
)
def test_a_guard_that_is_gone(broken: Doctor, path: str, kind: str) -> None:
    broken.plane.api("DELETE", path)

    (found,) = broken.findings()
    assert (found["check"], found["level"]) == ("label guard", "failed")
    assert found["message"] == f"{kind} {GUARD} is missing: {UNGUARDED}"
    assert found["mend"] == APPLY


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        (
            POLICY,
            {"spec": {"failurePolicy": "Ignore"}},
            (
                f"ValidatingAdmissionPolicy {GUARD}: failurePolicy is not what this version "
                "expects; it may guard nothing"
            ),
        ),
        (
            BINDING,
            {"spec": {"matchResources": {"namespaceSelector": {"matchLabels": {"a": "b"}}}}},
            (
                f"ValidatingAdmissionPolicyBinding {GUARD}: matchResources is not what this "
                "version expects; it may guard nothing"
            ),
        ),
    ],
)
def test_a_guard_that_was_changed(broken: Doctor, path: str, body: Json, sentence: str) -> None:
    broken.patch(path, body)

    (found,) = broken.findings()
    assert (found["check"], found["level"], found["message"]) == ("label guard", "failed", sentence)
    assert found["mend"] == REPLACE.format(REPLACED[1])


def test_a_value_of_the_label_that_means_nothing(broken: Doctor) -> None:
    broken.plane.api("DELETE", BINDING)

    def made() -> str | None:
        metadata = {"name": "mistyped", "labels": {INJECTION: "Enabled"}}
        answer = broken.plane.api("POST", "/api/v1/namespaces", {"metadata": metadata})
        return "mistyped" if answer.status == 201 else None

    name = broken.plane.wait_for(made, "end of the guard")
    broken.mend()

    (found,) = [it for it in broken.findings() if it["check"] == "namespaces"]
    broken.plane.api("DELETE", f"/api/v1/namespaces/{name}")

    assert found["level"] == "failed"
    assert found["message"] == (
        "namespace mistyped has the label with value 'Enabled', which means nothing: the webhook "
        "is not called there"
    )
    assert found["mend"] == (
        f"kubectl label --overwrite namespace mistyped {INJECTION}=enabled, or kubectl label "
        f"namespace mistyped {INJECTION}-"
    )


def test_a_namespace_that_is_never_opted_in(broken: Doctor) -> None:
    broken.plane.kubectl("label", "namespace", "kube-system", f"{INJECTION}=enabled")

    found = broken.said()
    broken.plane.kubectl("label", "namespace", "kube-system", f"{INJECTION}-")

    assert found == [
        (
            "namespaces",
            "warning",
            "namespace kube-system is labelled, and is never opted in",
        )
    ]
