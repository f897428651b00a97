"""A terminal for the guides: a whole installation, and a shell in the project's folder."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.controlplane import build
from tests.drills.cluster import Cluster, why_not
from tests.e2e.guide import Shell, files, same, steps, written
from tests.e2e.harness import OK, ROOT

POLICY = "/apis/secrets.noxus.ai/v1alpha1/secretinjectionpolicies/noxus"
# There is no kubelet to ask for logs: they are files, of which `kubectl logs` prints all here.
KUBECTL = """\
#!/bin/sh
case " $* " in
  *" logs "*) cat "{logs}"/*.log ;;
  *) exec "{kubectl}" "$@" ;;
esac
"""


@contextmanager
def installation() -> Iterator[Cluster]:
    """The manifests in a control plane of their own, with the initial policy."""
    if why_not():
        pytest.skip(why_not())
    with Cluster() as it:
        it.install()
        it.wait_ready()
        it.plane.wait_for(lambda: it.plane.api("GET", POLICY).status == OK, "initial policy")
        yield it


def terminal(cluster: Cluster, folder: Path, page: str) -> Shell:
    """A terminal in the project's folder, as the guide's reader has it."""
    programs, project = folder / "bin", folder / "project"
    programs.mkdir()
    kubectl = programs / "kubectl"
    logs = cluster.plane.folder / "node"
    kubectl.write_text(KUBECTL.format(logs=logs, kubectl=build.programs()["kubectl"]))
    kubectl.chmod(0o755)
    project.mkdir()
    (project / "examples").symlink_to(ROOT / "examples")
    (project / "manifests").symlink_to(ROOT / "manifests")
    (project / "audit.log").symlink_to(cluster.plane._files.audit_log)
    for name, text in files(page):
        (project / name).write_text(text)
    path = [str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]
    return Shell(
        project,
        {
            "PATH": os.pathsep.join(path),
            "KUBECONFIG": str(cluster.plane.kubeconfig),
            "HOME": str(folder),
        },
    )


def typed(shell: Shell, page: Path, *, update: bool) -> None:
    """Type every command of a page and compare what is printed, or write the page anew."""
    text = page.read_text()
    if update:
        printed = [shell.settled(step.command) for step in steps(text)]
        page.write_text(written(text, printed))
        pytest.fail(f"{page.name} was written anew: read it")
    for step in steps(text):
        wanted = same(step.printed)
        got = shell.until(step.command, lambda text, it=wanted: same(text) == it)
        assert same(got) == wanted, f"$ {step.command}\n{got}"
