"""`noxus-secrets review` and `noxus-secrets check`."""

import json
from pathlib import Path

import pytest

from tests.commands.kit import POLICY, run

POD = {
    "metadata": {"name": "p", "labels": {"noxus.ai/role": "frontend"}},
    "spec": {"containers": [{"name": "c", "envFrom": [{"secretRef": {"name": "worker-env"}}]}]},
}


def review(pod: object, **changed: object) -> str:
    request: dict[str, object] = {
        "uid": "1",
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "namespace": "noxus",
        "operation": "CREATE",
        "object": pod,
        **changed,
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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not an AdmissionReview: Input data was truncated"),
        ("{}", "not an AdmissionReview: Object missing required field `apiVersion`"),
        ("null", "not an AdmissionReview: Expected `object`, got `null`"),
        ("[" * 100_000, "not an AdmissionReview: Expected `object`, got `array`"),
        (
            '{"apiVersion": "admission.k8s.io/v1beta1", "kind": "AdmissionReview"}',
            (
                "expected AdmissionReview of admission.k8s.io/v1, got AdmissionReview of "
                "admission.k8s.io/v1beta1; list v1 in admissionReviewVersions"
            ),
        ),
        (
            review({"spec": {"containers": [{"env": {"A": "hunter2-canary"}}]}}),
            (
                "request.object is not a Pod: Expected `array | null`, got `object` - at "
                "`$.spec.containers[0].env`"
            ),
        ),
    ],
)
def test_what_is_no_review_is_a_usage_error(text: str, message: str) -> None:
    ran = run("review", "--policy", POLICY, stdin=text)

    assert (ran.code, ran.out, ran.err) == (2, "", f"noxus-secrets: {message}\n")


def test_an_object_that_is_nested_deeply_is_answered_and_the_patch_proven() -> None:
    deep: object = "bottom"
    for _ in range(400):
        deep = [deep]

    ran = run(
        "review",
        "--policy",
        POLICY,
        stdin=review({**POD, "spec": {"containers": [{"name": "c"}], "unknown": deep}}),
    )

    assert ran.code == 0
    assert json.loads(ran.out)["response"]["allowed"] is True


def test_a_review_about_something_else_is_allowed() -> None:
    other = {"group": "", "version": "v1", "resource": "configmaps"}

    ran = run("review", "--policy", POLICY, stdin=review({}, resource=other))

    assert ran.code == 0
    assert json.loads(ran.out)["response"]["auditAnnotations"]["reason"] == "NotJudged"


def test_a_hook_that_is_none_is_a_usage_error() -> None:
    ran = run("review", "--policy", POLICY, "--hook", "mutating", stdin=review(POD))

    assert ran.code == 2
    assert "argument --hook: invalid choice: 'mutating'" in ran.err


def test_a_good_policy_is_summed_up() -> None:
    ran = run("check", POLICY)

    assert ran.code == 0
    assert (
        ran.out
        == """\
policy noxus (Enforce): noxus, noxus-*
  SCOPE                      SOURCES                               ROLES
  shared                     app-env                               frontend, backend,
                                                                   worker, relay,
                                                                   plugin-server
  worker                     worker-env                            worker
  plugin-keys                plugin-secrets/PLUGIN_SERVER_API_KEY  backend,
                                                                   plugin-server
  ai-providers (on request)  llm-keys                              worker
  pool/tenant-a              tenant-a-llm                          worker
  pool/tenant-b              tenant-b-llm                          worker
  pool/default               -                                     worker
1 policy, 4 scopes, 3 pools: 0 errors, 0 warnings
"""
    )


def test_errors_and_warnings_are_findings(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY.read_text().replace("        namespaces: [noxus]\n", "", 1))
    warned = run("check", policy)
    policy.write_text(POLICY.read_text().replace("kind: Secret", "kind: Sekret"))
    wrong = run("check", policy)

    assert warned.code == 1
    assert warned.out.splitlines()[-1] == "1 policy, 4 scopes, 3 pools: 0 errors, 1 warning"
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
        "notes": [],
    }


def test_a_policy_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    ran = run("check", tmp_path / "none")

    assert (ran.code, ran.err) == (
        2,
        f"noxus-secrets: the policy cannot be read: {tmp_path}/none: No such file or directory\n",
    )


def test_the_policy_may_be_named_as_every_other_command_does() -> None:
    ran = run("check", "--policy", POLICY)

    assert (ran.code, ran.out) == (0, run("check", POLICY).out)


def test_a_policy_that_is_named_twice_or_not_at_all_is_a_usage_error() -> None:
    twice, none = run("check", "--policy", POLICY, POLICY), run("check")

    assert (twice.code, twice.err) == (
        2,
        "noxus-secrets: a policy is named twice: give POLICY, or --policy PATH\n",
    )
    assert (none.code, none.err) == (
        2,
        (
            "noxus-secrets: no policy: give --policy PATH, or set NOXUS_SECRETS_POLICY, or "
            "KUBECONFIG for the policies of a cluster\n"
        ),
    )


def test_what_has_no_line_is_told_without_one(tmp_path: Path) -> None:
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")

    ran = run("check", tmp_path)

    assert (ran.code, ran.out) == (
        1,
        (
            f"{tmp_path}/binary.yaml: error: not YAML: the file is not UTF-8 text\n"
            "1 error, 0 warnings\n"
        ),
    )


def test_a_folder_without_policies_is_a_finding(tmp_path: Path) -> None:
    ran = run("check", tmp_path)

    assert (ran.code, ran.out) == (
        1,
        f"{tmp_path}: error: there is no SecretInjectionPolicy in it\n1 error, 0 warnings\n",
    )


def test_policies_that_cover_the_same_namespace_are_warned_about(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POLICY.read_text())
    (tmp_path / "b.yaml").write_text(POLICY.read_text().replace("name: noxus", "name: other", 1))

    ran = run("check", tmp_path)

    assert ran.code == 1
    assert (
        f"{tmp_path}/b.yaml:8: warning: spec.namespaces: 'noxus' is covered by policy 'noxus', "
        "too, which comes first and governs there: let one of them leave it out\n"
    ) in ran.out
    assert ran.out.count("\npolicy ") == 2


def test_a_policy_without_namespaces_covers_all_of_them(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    lines = POLICY.read_text().splitlines(keepends=True)
    policy.write_text("".join(line for line in lines if not line.startswith("  namespaces:")))

    assert "policy noxus (Enforce): every opted-in namespace\n" in run("check", policy).out
