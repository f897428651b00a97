"""The image by itself: what it says it is, and what it does not need and does not hold."""

import json
import tomllib
from typing import Any

import pytest

from tests.e2e.engine import ROOT, Engine
from tests.kind.cluster import Cluster
from tools import image

Json = Any

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
POLICY = (ROOT / "examples" / "policy.yaml").read_bytes()
# As the Deployment runs it, and without a network.
CONFINED = ("--rm", "--network=none", "--read-only", "--cap-drop=ALL", "--interactive")
# Everything that could run a script, wherever the base has it.
WITHOUT_SHELL = """
FROM {image}
USER 0
RUN ["/venv/bin/python3", "-c", "{remove}"]
USER 65532:65532
"""
REMOVE = (
    "import os, pathlib; "
    "[os.remove(p) for d in ('/bin', '/usr/bin', '/usr/local/bin') "
    "for n in ('sh', 'bash', 'dash', 'ash', 'busybox', 'env') "
    "if (p := pathlib.Path(d, n)).is_file() or p.is_symlink()]"
)


@pytest.fixture
def engine(own_cluster: Cluster) -> Engine:
    assert own_cluster.node is not None
    return own_cluster.node.engine


def run(engine: Engine, name: str, *arguments: str, stdin: bytes = b"") -> str:
    return engine.docker("run", *CONFINED, name, *arguments, stdin=stdin).stdout.decode()


def inspect(engine: Engine, name: str) -> Json:
    (found,) = json.loads(engine.docker("image", "inspect", name).stdout)
    return found


def test_the_program_the_label_and_the_project_agree_on_the_version(engine: Engine) -> None:
    labels = inspect(engine, image.NAME)["Config"]["Labels"]

    assert run(engine, image.NAME, "--version") == f"noxus-secrets {VERSION}\n"
    assert labels["org.opencontainers.image.version"] == VERSION
    # So does what somebody builds without our help.
    assert f"ARG VERSION={VERSION}\n" in (ROOT / "Dockerfile").read_text()


def test_the_labels_tell_the_commit_and_its_time(engine: Engine) -> None:
    labels = inspect(engine, image.NAME)["Config"]["Labels"]
    expected = image.labels()

    assert labels["org.opencontainers.image.title"] == "noxus-secret-webhook"
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert labels["org.opencontainers.image.revision"] == expected["REVISION"]
    assert labels["org.opencontainers.image.created"] == expected["CREATED"]


def test_it_runs_as_nobody_and_without_a_shell(engine: Engine) -> None:
    name = "noxus-e2e/without-shell:test"
    dockerfile = WITHOUT_SHELL.format(image=image.NAME, remove=REMOVE)
    engine.docker("build", "--network=host", f"--tag={name}", "-", stdin=dockerfile.encode())
    try:
        shell = engine.docker("run", "--rm", "--entrypoint=/bin/sh", name, "-c", ":", check=False)
        said = run(engine, name, "check", "/dev/stdin", stdin=POLICY)
    finally:
        engine.docker("rmi", name)

    assert inspect(engine, image.NAME)["Config"]["User"] == "65532:65532"
    assert shell.returncode != 0
    assert said.startswith("policy noxus (Enforce): ")


def test_nothing_of_its_making_is_left_in_it(engine: Engine) -> None:
    script = (
        "import importlib.util as u, pathlib; "
        "print([n for n in ('pip', 'hatchling', 'setuptools') if u.find_spec(n)], "
        "[p for p in ('/src', '/build', '/wheels', '/run/secrets') if pathlib.Path(p).exists()])"
    )
    entrypoint = ("--rm", "--network=none", "--entrypoint=/venv/bin/python3")
    left = engine.docker("run", *entrypoint, image.NAME, "-c", script).stdout.decode()
    history = engine.docker("history", "--no-trunc", "--format={{.CreatedBy}}", image.NAME)

    assert left == "[] []\n"
    assert b"secret" not in history.stdout.replace(b"noxus-secret", b"").replace(b"Secrets", b"")


@pytest.mark.nightly  # it installs every dependency again
def test_a_second_build_makes_the_same_layers(engine: Engine) -> None:
    first = inspect(engine, image.NAME)
    again = image.build(engine, "noxus-e2e/again:test", "--no-cache")
    try:
        second = inspect(engine, again)
    finally:
        engine.docker("rmi", again)

    assert second["RootFS"] == first["RootFS"]
    assert second["Config"] == first["Config"]
