"""docs/guide-reload.md, typed line by line against a running installation.

`pytest --update-golden` writes what is printed into the page, and fails so that it is read.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.controlplane.plane import ControlPlane
from tests.e2e.harness import ROOT
from tests.e2e.terminal import installation, terminal, typed

PAGE = ROOT / "docs" / "guide-reload.md"
PODS = "/api/v1/namespaces/noxus/pods"
READY = {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}
EVERY = 1.0  # seconds; a kubelet is as quick


@contextmanager
def running_pods(plane: ControlPlane) -> Iterator[None]:
    """Say of the guide's pods what a kubelet would, since a rollout waits for them."""
    over = threading.Event()

    def keep_house() -> None:
        while not over.wait(EVERY):
            for pod in plane.api("GET", PODS).body.get("items") or ():
                path = f"{PODS}/{pod['metadata']['name']}"
                if pod["metadata"].get("deletionTimestamp"):
                    plane.api("DELETE", path, {"gracePeriodSeconds": 0})
                elif not pod["status"].get("conditions"):
                    merge = "application/merge-patch+json"
                    plane.api("PATCH", f"{path}/status", READY, content_type=merge)

    thread = threading.Thread(target=keep_house)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.cluster
@pytest.mark.timeout(600)  # three replicas start, and the leader looks every 15 s
def test_every_command_prints_what_the_guide_says(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    update = request.config.getoption("--update-golden")
    with installation() as cluster, running_pods(cluster.plane):
        typed(terminal(cluster, tmp_path, PAGE.read_text()), PAGE, update=update)
