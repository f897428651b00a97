"""`unmanagedSecrets: Deny`: only Secrets that the policy names may be used, in whichever way."""

from typing import Any

import pytest

from tests.controlplane.plane import ControlPlane
from tests.e2e.conftest import OptedIn
from tests.e2e.places import in_templates, naming, places
from tests.e2e.schema import concrete
from tests.e2e.workloads import KINDS, WORKLOADS, Kind, create
from tests.e2e.world import (
    DEBUG_MUTATE,
    MUTATE,
    Namespace,
    container,
    debugger,
    frontend,
    sources,
    worker,
)

Json = Any

WHY = "which policy 'strict' does not name; remove it, or have the policy's owner give it a scope"


@pytest.fixture
def strict(opted_in: OptedIn) -> Namespace:
    """A fresh namespace in which only Secrets that the policy names may be used."""
    return opted_in("strict")


@pytest.fixture(scope="module")
def paths(control_plane: ControlPlane) -> dict[str, str]:
    return places(control_plane)


def test_in_strict_mode_pods_may_use_nobodys_secret_but_to_pull_images(
    strict: Namespace, paths: dict[str, str]
) -> None:
    answers = {
        path: strict.create(naming(path, kind, "own-secret"), query="?dryRun=All")
        for path, kind in in_templates(paths)
    }

    pulled = answers.pop("imagePullSecrets[]")
    assert (pulled.status, sources(pulled.body)) == (201, {"main": ["app-env"]})
    for path, answer in answers.items():
        assert answer.status == 403, path
        assert answer.message.startswith(MUTATE)
        assert f"reads Secret 'own-secret' ({concrete(path)}" in answer.message
        assert answer.message.endswith(WHY)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.resource)
def test_nor_may_the_template_of_any_workload(
    strict: Namespace, paths: dict[str, str], kind: Kind
) -> None:
    passed = []
    for path, type_ in in_templates(paths):
        workload = kind.of(naming(path, type_, "own-secret"))
        answer = strict.plane.api("POST", f"{kind.path(strict.name)}?dryRun=All", workload)
        if answer.status == 201:
            passed.append(path)
        else:
            assert answer.message.startswith(WORKLOADS), answer.message
            assert "reads Secret 'own-secret'" in answer.message

    assert passed == ["imagePullSecrets[]"]


def test_nor_may_a_debug_container(strict: Namespace) -> None:
    there = strict.created(frontend())

    answer = strict.debug(there, debugger("shell", "own-secret"))

    assert answer.status == 403
    assert answer.message.startswith(f"{DEBUG_MUTATE}container 'shell' reads Secret 'own-secret'")


def test_in_strict_mode_ordinary_pods_start_with_their_tokens_and_bundles(
    strict: Namespace,
) -> None:
    """What every pod has, and service meshes and operators add, are no Secrets."""
    bundle = {"configMap": {"name": "kube-root-ca.crt"}}
    token = {"serviceAccountToken": {"audience": "istio-ca", "path": "token"}}
    fields = {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}
    volumes = [
        {
            "name": "mesh",
            "projected": {"sources": [token, bundle, {"downwardAPI": {"items": [fields]}}]},
        },
        {"name": "ca", "configMap": {"name": "own-ca-bundle"}},
        {"name": "scratch", "emptyDir": {}},
    ]
    mounts = [{"name": it["name"], "mountPath": f"/{it['name']}"} for it in volumes]

    stored = strict.created(
        worker(container("app", volumeMounts=mounts), container("istio-proxy"), volumes=volumes)
    )

    added = [it for it in stored["spec"]["volumes"] if it["name"].startswith("kube-api-access-")]
    assert [set(source) for source in added[0]["projected"]["sources"]] == [
        {"serviceAccountToken"},
        {"configMap"},
        {"downwardAPI"},
    ]
    assert sources(stored)["app"] == ["app-env", "worker-env", "tenant-a-llm"]


def test_in_strict_mode_every_kind_of_workload_starts_as_well(strict: Namespace) -> None:
    for kind in KINDS:
        answer = create(strict, kind, kind.of(frontend()))

        assert answer.status == 201, answer.message
