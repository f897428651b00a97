"""Which objects of the input hold a pod, and where one document ends and the next begins."""

import json

import pytest
import yaml

from tests.commands.kit import POLICY, pod, run

TEMPLATE = {
    "metadata": {"labels": {"noxus.ai/role": "frontend"}},
    "spec": {"containers": [{"name": "c"}]},
}


def inject(text: str, *words: str) -> str:
    ran = run("inject", "--policy", POLICY, "-n", "noxus", "-f", "-", *words, stdin=text)
    assert ran.code == 0, ran.err
    return ran.out


@pytest.mark.parametrize(
    ("version", "kind", "injected"),
    [
        ("apps/v1", "Deployment", True),
        ("extensions/v1beta1", "Deployment", True),
        ("batch/v1", "Job", True),
        ("v1", "ReplicationController", True),
        ("batch.volcano.sh/v1alpha1", "Job", False),
        ("v1", "Deployment", False),
        ("apps/v1", "Rollout", False),
    ],
)
def test_a_kind_counts_in_its_own_group_only(version: str, kind: str, injected: bool) -> None:
    value = {"apiVersion": version, "kind": kind, "metadata": {}, "spec": {"template": TEMPLATE}}
    text = json.dumps(value)

    assert (inject(text) != text + "\n") == injected


def test_what_holds_no_pod_is_counted_by_kind() -> None:
    things = [{"kind": "Service"}, {"kind": "ConfigMap"}, {"kind": "Service"}, {}, 7]
    text = yaml.safe_dump({"kind": "List", "items": things})

    alone = run("explain", "--policy", POLICY, "-f", "-", stdin=text)
    beside = run("explain", "--policy", POLICY, "-f", "-", stdin=f"{text}---\n{pod()}")

    kinds = "2 (no kind), 1 ConfigMap, 2 Service\n"
    assert (alone.code, alone.out) == (0, "")
    assert alone.err == f"no pod and no workload in the input: {kinds}"
    assert beside.out.startswith("pod/p in namespace noxus ")
    assert beside.err == f"skipped, since they hold no pod: {kinds}"


@pytest.mark.parametrize("command", ["explain", "inject"])
@pytest.mark.parametrize("spec", [{}, {"template": None}])
def test_a_workload_without_a_template_is_named(command: str, spec: object) -> None:
    text = json.dumps({"kind": "Job", "metadata": {"name": "j"}, "spec": spec})

    ran = run(command, "--policy", POLICY, "-n", "noxus", "-f", "-", stdin=text)

    assert (ran.code, ran.err) == (
        2,
        "noxus-secrets: <stdin>:1: job/j is not as Kubernetes wants it: it has no spec.template\n",
    )


@pytest.mark.parametrize("command", ["explain", "inject"])
def test_an_empty_name_is_no_folder(command: str) -> None:
    ran = run(command, "--policy", POLICY, "-f", "")

    assert (ran.code, ran.err) == (
        2,
        "noxus-secrets: -f is empty: name a file, a folder, or - for standard input\n",
    )


def test_documents_of_json_may_follow_one_another() -> None:
    one = {"kind": "Pod", "metadata": {"name": "😀/"}, "number": 1e5}
    text = f"{json.dumps(one)}\n{json.dumps(one, indent=2)}\n{json.dumps({'kind': 'X'})}\n"

    out = inject(text)

    assert out == text  # no role, so nothing to do; and no mark of YAML between them


def test_a_changed_document_of_json_stays_json() -> None:
    one = {"kind": "Pod", "note": "😀\u2028", "number": 1e5} | TEMPLATE
    text = f"{json.dumps(one)}\n---\n{json.dumps(one, indent=4)}\n"

    first, second = inject(text).split("---\n")

    assert json.loads(first) == json.loads(second)
    assert json.loads(first)["spec"]["containers"][0]["envFrom"] == [
        {"secretRef": {"name": "app-env"}}
    ]
    assert (json.loads(first)["note"], json.loads(first)["number"]) == ("😀\u2028", 1e5)


def test_marks_and_directives_between_documents_are_kept() -> None:
    quiet = pod(role="none")
    text = f"%YAML 1.1\n---\n{pod()}...\n%YAML 1.1\n--- # second\n{quiet}...\n# end\n"

    out = inject(text)

    assert [line for line in out.splitlines() if line in {"...", "---", "%YAML 1.1", "# end"}] == [
        line for line in text.splitlines() if line in {"...", "---", "%YAML 1.1", "# end"}
    ]
    first, second = (d for d in yaml.safe_load_all(out) if d)
    assert "envFrom" in first["spec"]["containers"][0]
    assert second == yaml.safe_load(quiet)


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "---\n", "null\n", "7\n", "[]\n"])
def test_what_holds_no_object_is_printed_as_it_is(text: str) -> None:
    assert inject(text) == text


def test_json_output_of_nothing_is_an_empty_list() -> None:
    assert json.loads(inject("", "-o", "json")) == {"apiVersion": "v1", "kind": "List", "items": []}
    found = run("explain", "--policy", POLICY, "-o", "json", "-f", "-", stdin="")
    assert json.loads(found.out) == {"kind": "ExplanationList", "items": []}


@pytest.mark.parametrize("count", [1, 2, 3])
def test_json_output_is_what_json_writes(count: int) -> None:
    out = inject("---\n".join([pod()] * count), "-o", "json")
    value = json.loads(out)

    assert out == json.dumps(value, indent=4, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("depth", [900, 5000])
def test_json_that_is_nested_too_deeply_is_refused(depth: int) -> None:
    text = json.dumps({"kind": "Pod", "x": 0} | TEMPLATE)
    text = text.replace('"x": 0', f'"x": {"[" * depth}{"]" * depth}')

    ran = run("inject", "--policy", POLICY, "-n", "noxus", "-o", "json", "-f", "-", stdin=text)

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("noxus-secrets: ")
    assert ran.err.endswith("nested too deeply\n")
    assert ran.err.count("\n") == 1
