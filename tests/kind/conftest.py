"""The cluster that all tests here share; where there can be none they are left out, with a word."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.engine import ROOT
from tests.kind import lifecycle
from tests.kind.cluster import Cluster
from tests.kind.world import POLICY, Namespace

HERE = Path(__file__).parent
MISSING = pytest.StashKey[str]()
# What a first test may take: it starts an engine and a cluster, and builds what was not built.
TIMEOUT = 1200

OptedIn = Callable[..., Namespace]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A cluster with our webhook installed; one that was there before stays."""
    if lifecycle.is_up() or os.environ.get(lifecycle.KUBECONFIG_VARIABLE):
        yield installed(lifecycle.up())
        return
    guard = subprocess.Popen(
        [sys.executable, "-m", "tests.kind", "guard"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield installed(lifecycle.up())
    finally:
        lifecycle.down()
        guard.communicate("ended")


def installed(cluster: Cluster) -> Cluster:
    """Install our webhook with the policy of these tests, and return when it is in force."""
    cluster.install()
    return ready(cluster)


def ready(cluster: Cluster) -> Cluster:
    """Put the policy of these tests in the place of the initial one, once we are all ready."""
    cluster.rolled_out()
    apply = ("apply", "--server-side", "--force-conflicts", "-f-")
    cluster.kubectl(*apply, stdin=yaml.safe_dump(POLICY))
    cluster.kubectl("wait", "sip/noxus", "--for=condition=Ready", "--timeout=60s")
    return cluster


@pytest.fixture(scope="module")
def opted_in(cluster: Cluster) -> Iterator[OptedIn]:
    """Make an opted-in namespace; it goes with the module's tests."""
    made: list[str] = []

    def make(name: str, **how: Any) -> Namespace:  # noqa: ANN401  as Namespace.make has them
        namespace = Namespace(cluster, f"e2e-{name}")
        made.append(namespace.name)
        cluster.kubectl(
            "delete", "namespace", namespace.name, "--ignore-not-found"
        )  # of a failed run
        namespace.make(**how)
        return namespace

    yield make
    cluster.kubectl("delete", "namespace", "--wait=false", *made)


@pytest.fixture
def own_cluster(cluster: Cluster) -> Cluster:
    """The same, where it is ours to drain and to restart."""
    if cluster.node is None:
        pytest.skip("drains and restarts nodes: for a cluster of its own only")
    return cluster


@pytest.hookimpl(tryfirst=True)  # before -m chooses by mark
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests here; leave them out where nothing can run a container."""
    ours = [item for item in items if HERE in item.path.parents]
    for item in ours:
        item.add_marker(pytest.mark.kind)
        item.add_marker(pytest.mark.xdist_group("kind"))
        item.add_marker(pytest.mark.timeout(TIMEOUT))
    reason = lifecycle.missing() if ours else None
    if reason is not None:
        config.stash[MISSING] = reason
        items[:] = [item for item in items if item not in ours]
        config.hook.pytest_deselected(items=ours)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build what is missing now, while people see what happens."""
    if session.config.option.collectonly or hasattr(session.config, "workerinput"):
        return
    if any(item.get_closest_marker("kind") for item in session.items):
        capture = session.config.pluginmanager.get_plugin("capturemanager")
        with capture.global_and_fixture_disabled():
            lifecycle.prepare()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Let a run pass in which there was nothing to do but to leave our tests out."""
    if MISSING in session.config.stash and exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        session.exitstatus = pytest.ExitCode.OK


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say why tests were left out."""
    reason = config.stash.get(MISSING, None)
    if reason is not None:
        terminalreporter.write_line(f"{reason}; the tests in kind were left out")
