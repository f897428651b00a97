"""`noxus-secrets lint`: what it prints, and what it returns."""

import json
from pathlib import Path

import pytest

from tests.commands.kit import POLICY, run

GOOD = """\
apiVersion: v1
kind: Secret
metadata: {name: app-env, namespace: noxus}
stringData:
  POSTGRESQL_URL: noxus:correct-horse@postgres.noxus.svc:5432
  REDIS_URL: redis.noxus.svc
  REDIS_PASSWORD: battery-staple
"""
ENV = "POSTGRESQL_URL=noxus:correct-horse@postgres:5432\nREDIS_URL=redis\n"


def test_a_secret_that_is_as_documented_has_no_findings() -> None:
    ran = run("lint", "--policy", POLICY, "-", stdin=GOOD)

    assert (ran.code, ran.out, ran.err) == (
        0,
        "1 object: 0 errors, 0 warnings, 0 notes\n",
        "",
    )


def test_a_finding_names_file_line_object_key_and_the_way_out(tmp_path: Path) -> None:
    file = tmp_path / "app-env.yaml"
    file.write_text(GOOD.replace("redis.noxus.svc", "redis.noxus.svc:6379"))

    ran = run("lint", "--policy", POLICY, file)

    where = f"{file}:6"
    assert (ran.code, ran.err) == (1, "")
    assert ran.out == (
        f"LEVEL  {'WHERE'.ljust(len(where))}  OBJECT          KEY\n"
        f"error  {where}  secret/app-env  REDIS_URL\n"
        "    a port is written: keep the host alone\n"
        "1 object: 1 error, 0 warnings, 0 notes\n"
    )


def test_findings_for_machines() -> None:
    text = GOOD.replace("redis.noxus.svc", "redis.noxus.svc:6379")

    ran = run("lint", "-o", "json", "--policy", POLICY, "-", stdin=text)

    assert ran.code == 1
    assert json.loads(ran.out) == {
        "kind": "LintReport",
        "summary": {"errors": 1, "warnings": 0, "notes": 0},
        "read": [
            {
                "kind": "Secret",
                "name": "app-env",
                "namespace": "noxus",
                "file": "<stdin>",
                "line": 1,
            }
        ],
        "findings": [
            {
                "level": "error",
                "rule": "format",
                "file": "<stdin>",
                "line": 6,
                "object": "secret/app-env",
                "key": "REDIS_URL",
                "message": "a port is written: keep the host alone",
            }
        ],
    }


def test_warnings_fail_only_where_they_shall() -> None:
    text = GOOD.replace("battery-staple", "changeme")

    lenient = run("lint", "--policy", POLICY, "-", stdin=text)
    strict = run("lint", "--policy", POLICY, "--strict", "-", stdin=text)

    assert (lenient.code, strict.code) == (0, 1)
    assert lenient.out == strict.out
    assert lenient.out.splitlines()[-1] == "1 object: 0 errors, 1 warning, 0 notes"


def test_notes_never_fail() -> None:
    pool = """\
---
apiVersion: v1
kind: Secret
metadata: {name: tenant-a-llm, namespace: noxus}
stringData: {OPENAI_API_KEY: sk-of-the-tenant}
"""
    text = GOOD + "  OPENAI_API_KEY: sk-of-the-platform\n" + pool

    ran = run("lint", "--policy", POLICY, "--strict", "-", stdin=text)

    assert ran.code == 0
    assert "note   <stdin>:8  secret/app-env  OPENAI_API_KEY\n" in ran.out
    assert "    in pool/tenant-a, secret/tenant-a-llm wins, as documented for pools\n" in ran.out


def test_a_file_of_variables_that_others_may_read_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(ENV)
    file.chmod(0o640)
    open_to_others = run("lint", file)
    file.chmod(0o600)
    private = run("lint", file)

    assert open_to_others.code == 1
    assert (
        "    mode 0640 lets others on the machine read or change it: chmod 600 it\n"
        in open_to_others.out
    )
    assert (private.code, private.out) == (
        0,
        "1 file of variables: 0 errors, 0 warnings, 0 notes\n",
    )


def test_a_manifest_may_be_read_by_others_as_files_of_a_repository_are(tmp_path: Path) -> None:
    file = tmp_path / "app-env.yaml"
    file.write_text(GOOD)
    file.chmod(0o644)

    assert run("lint", "--policy", POLICY, file).code == 0


def test_a_folder_is_read_by_the_names_of_its_files(tmp_path: Path) -> None:
    for name in ("app-env.yaml", "notes.txt", ".env", "prod.env", ".env.local", "env.vm", "x.yml"):
        file = tmp_path / name
        file.write_text(GOOD if name.endswith("ml") else ENV)
        file.chmod(0o600)

    ran = run("lint", "-o", "json", tmp_path)

    read = [Path(it["file"]).name for it in json.loads(ran.out)["read"]]
    assert read == [".env", ".env.local", "app-env.yaml", "env.vm", "prod.env", "x.yml"]


def test_standard_input_may_be_a_file_of_variables() -> None:
    ran = run("lint", "-", stdin="REDIS_URL=redis://redis\n" + ENV.splitlines()[0] + "\n")

    assert ran.code == 1
    assert "a scheme is written: remove all up to ://, and keep the host alone" in ran.out


def test_without_a_policy_it_is_said_what_is_known() -> None:
    ran = run("lint", "-", stdin=GOOD)

    assert ran.code == 0
    assert ran.out == (
        "without --policy, no Secret but app-env is known to be injected\n"
        "1 object: 0 errors, 0 warnings, 0 notes\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n",
        "kind: [Secret]\n",
        "apiVersion: {v1: v1}\nkind: Secret\n",
        "kind: List\nitems: [1, null, [], {kind: List, items: [text]}]\n",
    ],
)
def test_input_without_secrets_is_told(text: str) -> None:
    ran = run("lint", "-", stdin=text)

    assert (ran.code, ran.out, ran.err) == (
        0,
        "0 objects: 0 errors, 0 warnings, 0 notes\n",
        "no Secret, ConfigMap or file of variables in the input\n",
    )


def test_usage_errors_say_what_to_write(tmp_path: Path) -> None:
    missing = tmp_path / "none.yaml"

    assert [
        (run("lint", *words).code, run("lint", *words).err)
        for words in (
            (),
            ("",),
            (str(missing),),
            (str(tmp_path),),
            ("--from-cluster",),
            ("--from-cluster", "-n", "noxus", "-"),
            ("--from-cluster", "-n", "noxus", "--policy", str(POLICY)),
            ("--from-cluster", "-n", "elsewhere", "--policy", str(POLICY)),
        )
    ] == [
        (2, f"noxus-secrets: {message}\n")
        for message in (
            "nothing to lint: name files or folders, - or --from-cluster",
            "a path is empty: name a file, a folder, or - for standard input",
            f"{missing}: No such file or directory",
            f"{tmp_path}: the folder holds no manifest and no file of variables",
            "--from-cluster needs --namespace: Secrets are read in one at a time",
            "--from-cluster reads no files: lint them in a call of their own",
            "no cluster: set KUBECONFIG, or name files",
            "no cluster: set KUBECONFIG, or name files",
        )
    ]


def test_what_cannot_be_read_is_a_finding_that_shows_nothing_of_it(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("apiVersion: v1\nkind: Secret\nstringData:\n  A: b: hunter2\n")
    binary = tmp_path / "binary.env"
    binary.write_bytes(b"A=\xff\xfe")
    binary.chmod(0o600)

    ran = run("lint", "-o", "json", broken, binary)

    assert ran.code == 1
    assert [(it["file"], it["line"], it["message"]) for it in json.loads(ran.out)["findings"]] == [
        (str(binary), 0, "it is no UTF-8 text: save it as UTF-8"),
        (
            str(broken),
            4,
            (
                "it is no YAML as Kubernetes takes it, here or a line before; nothing of it is "
                "shown, since it may be a value: look for indentation, and put values in quotes"
            ),
        ),
    ]


def test_the_documents_before_a_broken_one_are_linted() -> None:
    text = GOOD.replace("redis.noxus.svc", "a:6379") + "---\na: *nowhere\n"

    ran = run("lint", "-o", "json", "--policy", POLICY, "-", stdin=text)

    assert [it["rule"] for it in json.loads(ran.out)["findings"]] == ["format", "unreadable"]


def test_a_secret_in_the_place_of_the_policy_is_not_shown(tmp_path: Path) -> None:
    mixed_up = tmp_path / "app-env.yaml"
    mixed_up.write_text(GOOD + "  A: *hunter2\n")

    ran = run("lint", "--policy", mixed_up, "-", stdin=GOOD)
    absent = run("lint", "--policy", tmp_path / "none", "-", stdin=GOOD)

    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        f"noxus-secrets: the policy does not load; noxus-secrets check {mixed_up} tells why, which "
        "is not shown here, in case it is a Secret and no policy\n"
    )
    assert (absent.code, absent.err) == (
        2,
        f"noxus-secrets: the policy cannot be read: {tmp_path}/none: No such file or directory\n",
    )
