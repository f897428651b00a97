"""A container engine for the tests: the one that this machine has, else one of our own.

Whoever has a running Docker keeps it: it is used as it is. Where only the program is installed, and
we are root, a private daemon is started (`engine_private`). Nothing is ever installed from here.
"""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE_VARIABLE = "NOXUS_E2E_CACHE"
# A daemon that is there answers at once; one behind a remote context may need a connection first.
ASK_SECONDS = 10
# A registry that can be reached has named the image by then; one that cannot be reached may hang.
REGISTRY_SECONDS = 15


class EngineError(Exception):
    """A container engine does not do what it should; the message ends with what it said."""


class EngineMissingError(Exception):
    """Nothing here can run a container; the message says so in one line."""


@dataclass(frozen=True)
class Engine:
    """A running Docker: its client, and the address of the daemon (None: the client's own)."""

    client: Path
    host: str | None = None

    @property
    def private(self) -> bool:
        """Whether the daemon is one that we started."""
        return self.host is not None

    def environment(self) -> dict[str, str]:
        """Return our environment for programs that call `docker` themselves, as kind does."""
        environment = {**os.environ, "DOCKER_BUILDKIT": "1"}
        if self.host is not None:
            environment["DOCKER_HOST"] = self.host
            environment["PATH"] = f"{self.client.parent}{os.pathsep}{environment['PATH']}"
        return environment

    def docker(
        self, *arguments: str | Path, stdin: bytes | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[bytes]:
        """Run one docker command and return what it said."""
        done = subprocess.run(
            [self.client, *arguments],
            env=self.environment(),
            input=stdin or b"",
            capture_output=True,
            check=False,
        )
        if check and done.returncode != 0:
            words = " ".join(str(argument) for argument in arguments)
            said = (done.stderr or done.stdout).decode(errors="replace").strip()[-4000:]
            raise EngineError(f"docker {words}: {said}")
        return done

    def has_image(self, name: str) -> bool:
        """Tell whether the daemon holds an image of this name."""
        return self.docker("image", "inspect", name, check=False).returncode == 0

    def pull(self, name: str) -> bool:
        """Pull an image if a registry answers soon; False if none does or it has no such image."""
        with subprocess.Popen(
            [self.client, "pull", name],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as client:
            patience = threading.Timer(REGISTRY_SECONDS, client.terminate)
            patience.start()
            assert client.stdout is not None
            client.stdout.readline()  # "TAG: Pulling from NAME": a registry knows the image
            patience.cancel()
            client.stdout.read()
        return client.returncode == 0


def cache_root() -> Path:
    """Return the folder that may be deleted at any time (after `make kind-down`)."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen).resolve() if chosen else ROOT / ".cache" / "e2e"


def find() -> Engine:
    """Return a usable engine, starting a private one where that is needed and can be done."""
    # Imported here: it builds on this module.
    from tests.e2e import engine_private  # noqa: PLC0415

    ordinary = running()
    return ordinary or engine_private.start()


def running() -> Engine | None:
    """Return the engine that this machine has, if it answers."""
    client = shutil.which("docker")
    if client is None or not _answers([client, "info"]):
        return None
    return Engine(Path(client))


def _answers(command: Sequence[str]) -> bool:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=ASK_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def say(line: str) -> None:
    """Tell the user how far we are."""
    sys.stderr.write(f"kind: {line}\n")
    sys.stderr.flush()
