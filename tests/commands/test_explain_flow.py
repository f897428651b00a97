"""`noxus-secrets explain --flow` and `audit --flows`; docs/guide-flows.md shows whole outputs."""

import json
from pathlib import Path

import pytest

from tests.commands.kit import POLICY, ROOT, Ran, pod, run

FLOWS = ROOT / "examples" / "flows"
KEYS = ROOT / "examples" / "flow-keys.yaml"
DEPLOYMENTS = ROOT / "examples" / "deployments"
CANARY = "hunter2-canary"


def explain(*words: str | Path, stdin: str = "") -> Ran:
    return run("explain", "--policy", POLICY, "-n", "noxus", *words, stdin=stdin)


def test_json_names_for_each_name_where_it_comes_from_on_which_pools() -> None:
    ran = explain("--flow", FLOWS, "--secrets", KEYS, "-o", "json")

    report = json.loads(ran.out)
    assert (ran.code, ran.err) == (0, "")
    assert (report["kind"], report["namespace"], report["policy"]) == (
        *("FlowReport", "noxus"),
        "noxus",
    )
    assert {it["name"]: it["verdict"] for it in report["names"]} == {
        "CHAT_HOOK": "not everywhere",
        "CRM_TOKEN": "perhaps",
        "LLM_KEY": "differs",
    }
    (key,) = [it for it in report["names"] if it["name"] == "LLM_KEY"]
    assert key["groups"][1] == {
        "readers": ["tenant-a"],
        "resolution": {
            "certainty": "yes",
            "winner": "tenant-a-llm",
            "perhaps": [],
            "overridden": ["llm-keys", "worker-env"],
        },
    }


def test_a_name_that_no_pool_has_ends_with_one_and_the_most_similar_name(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    text = POLICY.read_text().replace("onRequest: true", "namespaces: [noxus-other]")
    policy.write_text(text.replace("envSecretRef: tenant-b-llm", 'envSecretRef: ""'))

    ran = run(
        *("explain", "--policy", policy, "-n", "noxus", "--flow", "-", "--secrets", KEYS),
        stdin="key: '{{secret.CRM_TOKNE}}'",
    )

    assert (ran.code, ran.err) == (1, "")
    assert ran.out.startswith(
        "flows (in namespace noxus, policy noxus) "
        "───────────────────────────────────────\n"
        "CRM_TOKNE  nowhere\n"
        "  read by    <stdin>:1: key\n"
        "  missing    no worker has it: mend the name, or put it into a Secret that\n"
        "             workers get; CRM_TOKEN is there\n"
    )


def test_an_expression_that_reads_nothing_is_told_with_its_place() -> None:
    ran = explain("--flow", "-", stdin='{"nodes": [\n  {"key": "{{secrets.KEY}}"}\n]}')

    assert ran.code == 1
    assert (
        "<stdin>:2: nodes[0].key: says secrets, which reads nothing: write {{secret.NAME}} "
        "0 names in 1 flow file"
    ) in " ".join(ran.out.split())
    assert ran.out.endswith("\n1 expression that reads nothing\n")


def test_a_flow_that_cannot_be_read_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text('{"a": [')
    (tmp_path / "fine.json").write_text('{"a": "{{secret.CRM_TOKEN}}"}')

    ran = explain("--flow", tmp_path)

    assert (ran.code, ran.err) == (1, "")
    file = tmp_path / "broken.json"
    # The table breaks a path that is longer than its lines.
    told = "".join(ran.out.split())
    assert f"unreadable:{file}:" in told
    assert ":notYAML:didnotfindexpectednodecontent" in told
    assert "CRM_TOKEN  perhaps" in ran.out
    assert ran.out.endswith("1 file not readable\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "give either -f with pods and workloads, or --flow with flows"),
        (
            ("-f", DEPLOYMENTS, "--flow", FLOWS),
            "give either -f with pods and workloads, or --flow with flows",
        ),
        (
            ("-f", DEPLOYMENTS, "--secrets", KEYS),
            "--secrets goes with --flow: a pod is explained without any key",
        ),
        (
            ("-n", "elsewhere", "--flow", FLOWS),
            "no policy covers namespace elsewhere: its workers are given nothing",
        ),
        (
            ("-n", "", "--flow", FLOWS),
            "--flow needs --namespace: what a worker is given depends on it",
        ),
        (("--flow", FLOWS, "--secrets", "gone.yaml"), "gone.yaml: No such file or directory"),
        (("--flow", "gone.yaml"), "gone.yaml: No such file or directory"),
    ],
)
def test_what_makes_no_sense_ends_with_two_and_a_sentence(
    words: tuple[str, ...], message: str
) -> None:
    ran = explain(*words)

    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


def test_no_part_of_a_secrets_manifest_but_its_keys_is_ever_printed(tmp_path: Path) -> None:
    manifest = "kind: Secret\nmetadata: {{name: worker-env}}\nstringData:\n  CRM_TOKEN: {}\n"
    broken = [
        f"'{CANARY}",
        f"!!int {CANARY}",
        f"[{CANARY}",
        f"*{CANARY}",
        f"&{CANARY}\n {CANARY}: x",
    ]
    for number, value in enumerate((CANARY, *broken)):
        file = tmp_path / f"{number}.yaml"
        file.write_text(manifest.format(value))
        for output in ("text", "json"):
            ran = explain("--flow", FLOWS, "--secrets", file, "-o", output)
            assert CANARY not in ran.out + ran.err
        ran = run(
            *("audit", "--policy", POLICY, "-n", "noxus", "-f", DEPLOYMENTS),
            *("--flows", FLOWS, "--secrets", file, "-o", "html"),
        )
        assert CANARY not in ran.out + ran.err


def test_an_audit_looks_names_up_on_the_workers_that_it_finds() -> None:
    ran = run(
        *("audit", "--policy", POLICY, "-n", "noxus", "-f", DEPLOYMENTS),
        *("--flows", FLOWS, "--secrets", KEYS, "-o", "json"),
    )

    flows = json.loads(ran.out)["flows"]
    assert (ran.code, ran.err) == (1, "")
    assert flows["readers"] == [
        "deployment/noxus-worker-default in noxus",
        "deployment/noxus-worker-tenant-a in noxus",
    ]
    assert {it["name"]: it["verdict"] for it in flows["names"]} == {
        "CHAT_HOOK": "nowhere",
        "CRM_TOKEN": "resolves",
        "LLM_KEY": "differs",
    }


def test_a_workers_own_variable_beats_every_source() -> None:
    worker = pod(role="worker", spec="      env: [{name: LLM_KEY, value: x}, {name: HOOK}]\n")
    ran = run(
        *("audit", "--policy", POLICY, "-f", "-", "-o", "json"),
        *("--flows", FLOWS, "--secrets", KEYS),
        stdin=worker,
    )

    names = {it["name"]: it for it in json.loads(ran.out)["flows"]["names"]}
    assert names["LLM_KEY"]["groups"][0]["resolution"] == {
        "certainty": "yes",
        "winner": "its own env",
        "perhaps": [],
        "overridden": ["worker-env"],
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--flows", FLOWS), "--flows: no worker was found that could run a flow"),
        (("--secrets", KEYS), "--secrets goes with --flows: an audit needs no key of any Secret"),
    ],
)
def test_an_audit_without_workers_or_flows_says_so(words: tuple[str, ...], message: str) -> None:
    ran = run("audit", "--policy", POLICY, "-f", "-", *words, stdin=pod())

    assert (ran.code, ran.out, ran.err) == (2, "", f"noxus-secrets: {message}\n")
