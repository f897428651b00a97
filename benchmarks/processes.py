"""Starts one server on one core, and reads from /proc what it uses."""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_START_LIMIT = 30.0
_STOP_LIMIT = 10.0


@dataclass(frozen=True)
class Cores:
    """Which core serves and which one asks; the same where there is only one."""

    server: int
    client: int
    together: bool = False  # the one that asks may use both

    @property
    def asking(self) -> str:
        """Return where to ask, as taskset reads it."""
        return f"{self.server},{self.client}" if self.together else str(self.client)

    @property
    def separate(self) -> bool:
        return self.server != self.client


def cores() -> Cores:
    """Take two of the cores that we may use."""
    usable = sorted(os.sched_getaffinity(0))
    return Cores(server=usable[-1], client=usable[0])


def pinned(command: list[str], core: int | str) -> list[str]:
    """Pin before the program begins: a Go program counts its cores when it starts."""
    return ["taskset", "-c", str(core), *command]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class Running:
    """A server that is up."""

    pid: int
    port: int
    start_seconds: float  # from the start to the first answer

    def cpu_seconds(self) -> float:
        """Return what all its threads have used, user and system."""
        return cpu_of(self.pid)

    def memory(self) -> dict[str, float]:
        """Return resident memory, now and at most, in MB (10^6 bytes)."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        lines = dict(line.split(":", 1) for line in status.splitlines())
        return {
            "rss": int(lines["VmRSS"].split()[0]) * 1024 / 1e6,
            "peak": int(lines["VmHWM"].split()[0]) * 1024 / 1e6,
        }


@contextlib.contextmanager
def running(
    command: list[str], port: int, core: int, log: Path, answers: Callable[[], object]
) -> Iterator[Running]:
    """Start a server, wait until `answers` no longer raises OSError, and stop it at the end."""
    with log.open("wb") as output:
        begin = time.perf_counter()
        process = subprocess.Popen(pinned(command, core), stdout=output, stderr=output)
        try:
            _wait(process, answers, log)
            yield Running(process.pid, port, time.perf_counter() - begin)
        finally:
            process.terminate()
            try:
                process.wait(_STOP_LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], answers: Callable[[], object], log: Path) -> None:
    end = time.perf_counter() + _START_LIMIT
    while True:
        if process.poll() is not None or time.perf_counter() > end:
            tail = log.read_text(errors="replace")[-2000:]
            raise SystemExit(f"{process.args!r} does not answer:\n{tail}")
        with contextlib.suppress(OSError):
            answers()
            return
        time.sleep(0.01)


def cpu_of(pid: int) -> float:
    """Return the seconds that the threads of a process have run, user and system.

    To the nanosecond, by `schedstat`: `stat` counts ticks of 10 ms, several percent of a short
    measurement. Threads that have ended are not in it; the servers keep theirs.
    """
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


class Machine:
    """How busy the whole machine is: what others use is an error of every figure."""

    def __init__(self) -> None:
        self._begin = self._read()

    def busy_and_stolen(self) -> tuple[float, float]:
        """Return seconds of CPU since the beginning, on all cores: used, and stolen by the host."""
        used, stolen = self._read()
        return used - self._begin[0], stolen - self._begin[1]

    @staticmethod
    def _read() -> tuple[float, float]:
        first = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
        user, nice, system, _idle, _wait, irq, soft, steal = map(int, first[:8])
        return (user + nice + system + irq + soft) / _TICKS, steal / _TICKS
