"""Counts the instructions that a piece of Python takes, by valgrind's callgrind.

A count does not move with the load of the machine: two runs differ by less than one in a thousand.
`python -m tools.callgrind` installs valgrind where that is possible, and says so where it is not.
"""

import ctypes
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.debian import Program, installed

PROGRAM: Final = "valgrind"
# Every call through ctypes passes here, and nothing else of ours does: counting is switched on
# where this function is entered, and off where it is left. Imports and warm-up are not counted.
GATE: Final = "ffi_call"
# The same strings in the same places of the same dicts, and no report of valgrind's own finds.
ENVIRONMENT: Final = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
# "+3 17" or "120 17": where, and how many. The line after "calls=" has the cost of the callee.
_COST: Final = re.compile(r"[-+*\d]\S* (\d+)$")


class CannotCountError(RuntimeError):
    """There is no valgrind, or it cannot see into this Python."""


@dataclass(frozen=True)
class Counted:
    """The instructions of one call of `gate`: all, and those of each C function by itself."""

    instructions: int
    functions: Counter[str]


def gate(work: Callable[[], None]) -> None:
    """Do `work`; under callgrind, with its instructions counted."""
    ctypes.PYFUNCTYPE(None)(work)()


def count(module: str, arguments: Sequence[str]) -> tuple[str, list[Counted]]:
    """Run `python -m module arguments` under callgrind.

    Returns what it printed, and one result for each call of `gate`. Raises `CannotCountError`,
    with what the program printed if it failed.
    """
    if shutil.which(PROGRAM) is None:
        raise CannotCountError(f"{PROGRAM} is not installed")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        command = [
            *(PROGRAM, "-q", "--tool=callgrind", f"--callgrind-out-file={out}"),
            *(f"--toggle-collect={GATE}", f"--dump-after={GATE}"),
            *(sys.executable, "-m", module, *arguments),
        ]
        done = subprocess.run(  # noqa: S603 - our own words
            command, env=os.environ | ENVIRONMENT, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise CannotCountError(f"{module} failed under {PROGRAM}:\n{done.stderr.strip()}")
        parts = sorted(Path(folder).glob("out.*"), key=lambda it: int(it.suffix[1:]))
        counted = [_read(part.read_text(errors="replace")) for part in parts]
    # What is left when the program ends is written, too: after the last call, it is nothing.
    counted = [it for it in counted if it.instructions]
    if not counted:
        raise CannotCountError(f"this Python has its libffi inside, without the symbol {GATE}")
    return done.stdout, counted


def _read(text: str) -> Counted:
    """Read a profile: https://valgrind.org/docs/manual/cl-format.html."""
    names: dict[str, str] = {}
    functions: Counter[str] = Counter()
    current, of_callee = "", False
    for line in text.splitlines():
        if line.startswith(("fn=", "cfn=")):
            key, _, name = line.partition("=")[2].partition(" ")
            # A name is written once; 'f'2 is f called by itself.
            full = names.setdefault(key, name.partition("'")[0])
            if line.startswith("fn="):
                current = full
        elif line.startswith("calls="):
            of_callee = True
        elif cost := _COST.match(line):
            if not of_callee:
                functions[current] += int(cost[1])
            of_callee = False
    return Counted(functions.total(), functions)


if __name__ == "__main__":
    installed(Program(PROGRAM, "instructions", "instructions are not counted"))
