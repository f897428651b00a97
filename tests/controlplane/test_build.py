"""What `python tests/controlplane/build.py` does when there is next to nothing to build."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.controlplane import build


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, build.__file__, *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def envtest(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).touch(mode=0o755)
    return folder


@pytest.mark.cluster
def test_what_was_built_is_not_built_again() -> None:
    done = run(KUBEBUILDER_ASSETS="")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{build.bin_folder()}\n"


def test_binaries_of_envtest_are_taken_where_they_are(tmp_path: Path) -> None:
    envtest(tmp_path, "etcd", "kube-apiserver", "kubectl", "kube-controller-manager")

    done = run(KUBEBUILDER_ASSETS=str(tmp_path))

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{tmp_path}\n"


@pytest.mark.cluster
def test_only_the_controller_manager_is_added_to_envtest(tmp_path: Path) -> None:
    envtest(tmp_path, "etcd", "kube-apiserver", "kubectl")

    done = run(KUBEBUILDER_ASSETS=str(tmp_path))

    assert sorted(done.stdout.splitlines()) == sorted([str(tmp_path), str(build.bin_folder())])


def test_a_folder_that_lacks_programs_is_refused(tmp_path: Path) -> None:
    envtest(tmp_path, "kubectl")

    done = run(KUBEBUILDER_ASSETS=str(tmp_path))

    assert done.returncode == 1
    assert done.stderr == (
        f"controlplane: KUBEBUILDER_ASSETS={tmp_path} holds no etcd and no kube-apiserver: "
        "point it at a folder of envtest binaries, or unset it to build them\n"
    )


def test_an_unknown_program_is_refused_with_the_known_ones() -> None:
    done = run("kube-dns")

    assert done.returncode == 2
    assert (
        done.stderr == f"controlplane: unknown: kube-dns; there are {', '.join(build.PACKAGES)}\n"
    )
    assert {"etcd", "kube-apiserver", "kubectl"} <= set(build.PACKAGES)


def test_kubernetes_learns_its_version_from_go_mod() -> None:
    release = build.required_version(build.KUBERNETES, "k8s.io/kubernetes")

    flags = build.build_flags(build.KUBERNETES)

    assert f"-X k8s.io/component-base/version.gitVersion=v{release}" in flags[-1]
