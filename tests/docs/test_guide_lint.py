"""docs/guide-lint.md shows what `lint` prints, and its table says what the dialects do."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from webhook.secretref.dialects import differences, docker, systemd
from webhook.secretref.finding import Rule

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "guide-lint.md").read_text()
CONSOLE = re.compile(r"```console\n\$ (.*?)\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize(("command", "output"), CONSOLE.findall(PAGE))
def test_each_command_prints_what_the_page_shows(command: str, output: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for file in (tmp_path / "examples").rglob("*.*"):
        if file.is_file():
            file.chmod(0o644)  # as a checkout has it, whatever the umask
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    ran = subprocess.run(
        ["bash", "-c", command],
        cwd=tmp_path,
        env={"PATH": programs, "COLUMNS": "80", "KUBECONFIG": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.stdout, ran.stderr) == (output, "")
    assert ran.returncode == (0 if " 0 errors" in output else 1)


def test_the_page_shows_a_manifest_a_file_and_a_pipeline() -> None:
    assert len(CONSOLE.findall(PAGE)) == 3


def test_every_rule_is_explained_and_no_other() -> None:
    section = PAGE.split("## What is looked for\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    named = [name for line in lines for name in re.findall(r"`([a-z0-9-]+)`", line.split("|")[1])]

    assert sorted(named) == sorted(Rule)


def rows() -> dict[str, list[str]]:
    lines = [line for line in PAGE.splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return {first.strip("` "): rest for first, *rest in cells}


@pytest.mark.parametrize(
    ("statement", "by_dotenv"),
    [
        ('A="x"', "x"),
        ("A=x # y", "x"),
        (r"A=x\y", r"x\y"),
        (r'A="x\ny"', "x\ny"),
        ("A=${B}", "${B}"),
    ],
)
def test_the_table_of_the_dialects_is_what_they_do(statement: str, by_dotenv: str) -> None:
    _, of_systemd, of_docker = rows()[statement]

    assert of_systemd == f"`{systemd(statement)[1]}`"
    assert of_docker.partition(",")[0] == f"`{docker(statement)[1]}`"
    assert differences(statement, "A", by_dotenv) != []
