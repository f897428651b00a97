"""`noxus-secrets lint` with a real API server: its Secrets, its rights, and its refusals."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.controlplane.plane import ControlPlane
from tests.e2e.harness import ROOT
from tests.e2e.world import POLICIES
from webhook.secretref.dialects import docker

Json = Any

CANARY = "QXZJKVW7-QXJZWVK7-JQXZVKW7"
SECRET = {"apiVersion": "v1", "kind": "Secret"}
READER = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "Role",
    "metadata": {"name": "linter"},
    "rules": [
        {
            "apiGroups": [""],
            "resources": ["secrets"],
            "resourceNames": [
                *("app-env", "worker-env", "plugin-secrets", "llm-keys"),
                *("tenant-a-llm", "tenant-b-llm"),
            ],
            "verbs": ["get"],
        }
    ],
}


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "policy.yaml"
    file.write_text(yaml.safe_dump(POLICIES["standard"]))
    return file


def lint(kubeconfig: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "webhook", "lint", *words],
        cwd=ROOT,
        env={**os.environ, "KUBECONFIG": str(kubeconfig), "COLUMNS": "80"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def applied(plane: ControlPlane, namespace: str, *objects: Json) -> None:
    text = yaml.safe_dump_all(objects)
    plane.kubectl("apply", "--server-side", "-n", namespace, "-f", "-", stdin=text)


def secret(name: str, **values: str) -> Json:
    return {**SECRET, "metadata": {"name": name}, "stringData": values}


def test_live_secrets_are_read_with_no_more_rights_than_get_by_name(
    control_plane: ControlPlane, policy: Path
) -> None:
    namespace = control_plane.namespace("standard")
    kubeconfig = control_plane.kubeconfig_for("linda")
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "linter"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "linter"},
        "subjects": [{"kind": "User", "name": "linda", "apiGroup": "rbac.authorization.k8s.io"}],
    }
    applied(
        *(control_plane, namespace, READER, binding),
        secret("app-env", POSTGRESQL_URL=f"u:{CANARY}@pg:5432", REDIS_URL=f"{CANARY}:6379"),
        secret("worker-env", ETL_TOKEN=CANARY),
        secret("plugin-secrets", PLUGIN_SERVER_API_KEY=CANARY),
        secret("llm-keys", API_KEY=CANARY),
        secret("tenant-a-llm", OPENAI_API_KEY=f"{CANARY}\n"),
        secret("nothing-of-the-policy", REDIS_URL=f"{CANARY}:6379"),
    )

    words = ("-o", "json", "--from-cluster", "-n", namespace, "--policy", policy)
    done = lint(kubeconfig, *words)

    assert (done.returncode, done.stderr) == (1, "")
    report = json.loads(done.stdout)
    assert [it["name"] for it in report["read"]] == [
        *("app-env", "worker-env", "plugin-secrets", "llm-keys", "tenant-a-llm")
    ]
    assert [(it["level"], it["rule"], it["object"], it["key"]) for it in report["findings"]] == [
        ("error", "format", "secret/app-env", "REDIS_URL"),
        ("warning", "whitespace", "secret/tenant-a-llm", "OPENAI_API_KEY"),
        ("error", "missing", "secret/tenant-b-llm", None),
    ]
    assert {it["file"] for it in report["findings"]} == {f"namespace {namespace}"}
    assert CANARY[:4] not in done.stdout


def test_who_may_not_read_a_secret_is_told_which_right_is_missing(
    control_plane: ControlPlane, policy: Path
) -> None:
    namespace = control_plane.namespace("standard")
    applied(control_plane, namespace, secret("app-env", REDIS_URL=CANARY))
    kubeconfig = control_plane.kubeconfig_for("larry")

    done = lint(kubeconfig, "--from-cluster", "-n", namespace, "--policy", policy)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(
        f"noxus-secrets: Secret app-env of namespace {namespace} cannot be read: "
    )
    assert done.stderr.endswith(
        "; let this user get secrets of that name, or lint the manifests instead: "
        "noxus-secrets lint FILE\n"
    )


def test_a_namespace_of_which_no_policy_names_a_secret_is_a_usage_error(
    control_plane: ControlPlane, policy: Path
) -> None:
    done = lint(control_plane.kubeconfig, "--from-cluster", "-n", "kube-public", "--policy", policy)

    assert (done.returncode, done.stderr) == (
        2,
        "noxus-secrets: no policy names a Secret for namespace kube-public\n",
    )


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"data": {"A": "not base64"}}, "base64"),
        ({"data": {"A": "YWJj="}}, "base64"),
        ({"data": {"A": "YWJj"}}, None),
        ({"data": {"A": "YW\nJj\r\n"}}, None),
        ({"data": {"A": "YW Jj"}}, "base64"),
        ({"data": {"A": "YWJj-_"}}, "base64"),
        ({"stringData": {"A": 5}}, "not-text"),
        ({"stringData": {"A": True}}, "not-text"),
        ({"stringData": {"A": {"b": "c"}}}, "not-text"),
        ({"stringData": ["a"]}, "unreadable"),
        ({"stringData": {"A B": "c"}}, "name"),
        ({"stringData": {"..A": "c"}}, "name"),
        ({"stringData": {".A": "c"}}, None),
    ],
)
def test_what_lint_says_that_the_api_server_refuses_it_does(
    fields: Json, rule: str | None, control_plane: ControlPlane, tmp_path: Path
) -> None:
    namespace = control_plane.namespace()
    file = tmp_path / "secret.json"
    file.write_text(json.dumps({**SECRET, "metadata": {"name": "s"}, **fields}))

    done = lint(control_plane.kubeconfig, "-o", "json", file)
    answer = control_plane.kubectl(
        *("create", "--dry-run=server", "--validate=ignore", "-n", namespace, "-f", file),
        check=False,
    )

    errors = [it["rule"] for it in json.loads(done.stdout)["findings"] if it["level"] == "error"]
    assert errors == ([rule] if rule else [])
    assert (answer.returncode != 0) == bool(errors), answer.stderr


LINES = (
    *(
        "A=x",
        "A=",
        'A="x"',
        "A='x'",
        "A=x # y",
        "A= x",
        "A=x ",
        " A=x",
        "\tA=x",
        "A=x=y",
        "A==",
        "A=#",
    ),
    *(r"A=x\ny", "A=${B}", "A=x\\", "A='x", "a.b=c", "A=é", "A=x\u00a0", "A=\u2028"),
    *("export A=x", "A =x", "'A'=x", "9A=x", "A B=x"),
)


def test_kubectl_takes_lines_of_a_file_of_variables_as_we_say(
    control_plane: ControlPlane, tmp_path: Path
) -> None:
    file = tmp_path / "env"
    by_kubectl: dict[str, tuple[str, str] | None] = {}
    for line in LINES:
        file.write_text(f"{line}\n")
        done = control_plane.kubectl(
            *("create", "secret", "generic", "s", f"--from-env-file={file}"),
            *("--dry-run=client", "-o", "json"),
            check=False,
        )
        data = json.loads(done.stdout)["data"] if done.returncode == 0 else {}
        pairs = [(key, base64.b64decode(value).decode()) for key, value in data.items()]
        by_kubectl[line] = pairs[0] if pairs else None

    # Of a name that it refuses, dotenv has another: that is what the finding is about.
    refused = {line for line, pair in by_kubectl.items() if pair is None}
    assert refused == {"export A=x", "A =x", "'A'=x", "9A=x", "A B=x"}
    assert {line: docker(line) for line in LINES if line not in refused} == {
        line: pair for line, pair in by_kubectl.items() if line not in refused
    }
