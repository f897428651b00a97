"""`noxus-secrets explain` on terminals: colours where they are wanted, and lines that fit."""

import os
import re
import subprocess
import sys

import pytest

from tests.commands.kit import PODS, POLICY, ROOT

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def explained(*words: str, **env: str) -> str:
    """Return what is printed into a pipe."""
    kept = {k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "FORCE_COLOR", "COLUMNS"}}
    done = subprocess.run(
        [sys.executable, "-m", "webhook", "explain", "--policy", POLICY, "-f", PODS, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**kept, **env},
    )
    assert (done.returncode, done.stderr) == (1, "")
    return done.stdout


def test_into_a_pipe_there_is_no_colour_and_no_space_at_the_ends_of_lines() -> None:
    told = explained()

    assert "\x1b" not in told
    assert [line for line in told.splitlines() if line != line.rstrip()] == []


def test_a_terminal_shows_the_same_words_in_colour() -> None:
    plain = explained(COLUMNS="80")
    coloured = explained(COLUMNS="80", FORCE_COLOR="1", TERM="xterm-256color")

    assert re.search(r"\x1b\[1;31m[^\n]*refused", coloured)
    assert re.search(r"\x1b\[32m[^\n]*injected", coloured)
    stripped = ESCAPE.sub("", coloured)
    assert [line.rstrip() for line in stripped.splitlines()] == plain.splitlines()


def test_who_wants_no_colour_gets_none() -> None:
    told = explained(NO_COLOR="1", FORCE_COLOR="1", TERM="xterm-256color")

    assert re.search(r"\x1b\[[0-9;]*3[0-7]m", told) is None


@pytest.mark.parametrize("columns", [80, 100, 120])
def test_no_line_is_longer_than_the_terminal(columns: int) -> None:
    told = explained(COLUMNS=str(columns))

    assert max(map(len, told.splitlines())) <= columns


def test_the_verdict_is_the_first_thing_said_of_an_object() -> None:
    lines = explained(COLUMNS="80").splitlines()

    after = [lines[i + 1] for i, line in enumerate(lines) if line.endswith("──")]
    assert [line.split()[:2] for line in after] == [
        ["verdict", "injected"],
        ["verdict", "refused"],
        ["verdict", "injected"],
    ]
