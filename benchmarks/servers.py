"""The servers that are compared, and how each is started."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import policies
from tests.controlplane.build import find_go, required_version

HERE = Path(__file__).resolve().parent
MODULE = HERE / "peers"

OURS = "noxus-secrets"
NULL = "null (Go)"
CONTROLLER_RUNTIME = "controller-runtime (Go)"
AFTERNOON = "aiohttp + make_patch"
KOPF = "kopf"


@dataclass(frozen=True)
class Files:
    """Where everything that the benchmark makes lies."""

    folder: Path

    @property
    def programs(self) -> Path:
        return self.folder / "bin"

    @property
    def environment(self) -> Path:
        return self.folder / "environment"

    @property
    def python(self) -> Path:
        return self.environment / "bin" / "python"

    @property
    def certificates(self) -> Path:
        return self.folder / "certs"

    @property
    def config(self) -> Path:
        return self.folder / "peers.json"

    @property
    def ca(self) -> Path:
        return self.certificates / "ca.crt"

    @property
    def tls(self) -> list[str]:
        folder = self.certificates
        return ["--tls-cert", str(folder / "tls.crt"), "--tls-key", str(folder / "tls.key")]


@dataclass(frozen=True)
class Server:
    """One that is compared; `command` takes its port and a second one for health."""

    name: str
    command: Callable[[int, int], list[str]]
    injects: bool = True  # the null server allows, and does nothing
    validates: bool = False
    body_limit: int | None = None  # bytes that it takes at most

    def takes(self, size: int) -> bool:
        return self.body_limit is None or size <= self.body_limit


def build(files: Files) -> None:
    """Build the Go programs; what is unchanged comes from Go's own cache."""
    files.programs.mkdir(parents=True, exist_ok=True)
    build_go(files.programs)


def build_go(folder: Path, packages: str = "./...") -> None:
    """Build programs of the peers' module; the toolchain comes from PyPI where there is none."""
    go = find_go(required_version(MODULE, "go"))
    command = [go, "build", "-trimpath", "-o", f"{folder}/", packages]
    environment = {**os.environ, "CGO_ENABLED": "0"}
    subprocess.run(command, cwd=MODULE, env=environment, check=True)


def prepare(files: Files, ours: str) -> None:
    """Make certificates (P-256, as in production) and the peers' configuration."""
    names = ["--dns", "localhost", "--ip", "127.0.0.1"]
    command = [*shlex.split(ours), "certs", "--dir", str(files.certificates), *names]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    files.config.write_text(json.dumps(policies.for_peers()))


def servers(files: Files, ours: str) -> list[Server]:
    """List them, ours first."""

    def started(*program: str) -> Callable[[int, int], list[str]]:
        return lambda port, _health: [*program, "--listen", f"127.0.0.1:{port}", *files.tls]

    def serve(port: int, health: int) -> list[str]:
        addresses = ["--listen", f"127.0.0.1:{port}", "--health-listen", f"127.0.0.1:{health}"]
        policy = ["--policy", str(policies.EXAMPLE)]
        return [*shlex.split(ours), "serve", *policy, *addresses, *files.tls]

    config = ("--config", str(files.config))
    afternoon, kopf = (str(HERE / "peers" / name) for name in ("afternoon.py", "kopfoperator.py"))
    return [
        Server(OURS, serve, validates=True),
        Server(NULL, started(str(files.programs / "null")), injects=False, validates=True),
        Server(CONTROLLER_RUNTIME, started(str(files.programs / "controllerruntime"), *config)),
        Server(AFTERNOON, started(sys.executable, afternoon, *config)),
        # kopf's server leaves aiohttp's limit as it is, and has no setting for it.
        Server(KOPF, started(str(files.python), kopf, *config), body_limit=1024 * 1024),
    ]
