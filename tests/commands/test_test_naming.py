"""`noxus-secrets test`: what cases name, and what is said where that is not there."""

from pathlib import Path

import pytest

from tests.commands import policy_suite
from tests.commands.kit import POLICY, run
from tests.commands.policy_suite import CASES, HEAD, POD

DEPLOYERS = "envSecretRef: tenant-a-llm\n        deployers: {users: [mia]}"


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    return policy_suite.make(tmp_path / "suite")


def wrong(suite: Path, cases: str) -> str:
    """Return what is said to be wrong with cases, the place of the folder left out."""
    (suite / "cases.yaml").write_text(cases)
    ran = run("test", suite)
    assert (ran.code, ran.out) == (2, "")
    return ran.err.removeprefix("noxus-secrets: the cases cannot be run:\n").replace(
        f"{suite}/", ""
    )


def test_another_policy_is_used_in_place_of_the_files_that_cases_name(suite: Path) -> None:
    other = suite.parent / "other.yaml"
    other.write_text(POLICY.read_text().replace("tenant-a-llm", "tenant-a-new"))

    ran = run("test", suite, "--policy", other, "--run", "*last")

    assert ran.code == 1
    assert "          +                tenant-a-new\n" in ran.out


def test_a_policy_that_is_written_out_stays(suite: Path) -> None:
    cases = CASES.replace(
        "policy: policy.yaml",
        "policy: {spec: {scopes: [{name: s, roles: [worker], envFrom: "
        "[{secretRef: {name: only}}]}], worker: {pools: {tenant-a: {envSecretRef: ''}}}}}",
    ).replace("[app-env, worker-env, tenant-a-llm]", "[only]")
    (suite / "cases.yaml").write_text(cases)

    assert run("test", suite, "--policy", POLICY, "--run", "*last").code == 0


def test_a_case_that_names_no_policy_is_judged_by_the_one_of_the_command(suite: Path) -> None:
    (suite / "cases.yaml").write_text(CASES.replace("policy: policy.yaml\n", ""))

    without, given = run("test", suite), run("test", suite, "--policy", POLICY)

    assert (without.code, given.code) == (2, 1)
    assert without.err.startswith(
        "noxus-secrets: the cases cannot be run:\nno policy: give --policy PATH, "
    )


def test_a_file_can_be_named_instead_of_a_folder(suite: Path) -> None:
    assert run("test", suite / "cases.yaml").code == 1


def test_a_folder_that_is_not_there_is_said_so(suite: Path) -> None:
    ran = run("test", suite / "nowhere")

    assert (ran.code, ran.err) == (
        2,
        f"noxus-secrets: the cases cannot be run:\n{suite}/nowhere: No such file or directory\n",
    )


def test_a_policy_of_the_command_that_is_not_there_is_told_once(suite: Path) -> None:
    ran = run("test", suite, "--policy", suite / "nowhere.yaml")

    assert (ran.code, ran.err) == (
        2,
        (
            "noxus-secrets: the cases cannot be run:\n"
            f"the policy cannot be read: {suite}/nowhere.yaml: No such file or directory\n"
        ),
    )


def test_every_fault_of_every_file_is_told_at_once(suite: Path) -> None:
    (suite / "other.yaml").write_text(f"{HEAD}cases: [{{name: a, expect: {{}}}}]\n")
    (suite / "broken.yaml").write_text("a: [\n")

    assert wrong(suite, CASES.replace("message:", "mesage:")) == (
        "broken.yaml:2: not YAML: did not find expected node content\n"
        "cases.yaml:12: cases[1].expect.mesage: unknown field; did you mean 'message'?\n"
        "other.yaml:3: cases[0].expect: a case that expects nothing cannot fail: name what must "
        "come of it\n"
    )


def test_a_file_that_is_no_text_is_said_so(suite: Path) -> None:
    (suite / "bytes.yaml").write_bytes(b"\xff\xfe\xff")

    assert wrong(suite, CASES) == "bytes.yaml: not UTF-8 text\n"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ("policy: policy.yaml", "policy: polcy.yaml"),
            (
                "cases.yaml:3: policy: the policy cannot be read: polcy.yaml: No such file or "
                "directory\n"
            ),
        ),
        (
            ("policy: policy.yaml", "policy: {spec: {mod: DryRun}}"),
            "cases.yaml:3: spec.mod: unknown field; did you mean 'mode'?\n",
        ),
        (
            ("object: pod.yaml", "object: pods.yaml"),
            (
                "cases.yaml:4: object: the object cannot be read: pods.yaml: No such file or "
                "directory\n"
            ),
        ),
        (
            ("object: pod.yaml\n", ""),
            (
                "cases.yaml:5: cases[0].object: is required\n"
                "cases.yaml:7: cases[1].object: is required\n"
            ),
        ),
        (
            ("object: pod.yaml", "object: pod.yaml#pod/q"),
            "cases.yaml:4: object: pod.yaml holds pod/p: there is no pod/q among them\n",
        ),
        (
            ("object: pod.yaml", "object: policy.yaml"),
            "cases.yaml:4: object: policy.yaml holds no pod and no workload\n",
        ),
        (
            ("object: pod.yaml", "object: {kind: Pod}"),
            "cases.yaml:4: object: expected a pod or a workload, with its apiVersion and kind\n",
        ),
        (
            ("object: pod.yaml", "object: {apiVersion: v1, kind: Service}"),
            (
                "cases.yaml:4: object: Service of v1 is no pod, no workload of Kubernetes, and "
                "none of spec.workloads of the policy\n"
            ),
        ),
        (
            ("object: pod.yaml", "object: {apiVersion: v1, kind: Pod, metadata: {name: q}}"),
            (
                "cases.yaml:6: cases[0]: pod/q names no namespace, on which what it gets depends: "
                "write namespace, for this case or for all\n"
                "cases.yaml:8: cases[1]: pod/q names no namespace, on which what it gets depends: "
                "write namespace, for this case or for all\n"
            ),
        ),
        (
            ("object: pod.yaml", "namespace: n\nobject: {apiVersion: v1, kind: Pod, spec: []}"),
            (
                "cases.yaml:7: pod/ is not as Kubernetes wants it: request.object is not a Pod: "
                "Expected `object | null`, got `array` - at `$.spec`\n"
                "cases.yaml:9: pod/ is not as Kubernetes wants it: request.object is not a Pod: "
                "Expected `object | null`, got `array` - at `$.spec`\n"
            ),
        ),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else "",
)
def test_what_a_case_names_and_is_not_there_is_told_with_its_line(
    suite: Path, change: tuple[str, str], said: str
) -> None:
    assert wrong(suite, CASES.replace(*change)) == said


def test_of_a_file_with_several_objects_the_meant_one_is_named(suite: Path) -> None:
    other = POD.replace("name: p\n", "name: q\n")
    (suite / "pod.yaml").write_text(f"{POD}---\n{other}---\napiVersion: v1\nkind: Service\n")

    assert wrong(suite, CASES) == (
        "cases.yaml:4: object: pod.yaml holds pod/p, pod/q: say which one is meant, as in "
        "pod.yaml#pod/p\n"
    )
    (suite / "cases.yaml").write_text(CASES.replace("pod.yaml", "pod.yaml#pod/q"))
    assert run("test", suite, "--run", "*last").code == 0


def test_an_object_may_stand_in_a_list(suite: Path) -> None:
    indented = "".join(f"    {line}" for line in POD.splitlines(keepends=True))
    listed = f"apiVersion: v1\nkind: List\nitems:\n  -\n{indented}"
    (suite / "pod.yaml").write_text(listed)

    assert run("test", suite, "--run", "*last").code == 0


def test_a_policy_that_does_not_load_is_told_once(suite: Path) -> None:
    policy = suite / "policy.yaml"
    policy.write_text(policy.read_text().replace("roles: [worker]", "roles: [wrker]", 1))

    assert wrong(suite, CASES) == (
        "policy.yaml:16: spec.scopes[1].roles[0]: role 'wrker' is not known; did you mean "
        "'worker'? Add it to spec.identity.roles, or use one of backend, beat, frontend, "
        "plugin-server, relay, sandbox, worker\n"
    )


def test_where_deployers_would_decide_and_no_user_is_named_it_says_so(suite: Path) -> None:
    policy = suite / "policy.yaml"
    policy.write_text(policy.read_text().replace("envSecretRef: tenant-a-llm", DEPLOYERS))

    ran = run("test", suite, "--run", "*last")

    assert ran.code == 0
    assert "  deployers were not asked, and would decide here: name the user\n" in ran.out


def test_users_and_groups_of_a_case_go_before_those_of_its_file(suite: Path) -> None:
    policy = suite / "policy.yaml"
    entrusted = "deployers: {groups: [deployers]}"
    policy.write_text(
        policy.read_text().replace(
            "envSecretRef: tenant-a-llm", f"envSecretRef: tenant-a-llm\n        {entrusted}"
        )
    )
    (suite / "cases.yaml").write_text(
        f"""\
{HEAD}policy: policy.yaml
object: pod.yaml
user: max
groups: [developers]
cases:
  - {{name: a, expect: {{reason: DeployerNotEntitled, message: [user 'max']}}}}
  - {{name: b, groups: [deployers], expect: {{decision: injected}}}}
  - {{name: c, user: mia, expect: {{decision: refused, message: [user 'mia']}}}}
  - {{name: d, user: mia, groups: [deployers], expect: {{decision: injected}}}}
"""
    )

    assert run("test", suite).code == 0
