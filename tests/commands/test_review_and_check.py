"""`noxus-secrets review` and `noxus-secrets check`."""

import json
from pathlib import Path

from tests.commands.kit import POLICY, run

POD = {
    "metadata": {"name": "p", "labels": {"noxus.ai/role": "frontend"}},
    "spec": {"containers": [{"name": "c", "envFrom": [{"secretRef": {"name": "worker-env"}}]}]},
}


def review(pod: object) -> str:
    request = {
        "uid": "1",
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "namespace": "noxus",
        "operation": "CREATE",
        "object": pod,
    }
    whole = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
    return json.dumps(whole)


def test_an_allowed_review_is_answered_with_its_patch() -> None:
    pod = {**POD, "spec": {"containers": [{"name": "c"}]}}

    ran = run("review", "--policy", POLICY, stdin=review(pod))

    assert ran.code == 0
    assert json.loads(ran.out)["response"]["patchType"] == "JSONPatch"


def test_a_refused_review_is_answered_and_told_by_the_exit_code() -> None:
    ran = run("review", "--policy", POLICY, stdin=review(POD))

    assert ran.code == 1
    assert json.loads(ran.out)["response"]["status"]["reason"] == "Forbidden"


def test_the_validating_hook_and_dry_run_can_be_chosen() -> None:
    pod = {**POD, "spec": {"containers": [{"name": "c"}]}}

    missing = run("review", "--policy", POLICY, "--hook", "validate", stdin=review(pod))
    dry_run = run("review", "--policy", POLICY, "--mode", "dry-run", stdin=review(POD))

    assert "was not injected" in json.loads(missing.out)["response"]["status"]["message"]
    assert dry_run.code == 0
    assert json.loads(dry_run.out)["response"]["warnings"] == [
        (
            "dry run: would refuse: container 'c' reads Secret 'worker-env': role frontend is not "
            "entitled to it (only worker)"
        )
    ]


def test_what_is_no_review_is_a_usage_error() -> None:
    ran = run("review", "--policy", POLICY, stdin="{}")

    assert ran.code == 2
    assert ran.err.startswith("noxus-secrets: not an AdmissionReview: ")


def test_a_good_policy_is_summed_up() -> None:
    ran = run("check", POLICY)

    assert ran.code == 0
    assert (
        ran.out
        == """\
policy noxus (Enforce): noxus, noxus-*
  SCOPE                      ROLES                                        SOURCES
  shared                     frontend,backend,worker,relay,plugin-server  app-env
  worker                     worker                                       worker-env
  plugin-keys                backend,plugin-server                        \
plugin-secrets/PLUGIN_SERVER_API_KEY
  ai-providers (on request)  worker                                       llm-keys
  pool/tenant-a                                                           tenant-a-llm
  pool/tenant-b                                                           tenant-b-llm
  pool/default                                                            -
0 errors, 0 warnings
"""
    )


def test_errors_and_warnings_are_findings(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY.read_text().replace("        namespaces: [noxus]\n", "", 1))
    warned = run("check", policy)
    policy.write_text(POLICY.read_text().replace("kind: Secret", "kind: Sekret"))
    wrong = run("check", policy)

    assert (warned.code, warned.out.splitlines()[-1]) == (1, "0 errors, 1 warning")
    assert warned.out.startswith(
        f"{policy}:35: warning: spec.worker.pools.tenant-a: pool 'tenant-a' is not limited by "
    )
    assert wrong.code == 1
    assert wrong.out == (
        f"{policy}:4: error: kind: must be 'SecretInjectionPolicy', not 'SekretInjectionPolicy'\n"
        "1 error, 0 warnings\n"
    )


def test_findings_for_machines(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("a: b\n c: d\n")

    found = json.loads(run("check", "-o", "json", policy).out)

    assert found == {
        "policies": [],
        "errors": [
            {
                "file": str(policy),
                "line": 2,
                "field": "",
                "message": "not YAML: mapping values are not allowed in this context",
            }
        ],
        "warnings": [],
    }


def test_a_policy_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    ran = run("check", tmp_path / "none")

    assert (ran.code, ran.err) == (
        2,
        f"noxus-secrets: {tmp_path}/none: No such file or directory\n",
    )
