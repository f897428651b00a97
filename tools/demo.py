"""What `make run` and `make cluster` show alike: the server at work, and one pod after another."""

import contextlib
import shlex
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

POLICY = Path("examples/policy.yaml")
NAMESPACE = "noxus"
PODS = (
    Path("examples/pods/frontend.yaml"),
    Path("examples/pods/worker-tenant-a.yaml"),
    Path("examples/pods/greedy-frontend.yaml"),
)
HOST = "127.0.0.1"
_START_SECONDS = 30  # a hundred times what it takes on an idle machine


class DemoError(Exception):
    """The demonstration cannot go on; the text says why."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running webhook."""

    hooks: str
    health: str
    process: "subprocess.Popen[bytes]"


def command(*words: str | Path) -> list[str]:
    """Return the command line of one of ours."""
    return [sys.executable, "-m", "webhook", *map(str, words)]


def say(text: str) -> None:
    """Print a heading."""
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def run(*words: str | Path) -> int:
    """Show a command of ours and run it; returns its exit code."""
    print(f"$ noxus-secrets {shlex.join(map(str, words))}", flush=True)
    return subprocess.run(command(*words), check=False).returncode  # noqa: S603 - our own program


def free_port(wanted: int) -> int:
    """Return a port that is free: the wanted one, else any."""
    for port in (wanted, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return int(probe.getsockname()[1])
    raise DemoError("no port is free")


@contextlib.contextmanager
def serving(certs: Path, policy: Path = POLICY) -> Iterator[Server]:
    """Run the server while the context lasts; its log goes to a file beside the certificates."""
    hooks, health = free_port(8443), free_port(8080)
    log = certs / "serve.log"
    words: list[str | Path] = ["serve", "--policy", policy, "--tls-cert", certs / "tls.crt"]
    words += ["--tls-key", certs / "tls.key", "--listen", f"{HOST}:{hooks}"]
    words += ["--health-listen", f"{HOST}:{health}"]
    with log.open("wb") as stream:
        process = subprocess.Popen(command(*words), stderr=stream)  # noqa: S603 - our own program
    server = Server(f"https://{HOST}:{hooks}", f"http://{HOST}:{health}", process)
    try:
        _wait_until_ready(server, log)
        yield server
    finally:
        process.terminate()
        process.wait()


def _wait_until_ready(server: Server, log: Path) -> None:
    for _ in range(_START_SECONDS * 20):
        if server.process.poll() is not None:
            break
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{server.health}/readyz", timeout=1)  # noqa: S310 - loopback
            return
        time.sleep(0.05)
    raise DemoError(f"the server did not start:\n{log.read_text()}")


def wait_for_interrupt(server: Server) -> None:
    """Go on serving until Ctrl-C, or until the server ends by itself."""
    with contextlib.suppress(KeyboardInterrupt):
        server.process.wait()
