"""`noxus-secrets completion`: what shells complete with its script."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.commands.kit import ROOT, run
from webhook.__main__ import COMMANDS

# Asks the script as bash does when TAB is pressed behind the words.
ASK = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_shtab_noxus_secrets
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ran = run("completion", "bash")
    assert (ran.code, ran.err) == (0, "")
    file = tmp_path_factory.mktemp("completion") / "bash"
    file.write_text(ran.out)
    return file


def completed(script: Path, *words: str) -> list[str]:
    done = subprocess.run(
        ["bash", "-c", ASK, "bash", script, "noxus-secrets", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return sorted(done.stdout.split())


def test_bash_completes_every_command(script: Path) -> None:
    assert completed(script, "") == sorted(COMMANDS)


def test_bash_completes_flags_and_what_they_take(script: Path) -> None:
    assert completed(script, "lint", "--str") == ["--strict"]
    assert completed(script, "lint", "-o", "") == ["json", "table"]
    assert completed(script, "review", "--hook", "") == ["mutate", "validate"]


def test_bash_completes_files_where_a_path_is_wanted(script: Path) -> None:
    assert completed(script, "check", "examples/policy.y") == ["examples/policy.yaml"]
    assert completed(script, "explain", "-f", "examples/pods/w") == [
        "examples/pods/worker-tenant-a.yaml"
    ]
    assert completed(script, "lint", "--namespace", "examp") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_names_every_command_and_holds_nothing_of_this_machine(shell: str) -> None:
    ran = run("completion", shell)

    assert (ran.code, ran.err) == (0, "")
    assert [command for command in COMMANDS if command not in ran.out] == []
    assert str(ROOT) not in ran.out
    if (program := shutil.which(shell)) is not None:  # bash is there; the others may be
        subprocess.run([program, "-n"], input=ran.out, text=True, check=True)


def test_a_shell_that_is_not_known_is_a_usage_error() -> None:
    ran = run("completion", "csh")

    assert ran.code == 2
    assert "argument shell: invalid choice: 'csh'" in ran.err
