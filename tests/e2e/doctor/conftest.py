"""One installation for all tests of this folder.

Each test puts right again what it broke, and waits until nothing is left to find.
"""

from collections.abc import Iterator

import pytest

from tests.drills.cluster import Cluster
from tests.e2e.doctor.kit import Doctor
from tests.e2e.harness import INJECTION


@pytest.fixture(scope="package")
def doctor() -> Iterator[Doctor]:
    with Cluster() as cluster:
        cluster.install()
        cluster.wait_ready(3)
        cluster.plane.namespace("noxus", {INJECTION: "enabled"})
        it = Doctor(cluster)
        it.wait_until_well()
        yield it


@pytest.fixture
def broken(doctor: Doctor) -> Iterator[Doctor]:
    """The doctor, for a test that breaks something of the manifests."""
    yield doctor
    doctor.mend()
    doctor.wait_until_well()
