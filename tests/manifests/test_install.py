"""The chart, installed by the real helm into a real API server, upgraded, and uninstalled."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.controlplane import build
from tests.controlplane.plane import ControlPlane
from tests.manifests.rendering import CHART, HOOK_KINDS, NAME, OWN
from tests.manifests.test_applied_again import CA, inject_ca, path_of

pytestmark = pytest.mark.cluster

RELEASE = "noxus-secrets"
DEFINITION = (
    "customresourcedefinition.apiextensions.k8s.io/secretinjectionpolicies.secrets.noxus.ai"
)
POLICY = "/apis/secrets.noxus.ai/v1alpha1/secretinjectionpolicies/noxus"


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """A control plane of its own, since nobody answers the hooks of this release."""
    with ControlPlane() as it:
        it.kubectl("create", "namespace", OWN)
        it.kubectl("label", "namespace", OWN, "pod-security.kubernetes.io/enforce=restricted")
        yield it


@pytest.fixture
def release(plane: ControlPlane, tmp_path: Path) -> Iterator["Release"]:
    """The release, installed with its defaults before the test and uninstalled after it."""
    it = Release(plane, tmp_path)
    it.helm("install", RELEASE, CHART)
    yield it
    it.helm("uninstall", RELEASE, "--wait", "--ignore-not-found")


class Release:
    """Helm, at work in one control plane."""

    def __init__(self, plane: ControlPlane, home: Path) -> None:
        self.plane, self.home = plane, home

    def helm(self, *arguments: str | Path) -> str:
        """Run helm as administrator; what it prints for people."""
        done = subprocess.run(
            [build.programs(("helm",))["helm"], "--namespace", OWN, *arguments],
            env={
                "PATH": os.defpath,
                "HOME": str(self.home),
                "KUBECONFIG": str(self.plane.kubeconfig),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def left(self) -> set[str]:
        """Return what carries our label, in the namespace and outside of any."""
        kinds = self.plane.kubectl("api-resources", "--verbs=list", "-o", "name").stdout.split()
        listed = self.plane.kubectl(
            *("get", ",".join(kinds), "--all-namespaces", "-o", "name"),
            *("-l", f"app.kubernetes.io/name={NAME}"),
        )
        return set(listed.stdout.split())


def test_installed_its_policy_is_stored_and_its_pods_are_made(release: Release) -> None:
    plane = release.plane

    assert plane.api("GET", POLICY).body["spec"]["scopes"][0]["name"] == "shared"
    pods = plane.wait_for(
        lambda: (
            found
            if len(found := plane.api("GET", f"/api/v1/namespaces/{OWN}/pods").body["items"]) == 3
            else None
        ),
        "pods of the release",
    )
    assert {it["spec"]["serviceAccountName"] for it in pods} == {NAME}


def test_an_upgrade_changes_the_policy_and_leaves_the_ca_that_the_webhook_has_injected(
    release: Release,
) -> None:
    written = [inject_ca(release.plane, kind) for kind in HOOK_KINDS]

    release.helm(
        *("upgrade", RELEASE, CHART, "--set", "worker.pools.tenant-a.envSecretRef=tenant-a-llm")
    )

    pools = release.plane.api("GET", POLICY).body["spec"]["worker"]["pools"]
    assert pools == {"tenant-a": {"envSecretRef": "tenant-a-llm"}}
    stored = [release.plane.api("GET", path_of(kind)).body["webhooks"] for kind in HOOK_KINDS]
    assert stored == written
    assert CA in str(stored)


def test_uninstalled_it_leaves_the_definition_of_policies_and_nothing_else(
    release: Release,
) -> None:
    release.helm("uninstall", RELEASE, "--wait")

    release.plane.wait_for(
        lambda: release.left() == {DEFINITION},
        "end of everything but the definition",
    )


def test_its_notes_say_what_is_left_to_do(release: Release) -> None:
    notes = release.helm("get", "notes", RELEASE)

    assert "Nothing happens yet: a namespace takes part once it is labelled." in notes
    assert "kubectl get secretinjectionpolicy noxus" in notes
    assert "kubectl -n noxus-secrets rollout status deployment/noxus-secret-webhook" in notes
