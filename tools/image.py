"""`make image`: our image from the Dockerfile, labelled with the version and commit it is made of.

Works with whatever engine `tests/e2e/engine.py` finds. The base is the Dockerfile's own where a
registry can be reached, else one made from Debian's packages, or what BASE and BUILDER name.
"""

import ast
import datetime as dt
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from tests.e2e import debian
from tests.e2e.engine import ROOT, Engine, EngineError, EngineMissingError, find, say

NAME: Final = "noxus-secret-webhook:dev"
# The CAs of a machine whose traffic a proxy reads; the first that is set and there.
CA_VARIABLES: Final = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
# What of pip's configuration a build needs to reach the index that this machine uses.
PIP_KEYS: Final = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout")


def build(engine: Engine, name: str = NAME, *more: str) -> str:
    """Build the image, quick where nothing changed; more flags as of docker. Returns its name."""
    arguments = {**_bases(engine, os.environ), **labels()}
    say(f"building {name} of {arguments['VERSION']} on {arguments['BASE']}")
    with tempfile.TemporaryDirectory(prefix="image-") as scratch:
        flags = [f"--build-arg={key}={value}" for key, value in arguments.items()]
        flags += _secrets(Path(scratch))
        engine.docker("build", "--network=host", f"--tag={name}", *flags, *more, ROOT)
    return name


def _bases(engine: Engine, environ: Mapping[str, str]) -> dict[str, str]:
    if base := environ.get("BASE"):
        return {"BASE": base, "BUILDER": environ.get("BUILDER") or base}
    default = re.search(r"^ARG BASE=(\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    if default is None:
        raise EngineError("the Dockerfile names no BASE")
    published = default[1]
    if engine.has_image(published) or (
        not engine.has_image(debian.PYTHON) and engine.pull(published)
    ):
        return {"BASE": published, "BUILDER": published}
    return {"BASE": debian.python(engine), "BUILDER": debian.python_builder(engine)}


def labels() -> dict[str, str]:
    """Return the build arguments that say what the image is made of."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    revision, seconds = (_git("log", "-1", "--format=%H %ct") or "unknown 0").split()
    if _git("status", "--porcelain", "--", "webhook", "requirements", "Dockerfile"):
        revision += "-dirty"
    created = dt.datetime.fromtimestamp(int(seconds), dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "VERSION": version,
        "REVISION": revision,
        "CREATED": created,
        "SOURCE_DATE_EPOCH": seconds,
    }


def _git(*arguments: str) -> str:
    """Return what git says; nothing where it is missing, or this folder is none of its own."""
    git = shutil.which("git")
    if git is None:
        return ""
    done = subprocess.run(  # noqa: S603  git as the user calls it
        # A folder that another user owns, as in CI, is read all the same.
        [git, "-c", "safe.directory=*", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def _secrets(scratch: Path) -> Iterator[str]:
    """Name what the build may read and must not keep: the machine's CAs, and its package index."""
    for variable in CA_VARIABLES:
        path = os.environ.get(variable)
        if path and Path(path).is_file():
            yield f"--secret=id=ca,src={path}"
            break
    settings = dict(_pip_settings())
    if settings:
        file = scratch / "pip.conf"
        file.touch(mode=0o600)
        lines = [f"{key} = {value}" for key, value in settings.items()]
        file.write_text("\n".join(["[global]", *lines, ""]))
        yield f"--secret=id=pip.conf,src={file}"


def _pip_settings() -> Iterator[tuple[str, str]]:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    for line in done.stdout.splitlines():
        name, _, value = line.partition("=")  # global.index-url='...' or :env:.index-url='...'
        key = name.rpartition(".")[2].removeprefix("default-")
        if key in PIP_KEYS:
            yield key, ast.literal_eval(value).replace("\n", " ")


def main() -> int:
    """Build it and say its name; returns the exit code."""
    try:
        print(build(find()))
    except (EngineError, EngineMissingError) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
