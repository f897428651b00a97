"""Real programs: promtool, Prometheus, and a control plane that is not shared with other tests.

They are built before the first test. Whatever uses them is marked `cluster`, as what needs the
control plane: `-m "not cluster"` is what needs no compiler.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.controlplane import fixture
from tests.controlplane.plane import ControlPlane
from tests.observability import build, kit

# The program that a fixture starts.
BUILT = {"promtool": ("promtool",), "prometheus_program": ("prometheus",)}
KINDS = ("servicemonitors", "prometheusrules")


@pytest.fixture(scope="session")
def promtool() -> Path:
    return build.programs()["promtool"]


@pytest.fixture(scope="session")
def prometheus_program() -> Path:
    return build.programs()["prometheus"]


@pytest.fixture(scope="package")
def plane() -> Iterator[ControlPlane]:
    """A control plane of our own: what others did in a shared one would be in its metrics."""
    with ControlPlane() as it:
        yield it


@pytest.fixture(scope="package")
def overlay(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An overlay as the comments of the components tell one to write it."""
    folder = tmp_path_factory.mktemp("overlay").resolve()
    manifests = os.path.relpath(kit.ROOT / "manifests", folder)
    written = {
        "resources": [f"{manifests}/base"],
        "components": [f"{manifests}/components/{name}" for name in ("prometheus", "grafana")],
        "labels": [{"pairs": {"release": "prometheus"}}],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(written))
    return folder


@pytest.fixture(scope="package")
def installed(plane: ControlPlane, overlay: Path) -> ControlPlane:
    """The control plane with the operator's resources defined and the overlay applied."""
    for file in build.resource_definitions(*KINDS):
        plane.kubectl("apply", "--server-side", "-f", file)
    for plural in KINDS:
        name = f"customresourcedefinition/{plural}.monitoring.coreos.com"
        plane.kubectl("wait", "--for=condition=established", name, "--timeout=30s")
    plane.kubectl("apply", "--server-side", "--validate=strict", "-k", overlay)
    return plane


@pytest.hookimpl(tryfirst=True)  # before -m chooses by mark
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses built programs."""
    fixture.mark(items, {*BUILT, "plane"})


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build what is missing now: a first build takes longer than any single test may."""
    fixture.build_used(session, BUILT, build.programs)
