"""Programs that we start, watch and stop; they never outlive us, however we end."""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

# How much of a log goes into an error: enough for a stack trace's first lines.
TAIL_LINES = 15
# SIGTERM, then this long, then SIGKILL. Both servers would wait up to a minute for their clients to
# let go of their watches; what they have answered is with the kernel by then, so nothing is lost.
GRACE_SECONDS = 1.0
FIRST_PAUSE = 0.01
LONGEST_PAUSE = 0.25

# Leads the process group of all programs. Its stdin ends when we do, even by SIGKILL: then it ends
# the group, which holds nothing but what we started, and removes their folder. Told "stay", it just
# ends. Two seconds: a program that writes while the folder goes would leave a part of it.
GUARD = """
import os, shutil, signal, sys, time
if sys.stdin.read() != "stay":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)
    time.sleep(2)
    for folder in sys.argv[1:]:
        shutil.rmtree(folder, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)
"""

T = TypeVar("T")


class ControlPlaneError(Exception):
    """The control plane does not do what it should; the message ends with its logs' last lines."""


class Program:
    """One started program with its log."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def tail(self) -> str:
        """Return the last lines of its log, each under its name."""
        lines = self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
        return "\n".join(f"{self.name} | {line}" for line in lines)

    def stop(self) -> None:
        """End it; harmless if it has ended."""
        if self.alive:
            self._process.terminate()
        try:
            self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class ProcessGroup:
    """The programs of one control plane, in a process group of their own.

    A Ctrl-C at the terminal does not reach them, so that they are stopped in order.
    """

    def __init__(self, folder: Path, *, temporary: bool) -> None:
        self._folder = folder
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", GUARD, *([str(folder)] if temporary else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            process_group=0,
        )

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> Program:
        """Start a program; what it says is appended to `<name>.log`."""
        log = self._folder / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                cwd=self._folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=self._guard.pid,
            )
        return Program(name, process, log)

    def close(self) -> None:
        """End the guard, after the programs have been stopped."""
        self._guard.communicate("stay")


def wait_for(
    probe: Callable[[], T | None], what: str, *, timeout: float, programs: Sequence[Program] = ()
) -> T:
    """Return what the probe finds, once it finds something (nothing: None, False, empty).

    Give up after the time-out, or when a program has died.
    """
    end = time.monotonic() + timeout
    pause = FIRST_PAUSE
    while not (found := probe()):
        dead = [program for program in programs if not program.alive]
        if dead:
            names = " and ".join(program.name for program in dead)
            raise ControlPlaneError(f"{names} died, waiting for {what}\n{_tails(dead)}")
        if time.monotonic() > end:
            raise ControlPlaneError(f"no {what} after {timeout:g} s\n{_tails(programs)}")
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)
    return found


def _tails(programs: Sequence[Program]) -> str:
    return "\n".join(program.tail() for program in programs)
