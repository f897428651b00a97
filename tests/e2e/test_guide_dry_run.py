"""docs/guide-dry-run.md, typed line by line against a running installation.

`pytest --update-golden` writes what is printed into the page, and fails so that it is read.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.controlplane import build
from tests.drills.cluster import Cluster, why_not
from tests.e2e.guide import Shell, files, same, steps, written
from tests.e2e.harness import OK, ROOT

PAGE = ROOT / "docs" / "guide-dry-run.md"
POLICY = "/apis/secrets.noxus.ai/v1alpha1/secretinjectionpolicies/noxus"
# There is no kubelet to ask for logs: they are files, of which `kubectl logs` prints all here.
KUBECTL = """\
#!/bin/sh
case " $* " in
  *" logs "*) cat "{logs}"/*.log ;;
  *) exec "{kubectl}" "$@" ;;
esac
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    if why_not():
        pytest.skip(why_not())
    with Cluster() as it:
        it.install()
        it.wait_ready()
        it.plane.wait_for(lambda: it.plane.api("GET", POLICY).status == OK, "initial policy")
        yield it


@pytest.fixture
def shell(cluster: Cluster, tmp_path: Path) -> Shell:
    """A terminal in the project's folder, as the guide's reader has it."""
    programs = tmp_path / "bin"
    programs.mkdir()
    kubectl = programs / "kubectl"
    logs = cluster.plane.folder / "node"
    kubectl.write_text(KUBECTL.format(logs=logs, kubectl=build.programs()["kubectl"]))
    kubectl.chmod(0o755)
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "examples").symlink_to(ROOT / "examples")
    (folder / "audit.log").symlink_to(cluster.plane._files.audit_log)
    for name, text in files(PAGE.read_text()):
        (folder / name).write_text(text)
    path = [str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]
    return Shell(
        folder,
        {
            "PATH": os.pathsep.join(path),
            "KUBECONFIG": str(cluster.plane.kubeconfig),
            "HOME": str(tmp_path),
        },
    )


@pytest.mark.cluster
@pytest.mark.timeout(600)  # three replicas start, and twenty commands wait for what comes of them
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


def test_what_the_page_prints_is_read_and_written_back_unchanged() -> None:
    page = PAGE.read_text()
    read = steps(page)

    assert written(page, [f"{it.printed.rstrip()}\n" if it.printed else "" for it in read]) == page
    assert [name for name, _ in files(page)] == ["noxus.yaml"]
    assert len(read) > 20


def test_what_varies_is_the_same_and_what_does_not_is_not() -> None:
    line = "5s  Warning  SecretsDryRun  ReplicaSet/web-666d8f559  reads 'worker-env'\n"
    later = "1m2s   Warning   SecretsDryRun   ReplicaSet/web-7db664797c   reads 'worker-env'\n"

    assert same(line) == same(later)
    assert same(line) != same(later.replace("worker-env", "app-env"))
    assert same(line) != same(later.replace("Warning", "Normal"))
    assert same(line) != same(line * 2)
