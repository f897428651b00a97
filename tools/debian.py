"""Programs of Debian that a part of the tests needs, installed where that is possible.

Where it is not, that is said in one line, and the tests do without.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

_APT: Final = "apt-get"


@dataclass(frozen=True)
class Program:
    """A program whose package has its name."""

    name: str
    asker: str  # who needs it: what each line begins with
    without: str  # what is not done where it is not there, as a sentence goes on


def installed(program: Program, run: Callable[[Sequence[str]], str | None] | None = None) -> bool:
    """Install a program unless it is there, and tell whether it is; never fails.

    `run` runs a command as root, and returns why it failed, or None; absent: we are root here, or
    there is none.
    """
    if shutil.which(program.name):
        return True
    if run is None:
        if os.geteuid() != 0 or shutil.which(_APT) is None:
            _say(program, f"no {program.name}, and none can be installed here; {program.without}")
            return False
        run = _run
    _say(program, f"installing {program.name}")
    for command in (
        (_APT, "update", "-q"),
        (_APT, "install", "-y", "-q", "--no-install-recommends", program.name),
    ):
        why = run(command)
        if why is not None:
            _say(program, f"{program.name} cannot be installed ({why}); {program.without}")
            return False
    return True


def _run(command: Sequence[str]) -> str | None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(  # noqa: S603 - our own words
        command, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return None
    return (done.stderr.strip().splitlines() or ["no reason given"])[-1]


def _say(program: Program, line: str) -> None:
    sys.stderr.write(f"{program.asker}: {line}\n")
    sys.stderr.flush()
