"""The command line as a whole."""

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.commands.kit import PODS, POLICY, ROOT, pod, run
from webhook.__main__ import COMMANDS

CANARY = "hunter2-canary"
# What costs time to import and has no business in a command that reads files.
HEAVY = {"aiohttp", "kubernetes", "uvloop", "prometheus_client", "cryptography", "rich"}


def test_without_a_command_the_help_is_printed() -> None:
    ran = run()

    assert ran.code == 0
    assert ran.out.startswith("usage: noxus-secrets")
    # A name that is too long for its column has a line of its own.
    assert [n for n in COMMANDS if not re.search(rf"^    {n}( |$)", ran.out, re.MULTILINE)] == []


def test_the_version_is_that_of_the_distribution() -> None:
    assert run("--version").out == f"noxus-secrets {version('noxus-secret-webhook')}\n"


def test_an_unknown_command_is_a_usage_error() -> None:
    ran = run("injekt")

    assert ran.code == 2
    assert "invalid choice: 'injekt'" in ran.err


def test_without_a_policy_the_message_says_how_to_name_one() -> None:
    ran = run("explain", "-f", PODS / "frontend.yaml")

    assert ran.code == 2
    assert ran.err == (
        "noxus-secrets: no policy: give --policy PATH, or set NOXUS_SECRETS_POLICY, or KUBECONFIG "
        "for the policies of a cluster\n"
    )


def test_a_policy_that_does_not_load_is_reported_with_its_lines(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY.read_text().replace("roles: [worker]", "role: [worker]", 1))

    ran = run("explain", "--policy", policy, "-f", PODS)

    assert ran.code == 2
    assert ran.err == (
        "noxus-secrets: the policy does not load:\n"
        f"{policy}:15: spec.scopes[1].roles: is required\n"
        f"{policy}:16: spec.scopes[1].role: unknown field; did you mean 'roles'?\n"
    )


def test_a_policy_that_is_not_there_is_named(tmp_path: Path) -> None:
    ran = run("explain", "--policy", tmp_path / "none.yaml", "-f", PODS)

    assert ran.code == 2
    assert ran.err == (
        f"noxus-secrets: the policy cannot be read: {tmp_path}/none.yaml: "
        "No such file or directory\n"
    )


@pytest.mark.parametrize("command", ["explain", "inject"])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: b\n c: d\n", "<stdin>:2: not YAML: mapping values are not allowed in this context"),
        (
            "kind: Pod\nmetadata: {name: a}\n",
            (
                "<stdin>:1: pod/a names no namespace, on which what it gets depends: "
                "give --namespace, or write metadata.namespace"
            ),
        ),
        (
            (
                "---\nkind: ConfigMap\n---\nkind: Pod\nmetadata: {name: a, namespace: noxus}\n"
                "spec: {containers: [{name: c, env: {}}]}\n"
            ),
            (
                "<stdin>:4: pod/a is not as Kubernetes wants it: Expected `array | null`, "
                "got `object` - at `$.spec.containers[0].env`"
            ),
        ),
        ("kind: Pod\nkind: Job\n", "<stdin>:2: kind: 'kind' is written twice: remove one"),
        ("a: &x [*x]\n", "<stdin>:1: a[0]: an alias refers to what contains it"),
    ],
)
def test_input_that_cannot_be_used_is_named_with_its_line(
    command: str, text: str, message: str
) -> None:
    ran = run(command, "--policy", POLICY, "-f", "-", stdin=text)

    assert (ran.code, ran.err) == (2, f"noxus-secrets: {message}\n")


@pytest.mark.parametrize("command", ["explain", "inject"])
def test_files_that_cannot_be_read_are_named(command: str, tmp_path: Path) -> None:
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    empty = tmp_path / "empty"
    empty.mkdir()
    for path, why in (
        (tmp_path / "none.yaml", "No such file or directory"),
        (binary, "not UTF-8 text"),
        (empty, "the folder holds no .yaml, .yml or .json file"),
    ):
        ran = run(command, "--policy", POLICY, "-f", path)

        assert (ran.code, ran.err) == (2, f"noxus-secrets: {path}: {why}\n")


@pytest.mark.parametrize("command", ["explain", "inject"])
def test_a_command_that_reads_files_does_not_load_the_server(command: str) -> None:
    script = (
        "import sys\nfrom webhook.__main__ import main\n"
        f"main(['{command}', '--policy', 'examples/policy.yaml', '-o', 'json',"
        " '-f', 'examples/pods/frontend.yaml'])\n"
        "print(*sorted(name for name in sys.modules if '.' not in name), file=sys.stderr)"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert HEAVY & set(done.stderr.split()) == set()


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = [sys.executable, "-m", "webhook", "inject", "--policy", POLICY, "-f", "-"]
    many = "---\n".join([pod()] * 2000)
    done = subprocess.run(
        ["bash", "-c", '"$@" | head -n 1; echo "${PIPESTATUS[0]}"', "-", *map(str, command)],
        input=many,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines() == ["apiVersion: v1", "0"]
    assert done.stderr == ""


def test_no_command_but_inject_prints_the_value_of_a_variable() -> None:
    text = pod(spec=f"      env: [{{name: A, value: {CANARY}}}]\n")
    shadowing = pod(
        role="backend", spec=f"      env: [{{name: PLUGIN_SERVER_API_KEY, value: {CANARY}}}]\n"
    ).replace("name: app", "name: api")
    broken = text.replace("env: [", "env: [{name: 3}, ")

    for given in (text, shadowing, broken):
        for words in (("explain",), ("explain", "-o", "json"), ("inject",)):
            ran = run(*words, "--policy", POLICY, "-f", "-", stdin=given)

            assert CANARY not in ran.err
            assert words == ("inject",) or CANARY not in ran.out


def test_of_a_secret_that_is_given_as_a_policy_nothing_is_quoted(tmp_path: Path) -> None:
    file = tmp_path / "secret.yaml"
    file.write_text(f"kind: Secret\nmetadata: {CANARY}\nstringData: {{K: {CANARY}}}\n")

    ran = run("audit", "--policy", file, "-f", PODS)

    assert (ran.code, ran.out, ran.err) == (
        2,
        "",
        (
            "noxus-secrets: the policy does not load:\n"
            f"{file}:1: expected a SecretInjectionPolicy; this may hold values, so nothing of it "
            "is quoted\n"
        ),
    )
