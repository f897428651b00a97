"""The operator with its own fake store: stores and Secrets of the whole cluster."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.commands.test_export_external_secrets import AWS
from tests.controlplane.plane import ControlPlane
from tests.e2e.harness import INJECTION
from tests.e2e.world import policy
from tests.eso.controller import Operator
from tests.eso.kit import apply, export, secret, wait_for_secret

Json = Any

FLAGS = [*AWS, "--cluster-scoped", "--refresh-interval", "1s"]


def with_fake(found: list[Json], **entries: str) -> list[Json]:
    """Return exported objects with the fake store in place of AWS, holding these entries."""
    data = [{"key": key, "value": value} for key, value in entries.items()]
    for each in found:
        if each["kind"] == "ClusterSecretStore":
            each["spec"]["provider"] = {"fake": {"data": data}}
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A policy for the opted-in namespaces of its glob, with one Secret."""
    document = policy("eso", worker={})
    document["spec"]["scopes"] = document["spec"]["scopes"][:1]
    path = tmp_path / "policy.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


@pytest.fixture
def exported(plane: ControlPlane, operator: Operator, file: Path) -> Iterator[list[Json]]:
    """One Secret for every opted-in namespace, from the fake store."""
    del operator  # it only has to be there
    found = export(file, *FLAGS, "--path-template", "{scope}")
    apply(plane, with_fake(found, shared='{"A": "1"}'))
    yield found
    plane.kubectl("delete", "clusterexternalsecrets,clustersecretstores", "--all")


def test_every_namespace_that_opts_in_has_the_secret_and_no_other(
    plane: ControlPlane, exported: list[Json]
) -> None:
    del exported
    enabled = plane.namespace("eso", {INJECTION: "enabled"})
    dry_run = plane.namespace("eso", {INJECTION: "dry-run"})
    outside = plane.namespace("eso")

    for namespace in (enabled, dry_run):
        wait_for_secret(plane, namespace, "app-env", A="1")
    assert secret(plane, outside, "app-env") is None

    plane.kubectl("label", "namespace", outside, f"{INJECTION}=dry-run")
    wait_for_secret(plane, outside, "app-env", A="1")


def test_a_changed_value_reaches_the_secrets(plane: ControlPlane, exported: list[Json]) -> None:
    namespace = plane.namespace("eso", {INJECTION: "enabled"})
    wait_for_secret(plane, namespace, "app-env", A="1")

    apply(plane, with_fake(exported, shared='{"A": "2", "B": "3"}'))

    wait_for_secret(plane, namespace, "app-env", A="2", B="3")


def test_a_namespace_outside_cannot_use_the_store_of_the_cluster(
    plane: ControlPlane, exported: list[Json]
) -> None:
    (cluster,) = (each for each in exported if each["kind"] == "ClusterExternalSecret")
    outside = plane.namespace("eso")
    stolen = {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": "app-env", "namespace": outside},
        "spec": cluster["spec"]["externalSecretSpec"],
    }

    apply(plane, [stolen])

    def said() -> bool:
        path = f"/apis/external-secrets.io/v1/namespaces/{outside}/externalsecrets/app-env"
        conditions = plane.api("GET", path).body.get("status", {}).get("conditions", [])
        return any(each["reason"] == "SecretSyncedError" for each in conditions)

    plane.wait_for(said, "refusal by the operator")
    assert secret(plane, outside, "app-env") is None
