"""Brings the control plane to these tests, and builds the helm that some of them run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.controlplane import build, fixture
from tests.controlplane.fixture import pytest_collection_modifyitems
from tests.controlplane.plane import ControlPlane
from tests.manifests.rendering import BASE

__all__ = ["pytest_collection_modifyitems"]

HERE = Path(__file__).parent


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build what is missing now: a first build takes longer than any single test may."""
    fixture.pytest_collection_finish(session)
    needed = any(item.path.parent == HERE for item in session.items)
    if needed and not session.config.option.collectonly:
        with fixture._visible_output(session.config):
            build.programs(("helm",))


@pytest.fixture(scope="session")
def installed() -> Iterator[ControlPlane]:
    """A control plane with the base applied; of its own, since nobody answers its hooks."""
    with ControlPlane() as plane:
        plane.kubectl("apply", "--server-side", "-k", BASE)
        plane.kubectl(
            "wait",
            "--for=condition=Established",
            "crd/secretinjectionpolicies.secrets.noxus.ai",
        )
        yield plane
