"""Real programs: External Secrets Operator, Vault, our webhook, and a control plane of their own.

They are built before the first test. All of it is marked `cluster`, as what needs a compiler.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.controlplane import fixture
from tests.controlplane.plane import ControlPlane
from tests.e2e.harness import ROOT, Webhook, register
from tests.e2e.world import policy
from tests.eso import build
from tests.eso.controller import Operator
from tests.eso.store import VaultServer

# The programs that a fixture starts.
BUILT = {"operator": ("external-secrets",), "vault": tuple(build.VAULT_PACKAGES)}


@pytest.fixture(scope="package")
def plane() -> Iterator[ControlPlane]:
    """A control plane of our own, in which the operator's resources are defined."""
    with ControlPlane() as it:
        for file in build.definitions():
            it.kubectl("apply", "--server-side", "-f", file)
        it.kubectl("wait", "--for=condition=established", "crd", "--all", "--timeout=60s")
        it.kubectl("create", "namespace", "external-secrets")
        yield it


@pytest.fixture(scope="package")
def operator(plane: ControlPlane) -> Iterator[Operator]:
    with Operator(build.programs(BUILT["operator"])["external-secrets"], plane) as it:
        yield it


@pytest.fixture(scope="package")
def vault(plane: ControlPlane) -> Iterator[VaultServer]:
    """A Vault that lets in whom the control plane vouches for."""
    with VaultServer(build.programs(BUILT["vault"])) as it:
        it.trust(plane)
        yield it


@pytest.fixture(scope="package")
def webhook(plane: ControlPlane) -> Iterator[Webhook]:
    """Our webhook with the example policy, for namespace `noxus`, and for those named `eso-*`."""
    example = (ROOT / "examples" / "policy.yaml").read_text()
    with Webhook([example, yaml.safe_dump(policy("eso"))]) as it:
        register(plane, it)
        yield it


@pytest.fixture
def policy_file(tmp_path: Path) -> Path:
    """The policy of the namespaces named `eso-*`, as the webhook has it."""
    file = tmp_path / "policy.yaml"
    file.write_text(yaml.safe_dump(policy("eso")))
    return file


@pytest.hookimpl(tryfirst=True)  # before -m chooses by mark
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses built programs."""
    fixture.mark(items, {*BUILT, "plane"})


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build what is missing now: a first build takes longer than any single test may."""
    fixture.build_used(session, BUILT, build.programs)
