"""Makes a node image for kind without pulling anything, once, and prints its name.

Run it as `python -m tests.e2e.node-image.build`. `make e2e` does so where the published node image
cannot be pulled. README.md beside this file tells what is in the image.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tests.controlplane import build
from tests.e2e import debian
from tests.e2e.engine import Engine, EngineError, EngineMissingError, find, say

HERE: Final = Path(__file__).resolve().parent
INPUTS: Final = ("Dockerfile", "bridge.conflist", "build.py")
COMPONENTS: Final = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")
ON_THE_NODE: Final = (
    *("containerd", "containerd-shim-runc-v2", "ctr"),
    *("kubeadm", "kubelet", "kubectl"),
)
PROGRAMS: Final = (*COMPONENTS, *ON_THE_NODE, "coredns", "kube-proxy")


def image(engine: Engine) -> str:
    """Return the name of the image in the engine, made unless it is there."""
    if not engine.has_image(name()):
        _make(engine)
    return name()


def name() -> str:
    """Return the name of the image: another one whenever a result could differ."""
    digest = hashlib.sha256()
    for file in INPUTS:
        digest.update((HERE / file).read_bytes())
    for module in sorted({build.PACKAGES[program][0] for program in (*PROGRAMS, "kind")}):
        digest.update(build.bin_folder(module).parent.name.encode())
    return f"noxus-e2e/node:{digest.hexdigest()[:12]}"


def _make(engine: Engine) -> None:
    began = time.monotonic()
    base = debian.debian(engine)
    programs = build.programs(PROGRAMS)
    version = build.required_version(build.KUBERNETES, "k8s.io/kubernetes")
    wanted = _image_names(programs["kubeadm"], version)
    with tempfile.TemporaryDirectory(prefix="node-image-") as scratch:
        context = Path(scratch)
        _copy(context, programs)
        for component, tag in wanted.items():
            say(f"node image: {tag}")
            target = component if component in {"coredns", "kube-proxy", "pause"} else "program"
            arguments = (f"DEBIAN={base}", f"PROGRAM={component}")
            _docker_build(engine, context, tag, target, arguments)
        say("node image: the images in one archive")
        engine.docker("save", "--output", context / "images.tar", *wanted.values())
        say("node image: the node")
        arguments = (f"DEBIAN={base}", f"VERSION={version}", f"PAUSE={wanted['pause']}")
        _docker_build(engine, context, name(), "node", arguments)
    # What is in the node needs no second place; the layers that it was made of stay in the cache.
    engine.docker("rmi", *wanted.values())
    say(f"made the node image in {time.monotonic() - began:.0f} s")


def _docker_build(
    engine: Engine, context: Path, tag: str, target: str, arguments: Iterable[str]
) -> None:
    flags = [f"--build-arg={argument}" for argument in arguments]
    engine.docker("build", "--network=host", f"--target={target}", f"--tag={tag}", *flags, context)


def _image_names(kubeadm: Path, version: str) -> dict[str, str]:
    """Return the images that kubeadm will want on the node, by the program in each."""
    done = subprocess.run(
        [kubeadm, "config", "images", "list", f"--kubernetes-version=v{version}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {line.split("/")[-1].split(":")[0]: line for line in done.stdout.split()}


def _copy(context: Path, programs: dict[str, Path]) -> None:
    """Fill the build context: our files, kind's own files, and the programs."""
    for file in INPUTS:
        shutil.copy(HERE / file, context)
    # Kept by Go read-only; copied as plain files, so that the context can be removed again.
    shutil.copytree(
        kind_source() / "images" / "base" / "files",
        context / "files",
        copy_function=shutil.copyfile,
    )
    for folder in (context / "files").rglob("*"):
        folder.chmod(0o755 if folder.is_dir() else 0o644)
    (context / "bin").mkdir()
    for program in PROGRAMS:
        shutil.copyfile(programs[program], context / "bin" / program)
        (context / "bin" / program).chmod(0o755)


def kind_source() -> Path:
    """Return where Go keeps the source of kind, at the version that `go.mod` pins."""
    return build.module_source(build.KIND, "sigs.k8s.io/kind")


def main() -> int:
    """Make the image unless it is there, and print its name."""
    try:
        sys.stdout.write(f"{image(find())}\n")
    except (EngineError, EngineMissingError, build.BuildError) as problem:
        say(str(problem))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
