"""The command line as a process: streams that are closed, full, or of another encoding; signals."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.kit import PODS, POLICY, ROOT, pod

pytestmark = pytest.mark.slow

PROGRAM = [sys.executable, "-m", "webhook"]


def shell(line: str, *, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of shell in which $N is the program, and $P its policy."""
    names = {"N": " ".join(PROGRAM), "P": str(POLICY), "D": str(PODS)}
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"],
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        check=False,
        env={**os.environ, **names, **env},
    )


@pytest.mark.parametrize("command", ["inject --policy $P -f -", "explain --policy $P -f -"])
def test_a_standard_input_that_is_closed_is_an_empty_one(command: str) -> None:
    ran = shell(f"$N {command} <&-")

    assert (ran.returncode, ran.stdout) == (0, b"")
    assert b"Traceback" not in ran.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_what_cannot_be_printed_is_left_out_and_the_exit_code_stays(closed: str) -> None:
    ran = shell(f"$N explain --policy $P -f $D {closed}")

    assert ran.returncode == 1
    assert b"Traceback" not in ran.stderr


@pytest.mark.parametrize("command", ["inject", "explain"])
def test_a_full_disk_is_named(command: str) -> None:
    ran = shell(f"$N {command} --policy $P -f $D/frontend.yaml >/dev/full")

    assert ran.returncode == 2
    assert ran.stderr == b"noxus-secrets: input or output failed: No space left on device\n"


@pytest.mark.parametrize("command", ["inject", "explain"])
def test_a_reader_that_goes_away_is_no_error(command: str) -> None:
    many = "---\n".join([pod()] * 1500).encode()

    ran = shell(f"$N {command} --policy $P -f - | head -n 1", stdin=many)

    assert ran.returncode == 0
    assert ran.stderr == b""


def test_output_is_utf_8_whatever_the_locale_says() -> None:
    text = pod().replace("name: p", "name: p # ünïcödé ☃").encode()
    narrow = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

    injected = shell("$N inject --policy $P -f -", stdin=text, **narrow)
    explained = shell("$N explain --policy $P -f -", stdin=text, **narrow)

    assert (injected.returncode, explained.returncode) == (0, 0)
    assert "# ünïcödé ☃" in injected.stdout.decode()
    assert "─" in explained.stdout.decode()


def test_standard_input_that_is_no_text_is_named() -> None:
    ran = shell("$N inject --policy $P -f -", stdin=b"kind: Pod\nname: \xe9\n")

    assert (ran.returncode, ran.stderr) == (2, b"noxus-secrets: <stdin>: not UTF-8 text\n")


# As from a terminal: what a shell starts in the background, CI too maybe, ignores the signal.
HEEDS_CONTROL_C = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from webhook.__main__ import main
sys.exit(main())
"""


@pytest.mark.parametrize("command", ["inject", "explain"])
def test_control_c_ends_without_a_word(command: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HEEDS_CONTROL_C, command, "--policy", POLICY, "-f", "-"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        # The first document is answered once the second begins; then more of that is waited for.
        process.stdin.write(f"{pod()}---\n{' ' * 10_000}\n".encode())
        process.stdin.flush()
        assert process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        told = process.stderr.read()
        process.stdin.close()
        code = process.wait(timeout=30)

    assert (code, told) == (130, b"")


def test_a_pipe_of_the_shell_is_a_file() -> None:
    ran = shell("$N inject --policy $P -f <(cat $D/frontend.yaml)")

    assert ran.returncode == 0
    assert b"name: app-env" in ran.stdout


@pytest.mark.parametrize("command", ["explain", "inject", "review", "check", "certs", "serve"])
def test_every_command_has_its_help(command: str, tmp_path: Path) -> None:
    ran = subprocess.run(
        [*PROGRAM, command, "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )

    assert ran.stdout.startswith(f"usage: noxus-secrets {command} ")
    assert ran.stderr == ""
