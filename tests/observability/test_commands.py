"""The commands of docs/operations.md, given to the real kubectl and the real API server."""

import re
import shlex
import shutil
import subprocess

import pytest
import yaml

from tests.controlplane.plane import ControlPlane
from tests.observability import kit

PAGE = (kit.ROOT / "docs" / "operations.md").read_text()
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
# Those that change something are tried without changing it.
CHANGE = {"annotate", "apply", "delete", "label"}
READ = {"auth", "diff", "get"}
# They wait for pods, or need a node that runs them.
NEED_A_NODE = {"logs", "port-forward", "rollout"}
OBJECTS = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "noxus"}},
    {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "noxus-secret-webhook-tls", "namespace": "noxus-secrets"},
    },
]


def lines() -> list[str]:
    """Return every command of the page."""
    return [
        line.removeprefix("$ ")
        for block in BLOCK.findall(PAGE)
        for line in block.splitlines()
        if line.startswith("$ ")
    ]


def kubectl_commands() -> list[list[str]]:
    """Return the arguments of every kubectl in them, up to a pipe or a redirection."""
    return [
        shlex.split(re.split(r" [|>] ", text)[0])[1:]
        for text in lines()
        if text.startswith("kubectl ")
    ]


def absolute(word: str) -> str:
    """Return a path of ours from the root; `.` is an overlay of the reader's."""
    if word == ".":
        word = "manifests/base"
    return str(kit.ROOT / word) if word.startswith(("manifests/", "examples/")) else word


def verb(arguments: list[str]) -> str:
    return next(it for it in arguments if it in CHANGE | READ | NEED_A_NODE)


@pytest.fixture(scope="module")
def cluster(installed: ControlPlane) -> ControlPlane:
    """An installation that has a namespace `noxus` and a policy."""
    installed.kubectl("apply", "--server-side", "-f-", stdin=yaml.safe_dump_all(OBJECTS))
    installed.kubectl("apply", "--server-side", "-f", kit.ROOT / "examples" / "policy.yaml")
    return installed


@pytest.mark.parametrize(
    "arguments",
    [it for it in kubectl_commands() if verb(it) not in NEED_A_NODE],
    ids=" ".join,
)
def test_kubectl_takes_the_command(cluster: ControlPlane, arguments: list[str]) -> None:
    dry = ["--dry-run=server"] if verb(arguments) in CHANGE else []

    done = cluster.kubectl(*map(absolute, arguments), *dry, check=False)

    # `diff` says 1 where something differs, which is no fault of the command.
    assert done.returncode in ({0, 1} if verb(arguments) == "diff" else {0}), done.stderr


@pytest.mark.skipif(shutil.which("jq") is None, reason="there is no jq to ask")
@pytest.mark.parametrize(
    "program", [text.split("jq ", 1)[1] for text in lines() if "jq " in text], ids=str
)
def test_jq_takes_the_program(program: str) -> None:
    # What the page greps for is found in a line that has it, and nothing in one that has not.
    decided = '{"message": "decided", "namespace": "noxus", "level": "error"}'
    audited = (
        '{"objectRef": {"namespace": "noxus"}, "annotations": {"a.secrets.noxus.ai/mode": "b"}}'
    )
    words = [word for word in shlex.split(program) if word != "audit.log"]
    other = '{"message": "serving", "level": "info", "objectRef": {"namespace": "other"}}'

    answers = [
        subprocess.run(
            ["jq", *words], input=text, capture_output=True, text=True, check=True
        ).stdout
        for text in (audited if "audit.log" in program else decided, other)
    ]

    assert answers[0]
    assert answers[1] == ""


def test_every_command_is_one_that_these_tests_know() -> None:
    programs = {text.split()[0] for text in lines()}

    assert programs == {"kubectl", "noxus-secrets", "curl", "jq"}
    assert {verb(it) for it in kubectl_commands()} == CHANGE | READ | NEED_A_NODE
