"""Runs the console blocks of a page as a reader would, and gives what they really print.

A block of ```console holds commands after "$ " and below each what it prints, both streams as on a
terminal of 80 columns. All blocks of a page run in one folder, which has a copy of examples/.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Command:
    """A command of a page, and what the page says that it prints."""

    line: str
    printed: str


def commands(page: str) -> Iterator[Command]:
    """Yield the commands of all console blocks; a command may go on after a backslash."""
    for block in _BLOCK.findall(page):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = part.splitlines(keepends=True)
            end = next(i for i, line in enumerate(lines) if not line.endswith("\\\n"))
            yield Command("".join(lines[: end + 1]).strip(), "".join(lines[end + 1 :]))


def workplace(folder: Path) -> Path:
    """Prepare the folder in which a page's commands run."""
    shutil.copytree(ROOT / "examples", folder / "examples")
    return folder


def ran(command: Command, folder: Path, **environment: str) -> str:
    """Run one command, and return all that it printed."""
    tools = Path(sys.executable).parent
    env = {
        **os.environ,
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "80",
        "KUBECONFIG": os.devnull,
        "NO_COLOR": "1",
        **environment,
    }
    done = subprocess.run(
        ["/bin/bash", "-c", command.line],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.stdout.decode()
