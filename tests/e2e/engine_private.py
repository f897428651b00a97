"""A Docker daemon of our own, where the program is installed, no daemon runs and we are root.

It changes nothing of the host but what goes with it: no packet filter rule, no forwarding, no
bridge of its own. So its containers reach each other, their ports can be published on the loopback,
and they reach no network; builds use the host's. Its images stay in the cache.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from tests.e2e.engine import Engine, EngineError, EngineMissingError, cache_root, say

# Debian's packages: the daemon with its client and runc, and what makes a base image.
PACKAGES: Final = ("docker.io", "debootstrap")
# Ten times what an idle machine needs.
START_SECONDS: Final = 30
# The daemon stops its containers first, each within ten seconds.
STOP_SECONDS: Final = 60
# The bit of CAP_SYS_RESOURCE in the kernel's masks (linux/capability.h).
SYS_RESOURCE: Final = 1 << 24
# Those that this process started: it has to take note of their end, or they stay as zombies.
_STARTED: Final[list[subprocess.Popen[bytes]]] = []
SBIN: Final = "/usr/local/sbin:/usr/sbin:/sbin"
MISSING: Final = (
    "no container engine: start Docker, or let `make engine` install one (Debian, as root)"
)


def start() -> Engine:
    """Return our daemon, started unless it runs; raises EngineMissingError where that cannot be."""
    if not possible():
        raise EngineMissingError(MISSING)
    if running() is None:
        _start()
    engine = running()
    if engine is None:
        raise EngineError(f"dockerd does not start:\n{_log().read_text()[-4000:]}")
    return engine


def possible() -> bool:
    """Tell whether we could start one."""
    return sys.platform.startswith("linux") and os.geteuid() == 0 and _program() is not None


def running() -> Engine | None:
    """Return our daemon if it runs."""
    if _pid() is None:
        return None
    return Engine(cache_root() / "bin" / "docker", f"unix://{_run() / 'docker.sock'}")


def stop() -> None:
    """End our daemon and its containers, and remove its folder in /run; its images stay."""
    pid = _pid()
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + STOP_SECONDS
        while _pid() is not None:
            if time.monotonic() > end:
                raise EngineError(
                    f"dockerd (process {pid}) does not end:\n{_log().read_text()[-4000:]}"
                )
            time.sleep(0.1)
    while _STARTED:
        _STARTED.pop().wait()
    shutil.rmtree(_run(), ignore_errors=True)


def install() -> None:
    """Install the packages where no engine is; raises EngineMissingError where we may not."""
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        raise EngineMissingError(MISSING)
    say(f"installing {' and '.join(PACKAGES)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *PACKAGES]):
        done = subprocess.run(
            [apt, "-qq", *command], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise EngineError(f"apt-get {command[0]}: {done.stderr.strip()[-4000:]}")


def lacks_sys_resource() -> bool:
    """Tell whether root may not do here what an engine takes for granted."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return not int(line.split()[1], 16) & SYS_RESOURCE
    return False


def _start() -> None:
    # In /run, since the path of a socket holds 107 bytes at most, and the daemon appends to it.
    run = _run()
    run.mkdir(mode=0o700, parents=True, exist_ok=True)
    client = cache_root() / "bin" / "docker"
    client.parent.mkdir(parents=True, exist_ok=True)
    client.unlink(missing_ok=True)
    # The client of the same package: another one may come first on PATH and be of another age.
    client.symlink_to("/usr/bin/docker")
    environment = {**os.environ, "PATH": f"{SBIN}:{os.environ['PATH']}"}
    with _log().open("wb") as log:
        daemon = subprocess.Popen(
            [_program() or "dockerd", *_flags(run)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _STARTED.append(daemon)
    end = time.monotonic() + START_SECONDS
    socket = run / "docker.sock"
    while not (socket.exists() and _answers(client, socket)):
        if time.monotonic() > end:
            raise EngineError(f"dockerd does not start:\n{_log().read_text()[-4000:]}")
        time.sleep(0.1)


def _flags(run: Path) -> list[str]:
    flags = [
        f"--data-root={cache_root() / 'docker'}",
        f"--exec-root={run / 'exec'}",
        f"--pidfile={run / 'docker.pid'}",
        f"--host=unix://{run / 'docker.sock'}",
        "--storage-driver=overlay2",
        "--bridge=none",
        "--iptables=false",
        "--ip6tables=false",
        "--ip-forward=false",
        "--ip-masq=false",
    ]
    if lacks_sys_resource():
        runtime = Path(__file__).with_name("oci_runtime.py")
        flags += ["--oom-score-adjust=0", f"--add-runtime=less={runtime}", "--default-runtime=less"]
    return flags


def _answers(client: Path, socket: Path) -> bool:
    done = subprocess.run(
        [client, "--host", f"unix://{socket}", "version"], capture_output=True, check=False
    )
    return done.returncode == 0


def _pid() -> int | None:
    """Return the process id of our daemon, if it lives."""
    try:
        pid = int((_run() / "docker.pid").read_text())
        # The number may have gone to another process by now.
        name = Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ValueError, ProcessLookupError):
        return None
    return pid if name == "dockerd" else None


def _program() -> str | None:
    return shutil.which("dockerd", path=f"{SBIN}:{os.environ['PATH']}")


def _run() -> Path:
    """Return a folder for sockets: each cache has its own daemon."""
    digest = hashlib.sha256(str(cache_root()).encode()).hexdigest()[:8]
    return Path(f"/run/noxus-engine-{digest}")


def _log() -> Path:
    return cache_root() / "dockerd.log"
