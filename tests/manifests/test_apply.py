"""Each way to install, applied to a real API server and deleted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.controlplane.plane import ControlPlane
from tests.manifests import certmanager
from tests.manifests.rendering import (
    BASE,
    HOOK_KINDS,
    OVERLAYS,
    OWN,
    entries,
    kustomize,
    with_certificates,
)

pytestmark = pytest.mark.cluster

APPLY = ("apply", "--server-side")
HOOKS = "/apis/admissionregistration.k8s.io/v1"


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """A control plane of its own, since these tests register hooks that nobody answers."""
    with ControlPlane() as it:
        for crd in certmanager.definitions():
            it.kubectl(*APPLY, "-f", crd)
        it.kubectl("wait", "--for=condition=Established", "crd", "--all")
        yield it


@pytest.fixture(params=["base", "cert-manager", "dry-run", "kind", "own-certificates"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """What kubectl is given: the base, or one of the overlays."""
    if request.param == "own-certificates":
        return with_certificates(tmp_path)
    return BASE if request.param == "base" else OVERLAYS / request.param


def delete(plane: ControlPlane, folder: Path) -> None:
    # The namespace goes first and takes along what kubectl would delete next.
    plane.kubectl("delete", "--ignore-not-found", "-k", folder)


def test_each_way_to_install_is_applied_as_it_is_and_deleted_without_a_trace(
    plane: ControlPlane, folder: Path
) -> None:
    before = everything(plane)
    # Without its namespace and its definition the rest cannot even be tried.
    for first in ("00-namespace.yaml", "10-customresourcedefinition.yaml"):
        plane.kubectl(*APPLY, "--dry-run=server", "-f", BASE / first)
        plane.kubectl(*APPLY, "-f", BASE / first)
    tried = plane.kubectl(*APPLY, "--dry-run=server", "-k", folder)
    applied = plane.kubectl(*APPLY, "-k", folder)
    compared = plane.kubectl("diff", "--server-side", "-k", folder, check=False)

    assert len(tried.stdout.splitlines()) == len(kustomize(folder))
    assert tried.stdout.replace(" (server dry run)", "") == applied.stdout
    assert (compared.returncode, compared.stdout, compared.stderr) == (0, "", "")
    # Neither a warning about Pod Security nor about a field that is old or unknown.
    assert (tried.stderr, applied.stderr) == ("", "")

    delete(plane, folder)

    # What the API server made of the definition itself goes a moment later.
    plane.wait_for(lambda: everything(plane) == before or None, "end of all that was applied")


def everything(plane: ControlPlane) -> set[str]:
    """Return the names of all objects of all kinds, but for what comes and goes by itself."""
    kinds = plane.kubectl("api-resources", "--verbs=list", "-o", "name").stdout.split()
    # Events outlive what they are about, by an hour.
    lasting = [kind for kind in kinds if not kind.startswith(("events", "leases"))]
    listed = plane.kubectl("get", "-A", "-o", "name", ",".join(lasting))
    return set(listed.stdout.split())


def test_nothing_of_the_dry_run_overlay_outlives_a_change_to_the_base(plane: ControlPlane) -> None:
    plane.kubectl(*APPLY, "-k", OVERLAYS / "dry-run")

    plane.kubectl(*APPLY, "-k", BASE)

    stored = {
        it["name"]: (it["clientConfig"]["service"]["path"], it["failurePolicy"])
        for kind in HOOK_KINDS
        for it in plane.api("GET", f"{HOOKS}/{kind.lower()}s/{OWN}").body["webhooks"]
    }
    delete(plane, BASE)
    assert stored == {
        name: (it["clientConfig"]["service"]["path"], it["failurePolicy"])
        for name, it in entries(kustomize(BASE)).items()
    }
