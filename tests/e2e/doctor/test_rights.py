"""What the user may not look at is named, with the right that is missing."""

from pathlib import Path

import pytest

from tests.e2e.doctor.kit import EVERYTHING, GUARD, SLOW, TRUSTED, Doctor, enabled, user

pytestmark = SLOW


def test_with_the_rights_that_the_docs_name_everything_is_checked(doctor: Doctor) -> None:
    # Of Secrets it may read our own and no other, and it may write nothing but the tried pod.
    with user(doctor, EVERYTHING, enabled(doctor)) as limited:
        done = doctor.run("--complete", TRUSTED, kubeconfig=limited)

    assert done.out.splitlines()[-1] == "11 ok, 0 warnings, 0 failed, 0 not checked"
    assert done.code == 0


RIGHTS = {
    "mutatingwebhookconfigurations": (
        "webhook configurations",
        "MutatingWebhookConfiguration noxus-secrets",
        "get mutatingwebhookconfigurations noxus-secrets",
    ),
    "validatingadmissionpolicybindings": (
        "label guard",
        f"ValidatingAdmissionPolicyBinding {GUARD}",
        f"get validatingadmissionpolicybindings {GUARD}",
    ),
    "deployments": (
        "replicas",
        "Deployment noxus-secret-webhook",
        "get deployments noxus-secret-webhook -n noxus-secrets",
    ),
    "secrets": (
        "certificates",
        "serving certificate",
        "get secrets noxus-secret-webhook-tls -n noxus-secrets",
    ),
    "clusterroles": ("who may break it", "ClusterRoles", "list clusterroles"),
    "secretinjectionpolicies": ("policies", "policies", "list secretinjectionpolicies"),
}


@pytest.mark.parametrize("resource", RIGHTS)
def test_without_a_right_it_names_the_right(doctor: Doctor, resource: str) -> None:
    check, what, right = RIGHTS[resource]
    rules = [
        {**rule, "resources": left}
        for rule in EVERYTHING
        if (left := [it for it in rule.get("resources", ()) if it != resource])
    ] + [rule for rule in EVERYTHING if "nonResourceURLs" in rule]
    with user(doctor, rules, enabled(doctor)) as limited:
        found = doctor.findings(TRUSTED, kubeconfig=limited)
        codes = [
            doctor.run(*flags, TRUSTED, kubeconfig=limited).code for flags in ((), ("--complete",))
        ]

    assert {it["level"] for it in found} == {"not checked"}
    assert (check, f"{what}: you may not {right}", right) in [
        (it["check"], it["message"], it["missingRight"]) for it in found
    ]
    assert codes == [0, 1]


def test_a_user_without_any_right_checks_nothing(doctor: Doctor) -> None:
    done = doctor.run(kubeconfig=doctor.plane.kubeconfig_for("nobody"))

    counts = done.out.splitlines()[-1]
    assert counts.startswith("0 ok, 0 warnings, 0 failed, ")
    assert done.code == 0
    assert doctor.run("--complete", kubeconfig=doctor.plane.kubeconfig_for("nobody")).code == 1


def test_a_cluster_that_is_not_reached_is_no_finding(doctor: Doctor, tmp_path: Path) -> None:
    config = tmp_path / "config"
    text = doctor.plane.kubeconfig.read_text()
    config.write_text(text.replace(doctor.plane.url, "https://127.0.0.1:9"))

    done = doctor.run(kubeconfig=config)

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(
        "noxus-secrets: the cluster cannot be examined: the API server cannot be reached: "
    )
