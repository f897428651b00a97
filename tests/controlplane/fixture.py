"""The `control_plane` fixture. A conftest that wants it imports all three names of `__all__`.

One control plane serves the whole test process, however many folders import the fixture. Under
pytest-xdist, `--dist loadgroup` keeps all tests that use it in one process: one control plane.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

import pytest

from tests.controlplane import build
from tests.controlplane.plane import ControlPlane

__all__ = ["control_plane", "pytest_collection_finish", "pytest_collection_modifyitems"]

FIXTURE = "control_plane"
RUNNING = pytest.StashKey[ControlPlane]()


@pytest.fixture(scope="session")
def control_plane(pytestconfig: pytest.Config) -> ControlPlane:
    """A running control plane; a test that stops a part of it starts it again before it ends."""
    running = pytestconfig.stash.get(RUNNING, None)
    if running is None:
        running = ControlPlane()
        running.start()
        pytestconfig.stash[RUNNING] = running
        pytestconfig.add_cleanup(running.stop)
    return running


@pytest.hookimpl(tryfirst=True)  # before -m chooses by mark
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses the control plane: `-m "not cluster"` leaves it out, xdist keeps it together.

    A test that starts a control plane of its own is marked `cluster` by hand.
    """
    for item in items:
        if FIXTURE in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.cluster)
        if item.get_closest_marker("cluster"):
            item.add_marker(pytest.mark.xdist_group("cluster"))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build what is missing now: a first build takes longer than any single test may."""
    needed = any(item.get_closest_marker("cluster") for item in session.items)
    if needed and not session.config.option.collectonly:
        with _visible_output(session.config):
            build.programs()


def mark(items: Iterable[pytest.Item], fixtures: Collection[str]) -> None:
    """Do what `pytest_collection_modifyitems` does, and mark what uses one of these fixtures."""
    for item in items:
        if {*fixtures} & {*getattr(item, "fixturenames", ())}:
            item.add_marker(pytest.mark.cluster)
    pytest_collection_modifyitems([*items])


def build_used(
    session: pytest.Session,
    built: Mapping[str, Sequence[str]],
    programs: Callable[[Sequence[str]], object],
) -> None:
    """Do what `pytest_collection_finish` does, and build what the fixtures of the session start.

    `built` has the names of these programs by fixture; `programs` builds what is missing of them.
    """
    pytest_collection_finish(session)
    used = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    needed = [program for fixture in built if fixture in used for program in built[fixture]]
    if needed and not session.config.option.collectonly:
        with _visible_output(session.config):
            programs(needed)


def _visible_output(config: pytest.Config) -> AbstractContextManager[None]:
    """Let the lines about progress through."""
    capture = config.pluginmanager.get_plugin("capturemanager")
    return nullcontext() if capture is None else capture.global_and_fixture_disabled()
