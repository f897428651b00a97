"""One thing of the manifests is gone or changed: hooks, replicas."""

from typing import Any

import pytest

from tests.drills.cluster import BASE, NAMESPACE
from tests.e2e.doctor.kit import (
    GUARD,
    MUTATING,
    REPLACE,
    REPLACED,
    SLOW,
    UNGUARDED,
    VALIDATING,
    Doctor,
)
from tests.e2e.harness import INJECTION

Json = Any

pytestmark = SLOW


def test_of_a_healthy_installation_it_finds_nothing(doctor: Doctor) -> None:
    done = doctor.run()

    assert done.out.splitlines()[-1] == "11 ok, 0 warnings, 0 failed, 0 not checked"
    assert "✓ ok  replicas: 3 replicas ready, and a PodDisruptionBudget" in done.out
    assert done.code == 0
    assert doctor.run("--complete").code == 0


@pytest.mark.parametrize(("kind", "path"), [("Mutating", MUTATING), ("Validating", VALIDATING)])
def test_a_configuration_that_is_gone(broken: Doctor, kind: str, path: str) -> None:
    broken.plane.api("DELETE", path)

    assert (
        "webhook configurations",
        "failed",
        f"{kind}WebhookConfiguration noxus-secrets is missing: its hook is never called",
    ) in broken.said()
    assert broken.run().code == 1


def test_a_hook_that_is_not_called_shows_at_the_pod_that_was_tried(broken: Doctor) -> None:
    broken.plane.api("DELETE", MUTATING)

    def noticed() -> bool:
        said = broken.said()
        return any(
            check == "reachable"
            and message.startswith("the mutating hook was not called, or did not answer, for a pod")
            for check, _, message in said
        )

    broken.plane.wait_for(noticed, "API server that goes by it")


ENTRY = "pods.enabled.validate.secrets.noxus.ai"
CHANGES: dict[str, tuple[Json, str, str]] = {
    "failurePolicy": (
        "Ignore",
        "failed",
        (
            "failurePolicy is not what this version expects: while the webhook is away, what it "
            "matches is stored unjudged"
        ),
    ),
    "objectSelector": (
        {"matchLabels": {"noxus.ai/role": "worker"}},
        "failed",
        (
            "objectSelector is not what this version expects: whoever writes an object can opt "
            "out by its labels"
        ),
    ),
    "namespaceSelector": (
        {"matchLabels": {INJECTION: "enabled"}},
        "failed",
        (
            "namespaceSelector.matchExpressions is not what this version expects: it is called in "
            "other namespaces than those that opted in"
        ),
    ),
    "matchConditions": (
        [{"name": "some", "expression": "object.metadata.name != 'some'"}],
        "failed",
        "matchConditions is not what this version expects: not everything is judged",
    ),
    "matchPolicy": (
        "Exact",
        "failed",
        (
            "matchPolicy is not what this version expects: what is written in another version of "
            "the API is not judged"
        ),
    ),
    "timeoutSeconds": (10, "warning", "timeoutSeconds is not what this version expects"),
}


@pytest.mark.parametrize("field", CHANGES)
def test_an_entry_with_another(broken: Doctor, field: str) -> None:
    value, level, sentence = CHANGES[field]

    def change(configuration: Json) -> None:
        entry = next(it for it in configuration["webhooks"] if it["name"] == ENTRY)
        entry[field] = value

    broken.change(VALIDATING, change)

    (found,) = [it for it in broken.findings() if it["check"] == "webhook configurations"]
    assert (found["level"], found["message"]) == (level, f"{ENTRY}: {sentence}")
    assert found["mend"] == REPLACE.format(REPLACED[2])


def test_an_entry_that_is_gone_and_one_that_nobody_knows(broken: Doctor) -> None:
    def change(configuration: Json) -> None:
        entries = configuration["webhooks"]
        own = next(it for it in entries if it["name"] == ENTRY)
        own["name"] = "other.example.com"

    broken.change(VALIDATING, change)

    kind = "ValidatingWebhookConfiguration noxus-secrets"
    assert {
        (
            "webhook configurations",
            "failed",
            f"{kind} lacks the entry {ENTRY}: what it matches is not judged",
        ),
        (
            "webhook configurations",
            "warning",
            f"{kind} has an entry that this version does not know: other.example.com",
        ),
    } <= set(broken.said())


def test_the_dry_run_overlay_is_known_for_what_it_is(broken: Doctor) -> None:
    broken.plane.kubectl(
        *("apply", "--server-side", "--force-conflicts"),
        *("-k", BASE.parent / "overlays" / "dry-run"),
    )

    found = broken.said()

    assert {check for check, _, _ in found} <= {
        "webhook configurations",
        "label guard",
        "reachable",  # until the API server goes by the new configurations
    }
    for kind in ("Mutating", "Validating"):
        assert (
            "webhook configurations",
            "warning",
            (
                f"{kind}WebhookConfiguration noxus-secrets is that of the dry-run overlay: in "
                "namespaces labelled enabled, too, everything is observed and nothing enforced"
            ),
        ) in found
    assert (
        "label guard",
        "warning",
        (
            f"ValidatingAdmissionPolicyBinding {GUARD} does not deny but Warn and Audit, as in the "
            f"dry-run overlay: {UNGUARDED}"
        ),
    ) in found


def test_a_disruption_budget_that_is_gone(broken: Doctor) -> None:
    broken.plane.kubectl("delete", "pdb", "-n", NAMESPACE, "--all")

    assert broken.said() == [
        (
            "replicas",
            "warning",
            (
                "PodDisruptionBudget noxus-secret-webhook is missing: draining nodes may take all "
                "replicas at once"
            ),
        )
    ]
