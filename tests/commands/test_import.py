"""`noxus-secrets import` and `export helm-values`; docs/guide-migration.md shows whole outputs."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.commands.kit import POLICY, ROOT, Ran, run

VALUES = ROOT / "examples" / "values.yaml"
CANARY = "hunter2-canary"
ENV = f"""\
POSTGRESQL_URL=noxus:{CANARY}@db:5432
REDIS_URL=redis
PLUGIN_SERVER_API_KEY='{CANARY} # no comment'
CRM_TOKEN={CANARY}: "x
WORKER_SUBSCRIBE=all
REDIS_URL=redis-2
"""


def import_env(*words: str | Path, stdin: str = ENV) -> Ran:
    ran = run("import", "env-file", "-", "--policy", POLICY, "-n", "noxus", *words, stdin=stdin)
    assert CANARY not in ran.out + ran.err
    return ran


def test_each_variable_lands_in_the_secret_of_its_scope_with_its_value_as_it_was(
    tmp_path: Path,
) -> None:
    ran = import_env("--assign", "CRM_TOKEN=pool/tenant-a", "--out", tmp_path / "new" / "secrets")

    folder = tmp_path / "new" / "secrets"
    assert ran.code == 0
    assert ran.err.splitlines()[-1] == (
        f"wrote {folder}/app-env.yaml, {folder}/plugin-secrets.yaml, {folder}/tenant-a-llm.yaml"
    )
    made = {it.name: yaml.safe_load(it.read_text()) for it in folder.iterdir()}
    assert {name: it["stringData"] for name, it in made.items()} == {
        "app-env.yaml": {"POSTGRESQL_URL": f"noxus:{CANARY}@db:5432", "REDIS_URL": "redis-2"},
        "plugin-secrets.yaml": {"PLUGIN_SERVER_API_KEY": f"{CANARY} # no comment"},
        "tenant-a-llm.yaml": {"CRM_TOKEN": f'{CANARY}: "x'},
    }
    assert {it["metadata"]["namespace"] for it in made.values()} == {"noxus"}
    assert {oct(it.stat().st_mode & 0o777) for it in folder.iterdir()} == {"0o600"}
    assert oct(folder.stat().st_mode & 0o777) == "0o700"


def test_a_variable_without_a_place_ends_with_one_and_nothing_is_written(tmp_path: Path) -> None:
    ran = import_env("--out", tmp_path / "secrets")

    assert ran.code == 1
    assert ran.err.splitlines()[-1] == (
        "noxus-secrets: 1 variable has no place, and nothing was written: say with --assign "
        "CRM_TOKEN=SCOPE who may read it, or with --unassigned SCOPE for all"
    )
    assert "CRM_TOKEN              (none)                       say who may read it" in ran.out
    assert not (tmp_path / "secrets").exists()


def test_json_says_the_same_for_machines() -> None:
    ran = import_env("--unassigned", "worker", "-o", "json")

    items = {it["key"]: it for it in json.loads(ran.out)["items"]}
    assert ran.code == 0
    assert items["CRM_TOKEN"] == {
        "key": "CRM_TOKEN",
        "scope": "worker",
        "secret": "worker-env",
        "secretKey": "CRM_TOKEN",
        "skipped": False,
        "why": "by --unassigned",
    }
    assert items["WORKER_SUBSCRIBE"]["skipped"] is True


def test_external_secrets_name_the_keys_and_hold_no_value() -> None:
    ran = import_env("--unassigned", "worker", "--as", "external-secrets")

    made = [it for it in yaml.safe_load_all(ran.out) if it]
    assert {it["spec"]["target"]["name"]: it["spec"]["data"] for it in made} == {
        "app-env": [
            {"secretKey": key, "remoteRef": {"key": "noxus/shared", "property": key}}
            for key in ("POSTGRESQL_URL", "REDIS_URL")
        ],
        "plugin-secrets": [
            {
                "secretKey": "PLUGIN_SERVER_API_KEY",
                "remoteRef": {"key": "noxus/plugin-keys", "property": "PLUGIN_SERVER_API_KEY"},
            }
        ],
        "worker-env": [
            {
                "secretKey": "CRM_TOKEN",
                "remoteRef": {"key": "noxus/worker", "property": "CRM_TOKEN"},
            }
        ],
    }
    listed = import_env("--unassigned", "worker", "--as", "external-secrets", "-o", "json")
    assert json.loads(listed.out)["kind"] == "List"


def test_the_entry_of_the_store_is_called_as_the_template_says() -> None:
    words = ("--as", "external-secrets", "-o", "json", "--unassigned", "worker")

    ran = import_env(*words, "--path-template", "{policy}/{scope}-{secret}")

    entries = {
        data["remoteRef"]["key"]
        for it in json.loads(ran.out)["items"]
        for data in it["spec"]["data"]
    }
    assert entries == {
        "noxus/shared-app-env",
        "noxus/plugin-keys-plugin-secrets",
        "noxus/worker-worker-env",
    }


def test_files_that_are_there_are_never_replaced_unless_asked(tmp_path: Path) -> None:
    mine = tmp_path / "worker-env.yaml"
    mine.write_text("mine")
    words = ("--unassigned", "worker", "--out", tmp_path)

    ran = import_env(*words)

    assert (ran.code, mine.read_text()) == (2, "mine")
    assert f"{mine} is there already, and nothing was written" in ran.err
    assert [it.name for it in tmp_path.iterdir()] == ["worker-env.yaml"]
    assert import_env(*words, "--force").code == 0
    assert mine.read_text() != "mine"


def test_a_link_that_leads_nowhere_is_there_already(tmp_path: Path) -> None:
    link = tmp_path / "worker-env.yaml"
    link.symlink_to(tmp_path / "nowhere")

    ran = import_env("--unassigned", "worker", "--out", tmp_path)

    assert ran.code == 2
    assert f"{link} is there already, and nothing was written" in ran.err
    assert link.is_symlink()


def test_a_disk_that_is_full_leaves_nothing_half_written(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "webhook", "import", "env-file", "-", "--policy", str(POLICY)]
    words += ["-n", "noxus", "--unassigned", "worker", "--out", str(tmp_path)]

    ran = subprocess.run(
        words,
        input=ENV,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64)),
    )

    assert ran.returncode == 2
    assert ran.stderr.splitlines()[-1] == (
        f"noxus-secrets: {tmp_path}: cannot be written to: File too large"
    )
    assert CANARY not in ran.stdout + ran.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "stdin", "message"),
    [
        ((), f"POSTGRESQL_URL=x\n{CANARY}\n", "not every line is a variable, and nothing was "),
        ((), "", "<stdin>: there is no variable in it"),
        (("--assign", "A"), ENV, "'A' is not KEY=SCOPE"),
        (("--assign", "A=worker"), ENV, "--assign A: the file has no such variable"),
        (("--assign", "CRM_TOKEN=x"), ENV, "there is no scope or pool 'x' that reads a whole"),
        (("--unassigned", "x"), ENV, "there is no scope or pool 'x' that reads a whole"),
        (("-n", "elsewhere"), ENV, "no policy covers namespace elsewhere: nothing would read"),
        (("-n", "A b"), ENV, "'A b' is not a DNS label: use up to 63 lower-case letters"),
        (("--as", "external-secrets", "--out", "x"), ENV, "--out goes with --as secrets"),
        (("--path-template", "a/{pool}"), ENV, "--path-template: 'a/{pool}' has {pool}: it may"),
        (("--path-template", "a"), ENV, "--path-template: 'a' is the same for every Secret: put"),
    ],
)
def test_what_makes_no_sense_ends_with_two_and_a_sentence(
    words: tuple[str, ...], stdin: str, message: str
) -> None:
    ran = import_env(*words, stdin=stdin)

    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


def test_what_cannot_be_read_or_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "latin").write_bytes(b"A=\xe4\n")
    env_file = ("import", "env-file")
    policy = ("--policy", POLICY, "-n", "noxus")

    gone = run(*env_file, tmp_path / "gone", *policy)
    latin = run(*env_file, tmp_path / "latin", *policy)
    taken = import_env("--unassigned", "worker", "--out", tmp_path / "file")
    below = import_env("--unassigned", "worker", "--out", tmp_path / "file" / "below")

    assert (gone.code, gone.err) == (
        2,
        f"noxus-secrets: {tmp_path}/gone: No such file or directory\n",
    )
    assert (latin.code, latin.err) == (2, f"noxus-secrets: {tmp_path}/latin: not UTF-8 text\n")
    assert f"{tmp_path}/file is a file: name a folder with --out" in taken.err
    assert f"{tmp_path}/file/below: cannot be made: Not a directory" in below.err


def test_values_become_a_policy_that_check_takes_and_the_same_values_again(
    tmp_path: Path,
) -> None:
    imported = run("import", "helm-values", VALUES, "-n", "noxus")
    policy = tmp_path / "policy.yaml"
    policy.write_text(imported.out)

    assert (imported.code, imported.err) == (0, "")
    assert run("check", policy).code == 0
    exported = run("export", "helm-values", "--policy", policy)
    before = yaml.safe_load(VALUES.read_text())
    assert yaml.safe_load(exported.out) == {"worker": before["worker"]}
    as_json = run("export", "helm-values", "--policy", policy, "-o", "json")
    assert json.loads(as_json.out) == {"worker": before["worker"]}


def test_pools_go_into_a_policy_that_is_there_and_keep_what_it_says_of_them() -> None:
    values = "worker: {pools: {tenant-a: {envSecretRef: other, replicaCount: 3}, new: {}}}"

    ran = run("import", "helm-values", "-", "--policy", POLICY, stdin=values)

    policy = yaml.safe_load(ran.out)
    assert ran.code == 0
    assert policy["spec"]["worker"]["pools"] == {
        "tenant-a": {"envSecretRef": "other", "namespaces": ["noxus"], "replicaCount": 3},
        "tenant-b": {"envSecretRef": "tenant-b-llm", "namespaces": ["noxus"]},
        "default": {"envSecretRef": ""},
        "new": {},
    }
    assert "# in injection order: a later source wins" in ran.out
    assert "noxus-secrets: pool tenant-a: its Secret was tenant-a-llm\n" in ran.err
    assert (
        "noxus-secrets: the values have no pool tenant-b, default: kept as it was; remove it from "
        "the policy once no pod of it runs\n"
    ) in ran.err


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("{}", "<stdin>: there is no worker.pools in it, the map of pools by their name"),
        (f"a: 1\nb: '{CANARY}", "<stdin>: not YAML, at line 2"),
        ("a: 1\n---\nb: 2\n", "<stdin>: there must be one document of values in it"),
        (
            "worker: {pools: {a b: {}}}",
            "the pools of the values make no policy:\nspec.worker.pools.a b: ",
        ),
    ],
)
def test_values_that_make_no_policy_end_with_two_and_the_reason(values: str, message: str) -> None:
    ran = run("import", "helm-values", "-", stdin=values)

    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert CANARY not in ran.err


def test_a_file_of_several_policies_cannot_take_pools(tmp_path: Path) -> None:
    policies = tmp_path / "policies.yaml"
    text = POLICY.read_text()
    second = text.replace("name: noxus\n", "name: second\n", 1).replace("[noxus, ", "[other, ")
    policies.write_text(f"{text}---\n{second}")

    ran = run("import", "helm-values", VALUES, "--policy", policies)
    gone = run("import", "helm-values", tmp_path / "gone.yaml")

    assert (ran.code, gone.code) == (2, 2)
    assert f"{policies}: it holds several policies: name a file with one" in ran.err
    assert f"{tmp_path}/gone.yaml: No such file or directory" in gone.err
