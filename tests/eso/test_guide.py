"""docs/guide-external-secrets.md, typed line by line.

`pytest --update-golden` writes what is printed into the page, and fails so that it is read.
"""

import os
import sys
from pathlib import Path

import pytest

from tests.controlplane import build as controlplane
from tests.controlplane.plane import ControlPlane
from tests.e2e.guide import Shell, same, steps, written
from tests.e2e.harness import ROOT, Webhook
from tests.eso import build
from tests.eso.controller import Operator
from tests.eso.store import VaultServer

PAGE = ROOT / "docs" / "guide-external-secrets.md"


@pytest.fixture
def shell(
    plane: ControlPlane, operator: Operator, vault: VaultServer, webhook: Webhook, tmp_path: Path
) -> Shell:
    """A terminal in the project's folder, of somebody who may administer cluster and Vault."""
    del operator, webhook  # they only have to be there
    programs = tmp_path / "bin"
    programs.mkdir()
    for program in (controlplane.programs()["kubectl"], build.programs()["vault"]):
        (programs / program.name).symlink_to(program)
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "examples").symlink_to(ROOT / "examples")
    path = [str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]
    return Shell(
        folder,
        {
            "PATH": os.pathsep.join(path),
            "KUBECONFIG": str(plane.kubeconfig),
            "HOME": str(tmp_path),
            **vault.environment(),
        },
    )


@pytest.mark.timeout(300)  # two dozen commands, of which some wait for what comes of them
def test_every_command_prints_what_the_guide_says(
    shell: Shell, request: pytest.FixtureRequest
) -> None:
    page = PAGE.read_text()
    if request.config.getoption("--update-golden"):
        printed = [shell.settled(step.command) for step in steps(page)]
        PAGE.write_text(written(page, printed))
        pytest.fail(f"{PAGE.name} was written anew: read it")

    for step in steps(page):
        wanted = same(step.printed)
        printed = shell.until(step.command, lambda text, it=wanted: same(text) == it)
        assert same(printed) == wanted, f"$ {step.command}\n{printed}"
