"""`noxus-secrets export external-secrets`, as it is typed."""

import json
from pathlib import Path

import pytest
import yaml

from tests.commands.kit import POLICY, Ran, run

VAULT = ("--provider", "vault", "--vault-server", "https://vault.example.com", "--vault-role", "r")
AWS = (
    *("--provider", "aws", "--aws-region", "eu-central-1"),
    *("--aws-role-arn", "arn:aws:iam::123456789012:role/noxus"),
)
ID = "11111111-2222-3333-4444-555555555555"
AZURE = (
    *("--provider", "azure", "--azure-vault-url", "https://noxus.vault.azure.net"),
    *("--azure-client-id", ID, "--azure-tenant-id", ID),
)


def export(*words: str | Path, policy: Path = POLICY) -> Ran:
    return run("export", "external-secrets", "--policy", policy, *words)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with two policies, of which each covers its own namespace."""
    for name in ("one", "two"):
        policy = yaml.safe_load(POLICY.read_text())
        policy["metadata"]["name"] = name
        policy["spec"] |= {"namespaces": [name], "worker": {}}
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(policy))
    return tmp_path


@pytest.mark.parametrize("store", [AWS, VAULT, AZURE], ids=lambda words: words[1])
def test_json_and_yaml_say_the_same(store: tuple[str, ...]) -> None:
    as_json, as_yaml = (export("-n", "noxus", *store, *more) for more in (["-o", "json"], []))

    assert (as_json.code, as_json.err) == (as_yaml.code, as_yaml.err) == (0, "")
    found = json.loads(as_json.out)
    assert (found["apiVersion"], found["kind"]) == ("v1", "List")
    assert found["items"] == list(yaml.safe_load_all(as_yaml.out))


def test_the_same_question_has_the_same_answer() -> None:
    assert export("-n", "noxus", *VAULT).out == export("-n", "noxus", *VAULT).out


def test_every_secret_of_the_policy_is_filled() -> None:
    ran = export("-n", "noxus", *VAULT, "-o", "json")

    assert [
        item["metadata"]["name"]
        for item in json.loads(ran.out)["items"]
        if item["kind"] == "ExternalSecret"
    ] == ["app-env", "worker-env", "plugin-secrets", "llm-keys", "tenant-a-llm", "tenant-b-llm"]


def test_what_is_missing_is_said_at_once() -> None:
    ran = export("--provider", "azure")

    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "noxus-secrets: --provider azure needs --azure-vault-url, --azure-client-id, "
        "--azure-tenant-id\n"
    )


def test_flags_of_another_store_are_refused() -> None:
    ran = export(*AWS, "--vault-role", "noxus")

    assert (ran.code, ran.err) == (2, "noxus-secrets: --vault-role: not for --provider aws\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["--provider", "aws", "--aws-region", "Frankfurt", "--aws-role-arn", AWS[5]],
            "--aws-region: 'Frankfurt' is not right: write it like eu-central-1",
        ),
        (
            [*AWS[:5], "role/noxus"],
            (
                "--aws-role-arn: 'role/noxus' is not right: write it like "
                "arn:aws:iam::123456789012:role/noxus"
            ),
        ),
        (
            [*VAULT[:3], "vault.example.com", *VAULT[4:]],
            (
                "--vault-server: 'vault.example.com' is not right: write it like "
                "https://vault.example.com:8200"
            ),
        ),
        (
            [*VAULT[:5], "{pool}"],
            "--vault-role: '{pool}' has {pool}: it may hold {namespace}",
        ),
        (
            [*VAULT[:5], "noxus-{namespace}", "--cluster-scoped"],
            (
                "--vault-role: {namespace} and --cluster-scoped exclude each other: the one store "
                "is the same for every namespace"
            ),
        ),
        (
            [*VAULT, "--path-template", "noxus"],
            "--path-template: 'noxus' is the same for every Secret: put {scope} into it",
        ),
        (
            [*VAULT, "--path-template", "noxus/{scope"],
            "--path-template: 'noxus/{scope' has a brace alone: write {scope}, {secret}",
        ),
    ],
)
def test_what_is_not_right_is_said_with_what_would_be(words: list[str], says: str) -> None:
    ran = export(*words)

    assert (ran.code, ran.out, ran.err.replace("{namespace}, {policy}, {scope}", "{scope}")) == (
        2,
        "",
        f"noxus-secrets: {says}\n",
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["--refresh-interval", "hourly"],
            "argument --refresh-interval: 'hourly' is no time: write it as 1h, 15m or 90s",
        ),
        (
            ["--refresh-interval", "0s"],
            "argument --refresh-interval: '0s' is no time: write it as 1h, 15m or 90s",
        ),
        (
            ["-n", "Noxus"],
            (
                "argument -n/--namespace: 'Noxus' is no name: use lower-case letters, digits, '-' "
                "and '.'"
            ),
        ),
    ],
)
def test_words_that_kubernetes_would_refuse_are_refused(words: list[str], says: str) -> None:
    ran = export(*VAULT, *words)

    assert (ran.code, ran.err.splitlines()[-1]) == (
        2,
        f"noxus-secrets export external-secrets: error: {says}",
    )


def test_a_policy_of_globs_says_what_to_add() -> None:
    ran = export(*VAULT)

    assert ran.code == 2
    assert ran.err.splitlines() == [
        "noxus-secrets: the policy cannot be exported like this:",
        (
            "Secrets app-env (shared), worker-env (worker), plugin-secrets (plugin-keys), llm-keys "
            "(ai-providers): the policy gives globs 'noxus-*': name the namespaces with "
            "--namespace, or give --cluster-scoped"
        ),
    ]


def test_two_policies_are_exported_together(folder: Path) -> None:
    ran = export(*VAULT, policy=folder)

    found = list(yaml.safe_load_all(ran.out))
    assert {each["metadata"]["namespace"] for each in found} == {"one", "two"}
    assert ran.out.startswith(
        "# Made by noxus-secrets export external-secrets from policy one, two. It holds no value: "
    )


SHARED = (
    "warning: policies one and two share the entries 'noxus/shared', 'noxus/worker', "
    "'noxus/plugin-keys', 'noxus/ai-providers' of the store, so that their pods are given the same "
    "values: where that is not meant, put {policy} into --path-template"
)


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_entries_that_policies_share_are_said_with_the_way_out(folder: Path, form: str) -> None:
    ran = export(*VAULT, "-o", form, policy=folder)

    assert (ran.code, ran.err) == (0, f"noxus-secrets: {SHARED}\n")


def test_the_manifests_say_it_too_for_whoever_reads_them_later(folder: Path) -> None:
    head, _, _ = export(*VAULT, policy=folder).out.partition("---")

    said = " ".join(line.removeprefix("# ") for line in head.splitlines())
    assert said.endswith(f" W{SHARED.removeprefix('w')}.")


def test_policies_with_entries_of_their_own_have_nothing_said_of_them(folder: Path) -> None:
    ran = export(*VAULT, "--path-template", "{policy}/{scope}", policy=folder)

    assert (ran.code, ran.err) == (0, "")
    filled = {
        (each["metadata"]["namespace"], each["spec"]["dataFrom"][0]["extract"]["key"])
        for each in yaml.safe_load_all(ran.out)
        if each["metadata"]["name"] == "app-env"
    }
    assert filled == {("one", "one/shared"), ("two", "two/shared")}


def test_namespaces_are_taken_from_whichever_policy_covers_them(folder: Path) -> None:
    ran = export(*VAULT, "-n", "two", policy=folder)

    assert {each["metadata"]["namespace"] for each in yaml.safe_load_all(ran.out)} == {"two"}


def test_policies_that_disagree_on_a_secret_of_the_cluster_are_not_mixed(folder: Path) -> None:
    ran = export(*VAULT, "--cluster-scoped", policy=folder)

    assert ran.code == 2
    assert ran.err.splitlines()[1] == (
        "two policies want different things of ClusterExternalSecret app-env: export them one at a "
        "time, with --namespace"
    )


def test_what_is_left_out_and_what_is_risky_are_said(tmp_path: Path) -> None:
    policy = yaml.safe_load(POLICY.read_text())
    policy["spec"]["scopes"][0]["envFrom"].append({"configMapRef": {"name": "settings"}})
    policy["spec"]["worker"]["pools"]["tenant-b"]["enabled"] = False
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump(policy))
    plain = (*VAULT[:3], "http://vault.vault:8200", *VAULT[4:])

    ran = export(*plain, "-n", "noxus", policy=tmp_path)

    assert ran.code == 0
    assert ran.err.splitlines() == [
        "noxus-secrets: note: not exported, since they are ConfigMaps: settings",
        "noxus-secrets: note: not exported, since their pools are switched off: tenant-b-llm",
        (
            "noxus-secrets: warning: --vault-server is not https: tokens and values cross in the "
            "clear"
        ),
    ]


def test_export_alone_says_what_there_is() -> None:
    ran = run("export")

    assert ran.code == 2
    assert ran.err.endswith("error: the following arguments are required: WHAT\n")
