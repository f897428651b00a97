"""Base images that are made here, where none can be pulled: Debian, and Debian with Python."""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from tests.e2e.engine import Engine, EngineError, EngineMissingError, say

# The release whose systemd still takes cgroup v1, which a node image of ours needs.
RELEASE: Final = "bookworm"
DEBIAN: Final = f"noxus-e2e/debian:{RELEASE}"
PYTHON: Final = f"noxus-e2e/python:{RELEASE}"
PYTHON_BUILDER: Final = f"noxus-e2e/python-venv:{RELEASE}"
# What debootstrap leaves behind and nobody needs in an image.
LEFT_OUT: Final = ("./dev/*", "./proc/*", "./sys/*", "./var/cache/apt/*", "./var/lib/apt/lists/*")

PYTHON_DOCKERFILE: Final = f"""
FROM {DEBIAN}
ARG PACKAGES
RUN apt-get -qq update \\
 && apt-get -qq install --yes --no-install-recommends $PACKAGES \\
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin
"""


def debian(engine: Engine) -> str:
    """Return the name of a minimal Debian, made with debootstrap unless it is there."""
    if engine.has_image(DEBIAN):
        return DEBIAN
    debootstrap = shutil.which("debootstrap", path="/usr/sbin:/usr/bin:/sbin:/bin")
    if debootstrap is None:
        raise EngineMissingError(
            "no base image: none can be pulled, and debootstrap is missing "
            "(`make engine` installs it; Debian, as root)"
        )
    say(f"debootstrap of Debian {RELEASE}")
    with tempfile.TemporaryDirectory(prefix="debian-") as scratch:
        root, archive = Path(scratch) / "root", Path(scratch) / "debian.tar"
        _run(debootstrap, "--variant=minbase", RELEASE, root)
        exclude = [f"--exclude={pattern}" for pattern in LEFT_OUT]
        _run("tar", f"--directory={root}", *exclude, "--create", f"--file={archive}", ".")
        engine.docker("import", archive, DEBIAN)
    return DEBIAN


def python(engine: Engine) -> str:
    """Return the name of an image with Debian's Python, and nothing to install packages with."""
    return _with_packages(engine, PYTHON, "python3")


def python_builder(engine: Engine) -> str:
    """Return the name of an image with the same Python and `venv`."""
    return _with_packages(engine, PYTHON_BUILDER, "python3 python3-venv")


def _with_packages(engine: Engine, name: str, packages: str) -> str:
    if not engine.has_image(name):
        debian(engine)
        say(f"Debian with {packages}")
        flags = ["--network=host", f"--build-arg=PACKAGES={packages}", f"--tag={name}"]
        engine.docker("build", *flags, "-", stdin=PYTHON_DOCKERFILE.encode())
    return name


def _run(*command: str | Path) -> None:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise EngineError(f"{Path(command[0]).name}: {done.stdout.strip()[-4000:]}")
