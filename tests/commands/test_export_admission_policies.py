"""`noxus-secrets export admission-policies`, as it is typed."""

import json
from pathlib import Path

import pytest
import yaml

from tests.commands.kit import POLICY, Ran, run
from tests.native.kit import EXAMPLE, pools


def export(*words: str | Path, policy: Path = POLICY) -> Ran:
    return run("export", "admission-policies", "--policy", policy, *words)


def test_json_and_yaml_say_the_same() -> None:
    as_json, as_yaml = export("-o", "json"), export()

    assert (as_json.code, as_json.err) == (as_yaml.code, as_yaml.err) == (0, "")
    found = json.loads(as_json.out)
    assert (found["apiVersion"], found["kind"]) == ("v1", "List")
    assert found["items"] == list(yaml.safe_load_all(as_yaml.out))


def test_the_same_question_has_the_same_answer() -> None:
    assert export().out == export().out


def test_the_differences_stand_at_the_head() -> None:
    head = export().out.partition("---\n")[0]

    assert all(line.startswith("# ") for line in head.splitlines())
    for difference in json.loads(export("--differences", "-o", "json").out):
        assert f"# - {difference['name']} ({difference['effect']}): " in head


def test_differences_are_a_table_for_people() -> None:
    ran = export("--differences")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(
        "policy noxus:\n"
        "  copy (silent)\n"
        "    webhook: follows the policy when that changes\n"
        "    native:  the objects are a copy of it: export and apply them again\n"
    )


def test_other_controllers_may_act_for_workloads(tmp_path: Path) -> None:
    document = EXAMPLE | {"spec": {**EXAMPLE["spec"], "worker": {}}}
    document["spec"]["scopes"] = [
        {
            "name": "vault",
            "roles": ["worker"],
            "deployers": {"users": ["joe"]},
            "envFrom": [{"secretRef": {"name": "vault-env"}}],
        }
    ]
    policy = tmp_path / "policy.yaml"
    policy.write_text(yaml.safe_dump(document))

    assert "system:serviceaccount:kube-system:replicaset-controller" in export(policy=policy).out
    named = export("--controllers", "manager, other", policy=policy).out
    assert "variables.user in ['manager', 'other']" in named
    assert "replicaset-controller" not in named


def test_validating_only_leaves_out_what_injects() -> None:
    kinds = {it["kind"] for it in yaml.safe_load_all(export("--validating-only").out)}

    assert kinds == {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}


@pytest.mark.slow
def test_a_policy_that_is_too_large_is_refused_with_what_would_fit(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        yaml.safe_dump(EXAMPLE | {"spec": {**EXAMPLE["spec"], "worker": pools(20_000)}})
    )

    ran = export(policy=policy)

    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "noxus-secrets: the policy cannot be exported:\n"
        "policy 'noxus' has 20,000 pools and 4 scopes, which make object "
        "noxus-secrets.refuse.noxus 2.5 MiB large; CEL in the API server takes 1 MiB, about 8,000 "
        "such pools: split the policy by spec.namespaces, or leave it to the webhook\n"
    )
