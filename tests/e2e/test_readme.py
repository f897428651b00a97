"""The installation of the README, line by line, against the real API server."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.controlplane import build
from tests.controlplane.plane import ControlPlane
from tests.e2e import crd

ROOT = Path(__file__).parents[2]
NEEDS_AN_ENGINE = "docker build"


def install_lines() -> list[str]:
    section = (ROOT / "README.md").read_text().split("## Install it")[1].split("\n## ")[0]
    return re.findall(r"^\$ (.*?)(?:\s{2,}#.*)?$", section, re.MULTILINE)


@pytest.mark.cluster
def test_every_line_of_the_installation_works(tmp_path: Path) -> None:
    with ControlPlane() as plane:  # of its own: it registers hooks that nobody answers
        install(plane, tmp_path)


def first_policy(plane: ControlPlane) -> None:
    """Do what the leader does: there is no node here that could run it."""
    crd.install(plane)
    config_map = yaml.safe_load(
        (ROOT / "manifests" / "base" / "20-initial-policy.yaml").read_text()
    )
    plane.kubectl("apply", "-f-", stdin=config_map["data"]["policy.yaml"])


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
        "EDITOR": "true",  # an editor that changes nothing
    }
    lines = install_lines()
    first_policy(plane)
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

    assert len(lines) == 7
    installed = plane.kubectl(
        *("get", "-n", "noxus-secrets", "-o", "name"),
        "deployment/noxus-secret-webhook",
        "customresourcedefinition/secretinjectionpolicies.secrets.noxus.ai",
        "mutatingwebhookconfiguration/noxus-secrets",
        "validatingwebhookconfiguration/noxus-secrets",
    ).stdout.split()
    assert len(installed) == 4
