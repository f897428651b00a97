"""Starts and ends what the tests run in: an engine, the images, a kind cluster."""

import contextlib
import fcntl
import hashlib
import importlib
import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import yaml

from tests.controlplane import build
from tests.e2e import engine_private
from tests.e2e.engine import Engine, EngineError, cache_root, find, running, say
from tests.kind.cluster import Cluster, Node
from tools import image

KUBECONFIG_VARIABLE = "KUBECONFIG_E2E"
IMAGE_VARIABLE = "IMAGE_E2E"
# The builder's folder has a name that only `import_module` can say.
node_image = importlib.import_module("tests.e2e.node-image.build")
# kind calls the network that it puts nodes into so.
NETWORK = "kind"
READY_SECONDS = 180


def missing() -> str | None:
    """Say in one line why there can be no cluster; None if there can be one. Starts nothing."""
    if left_out().exists():
        return left_out().read_text()
    if os.environ.get(KUBECONFIG_VARIABLE) or running() or engine_private.possible():
        return None
    return engine_private.MISSING


def prepare() -> None:
    """Make everything that takes long, and leave nothing running that did not run before."""
    if os.environ.get(KUBECONFIG_VARIABLE):
        return
    build.programs(["kubectl", "kind"])
    with _lock():
        before = running() or engine_private.running()
        engine = find()
        try:
            _node_image(engine)
            image.build(engine)
        finally:
            if before is None:
                engine_private.stop()


def left_out() -> Path:
    """Return the file with the reason why `make test` could not prepare, of its last run."""
    return cache_root() / "left-out"


def up() -> Cluster:
    """Return a cluster that has our image: the user's, or a kind cluster, made unless it runs."""
    kubectl = build.programs(["kubectl"])["kubectl"]
    if given := os.environ.get(KUBECONFIG_VARIABLE):
        return Cluster(kubectl, Path(given), os.environ.get(IMAGE_VARIABLE) or image.NAME)
    with _lock():
        engine = find()
        node = Node(engine, f"{name()}-control-plane")
        if name() not in _kind(engine, "get", "clusters").split():
            _create(engine)
        tag = image.build(engine)
        say(f"loading {tag} into the cluster")
        _kind(engine, "load", "docker-image", f"--name={name()}", tag)
    return Cluster(kubectl, kubeconfig(), tag, node)


def down() -> None:
    """Delete the cluster, and end the engine if we started it; images stay for the next time."""
    with _lock():
        private = engine_private.running()
        engine = private or running()
        if engine is not None and name() in _kind(engine, "get", "clusters").split():
            _kind(engine, "delete", "cluster", f"--name={name()}", f"--kubeconfig={kubeconfig()}")
        if private is not None:
            private.docker("network", "rm", NETWORK, check=False)
            private.docker("image", "prune", "--force")  # what newer builds took the name of
            engine_private.stop()


def is_up() -> bool:
    """Tell whether a cluster of ours runs already."""
    engine = running() or engine_private.running()
    return engine is not None and name() in _kind(engine, "get", "clusters").split()


def name() -> str:
    """Return the name of the cluster: each cache has its own."""
    return f"noxus-{hashlib.sha256(str(cache_root()).encode()).hexdigest()[:6]}"


def kubeconfig() -> Path:
    """Return where the cluster's kubeconfig is."""
    return cache_root() / "kubeconfig"


def _create(engine: Engine) -> None:
    began = time.monotonic()
    say("creating the cluster")
    node = _node_image(engine)
    if engine.private:
        # Before kind does: it would ask for IPv6 too, and for addresses hidden behind the host's.
        no_masquerade = "com.docker.network.bridge.enable_ip_masquerade=false"
        engine.docker("network", "create", f"--opt={no_masquerade}", NETWORK, check=False)
    configuration = cache_root() / "kind.yaml"
    configuration.write_text(yaml.safe_dump(_configuration(local=node is not None)))
    flags = [f"--image={node}"] if node else []
    _kind(
        engine,
        *("create", "cluster", f"--name={name()}", f"--config={configuration}", *flags),
        *(f"--kubeconfig={kubeconfig()}", f"--wait={READY_SECONDS}s"),
    )
    say(f"created the cluster in {time.monotonic() - began:.0f} s")


def _configuration(*, local: bool) -> dict[str, object]:
    """Return the configuration of kind: one node, and what this machine asks for."""
    kubelet: dict[str, object] = {"kind": "KubeletConfiguration"}
    if not Path("/sys/fs/cgroup/cgroup.controllers").exists():
        kubelet["failCgroupV1"] = False
    if engine_private.lacks_sys_resource():
        kubelet["oomScoreAdj"] = 0
    return {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        # The local image brings a plain bridge, which is enough for one node.
        "networking": {"apiServerAddress": "127.0.0.1", "disableDefaultCNI": local},
        "kubeadmConfigPatches": [yaml.safe_dump(kubelet)],
    }


def _node_image(engine: Engine) -> str | None:
    """Return the node image to name to kind; None for the published one, which it knows."""
    source = node_image.kind_source() / "pkg" / "apis" / "config" / "defaults" / "image.go"
    published = re.search(r'^const Image = "([^"]+)"', source.read_text(), re.MULTILINE)
    if published is None:
        raise EngineError(f"{source} names no node image")
    if engine.has_image(published[1]):
        return None
    local = node_image.name()
    if not engine.has_image(local) and engine.pull(published[1]):
        return None
    return str(node_image.image(engine))


def _kind(engine: Engine, *arguments: str) -> str:
    done = subprocess.run(
        [build.programs(["kind"])["kind"], *arguments],
        env=engine.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise EngineError(f"kind {' '.join(arguments)}: {done.stderr.strip()[-4000:]}")
    return done.stdout


@contextlib.contextmanager
def _lock() -> Iterator[None]:
    """Let one process at a time start, build or end something."""
    cache_root().mkdir(parents=True, exist_ok=True)
    with (cache_root() / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
