"""`python -m tests.report.browser`: Debian's Chromium, installed where that is possible.

Where it is not, that is said in one line, and the tests that need a browser are left out.
"""

import os
import shutil
import subprocess
import sys

PROGRAM = "chromium"
COMMANDS = (
    ("apt-get", "update", "-q"),
    ("apt-get", "install", "-y", "-q", "--no-install-recommends", PROGRAM),
)


def prepare() -> int:
    """Install it unless it is there; never fails."""
    if shutil.which(PROGRAM):
        return 0
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        say("no Chromium, and none can be installed here; the tests in a browser are left out")
        return 0
    say("installing Debian's Chromium")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in COMMANDS:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            why = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            say(f"Chromium cannot be installed ({why}); the tests in a browser are left out")
            break
    return 0


def say(line: str) -> None:
    """Tell what takes a while."""
    sys.stderr.write(f"report: {line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(prepare())
