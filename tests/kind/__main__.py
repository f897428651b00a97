"""`python -m tests.kind COMMAND`: what the tests do before and after, for people at a terminal."""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence

from tests.controlplane import build
from tests.e2e import engine_private
from tests.e2e.engine import EngineError, EngineMissingError, running, say
from tests.kind import lifecycle
from tests.kind.cluster import ClusterError


def engine() -> int:
    """Install a container engine unless there is one."""
    if running() is None and not engine_private.possible():
        engine_private.install()
    return 0


def prepare() -> int:
    """Build programs and images; where that cannot be say so, and leave the tests out."""
    lifecycle.left_out().unlink(missing_ok=True)
    reason = lifecycle.missing()
    if reason is None:
        try:
            lifecycle.prepare()
        except FAILURES as problem:
            reason = one_line(problem)
            lifecycle.left_out().parent.mkdir(parents=True, exist_ok=True)
            lifecycle.left_out().write_text(reason)
    if reason is not None:
        say(f"{reason}; the tests in kind are left out")
    return 0


def demand() -> int:
    """Do the same for whoever asks for these tests: with an engine, a failure is a failure."""
    lifecycle.left_out().unlink(missing_ok=True)
    if lifecycle.missing() is None:
        lifecycle.prepare()
    return 0


def one_line(problem: Exception) -> str:
    """Return what failed, and the last thing that it said."""
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    return " ... ".join(dict.fromkeys((lines[0], lines[-1]))) if lines else type(problem).__name__


def up() -> int:
    """Start a cluster with our webhook installed, and tell how it is reached."""
    cluster = lifecycle.up()
    say("installing the webhook")
    cluster.install()
    sys.stdout.write(
        f"export KUBECONFIG={os.path.relpath(cluster.kubeconfig)}\n"
        f"{os.path.relpath(cluster.kubectl_program)} get pods --all-namespaces\n"
        "make kind-down ends it.\n"
    )
    return 0


def down() -> int:
    """End it."""
    lifecycle.down()
    return 0


def guard() -> int:
    """Wait for the end of whoever started us; end the cluster unless told that it is ended."""
    if sys.stdin.read() != "ended":
        lifecycle.down()
    return 0


COMMANDS = {command.__name__: command for command in (engine, prepare, demand, up, down, guard)}
# What can go wrong on the way to a cluster; a missing program is an OSError.
FAILURES = (
    *(ClusterError, EngineError, EngineMissingError, build.BuildError),
    *(OSError, subprocess.SubprocessError),
)


def main(arguments: Sequence[str]) -> int:
    """Do one of them; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.kind", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    try:
        return COMMANDS[parser.parse_args(arguments).command]()
    except FAILURES as problem:
        say(str(problem))
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
