"""The installation of the README, line by line, against the real API server."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.controlplane import build
from tests.controlplane.plane import ControlPlane

ROOT = Path(__file__).parents[2]
NEEDS_AN_ENGINE = "docker build"


def install_lines() -> list[str]:
    section = (ROOT / "README.md").read_text().split("## Install it")[1].split("\n## ")[0]
    return re.findall(r"^\$ (.*?)(?:\s{2,}#.*)?$", section, re.MULTILINE)


@pytest.mark.cluster
def test_every_line_of_the_installation_works(tmp_path: Path) -> None:
    with ControlPlane() as plane:  # of its own: it registers hooks that nobody answers
        install(plane, tmp_path)


def install(plane: ControlPlane, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "manifests", tmp_path / "manifests")
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / "kubectl").symlink_to(build.programs()["kubectl"])
    programs = [str(bin_folder), str(Path(sys.executable).parent), os.environ["PATH"]]
    environment = {
        "PATH": os.pathsep.join(programs),
        "KUBECONFIG": str(plane.kubeconfig),
        "HOME": str(tmp_path),
    }
    lines = install_lines()
    plane.api("POST", "/api/v1/namespaces", {"metadata": {"name": "noxus"}})

    for line in lines:
        if line.startswith(NEEDS_AN_ENGINE):
            continue  # the image is built where there is a container engine
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"

    assert len(lines) == 8
    bundles = plane.kubectl(
        *("get", "validatingwebhookconfiguration", "noxus-secrets"),
        *("-o", "jsonpath={.webhooks[*].clientConfig.caBundle}"),
    ).stdout.split()
    assert len(bundles) == 4
