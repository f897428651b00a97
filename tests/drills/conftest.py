"""One cluster for all drills of a test run."""

from collections.abc import Iterator

import pytest

from tests.controlplane.fixture import pytest_collection_finish, pytest_collection_modifyitems
from tests.drills.cluster import Cluster, why_not
from tests.drills.stage import Stage

__all__ = ["pytest_collection_finish", "pytest_collection_modifyitems"]


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """Three replicas behind their Service; a drill leaves it as it was."""
    if why_not():
        pytest.skip(why_not())
    with Cluster() as cluster:
        made = Stage(cluster, quick=True)
        made.prepare()
        yield made
