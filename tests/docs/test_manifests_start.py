"""The settings that the manifests give are settings, and fit each other."""

import argparse
from pathlib import Path
from typing import Any

import pytest
import yaml

from webhook.commands import serve
from webhook.serving.limits import DEFAULT_LIMITS
from webhook.settings import ENV_PREFIX, FLAGS, Settings, settings_from

MANIFESTS = Path(__file__).parents[2] / "manifests"
MOUNTED = MANIFESTS / "components" / "certificates-in-a-secret" / "mounted-certificates.yaml"
POD = "noxus-secret-webhook-5d4f8c7b6-x2x4q"

Json = Any


def pod_spec(file: Path) -> Json:
    return yaml.safe_load(file.read_text())["spec"]["template"]["spec"]


def variables(*files: Path) -> dict[str, str]:
    """Return the environment of the container, of a later file where several set a variable."""
    containers = [pod_spec(file)["containers"] for file in files]
    return {it["name"]: it.get("value", POD) for (one,) in containers for it in one["env"]}


@pytest.fixture
def spec() -> Json:
    return pod_spec(MANIFESTS / "base" / "40-deployment.yaml")


def settings(spec: Json, environment: dict[str, str], folder: Path) -> Settings:
    parser = argparse.ArgumentParser()
    serve.add_parser(parser.add_subparsers())
    arguments = parser.parse_args(spec["containers"][0]["args"])
    namespace = folder / "namespace"
    namespace.write_text("noxus-secrets")
    return settings_from(arguments, environment, host="host", namespace_file=namespace)


def test_every_variable_of_the_deployment_is_a_setting() -> None:
    known = {flag.variable for flag in FLAGS}

    assert variables(MANIFESTS / "base" / "40-deployment.yaml", MOUNTED).keys() <= known
    assert all(name.startswith(ENV_PREFIX) for name in known)


def test_the_deployment_serves_policies_of_the_cluster_with_certificates_of_its_own(
    spec: Json, tmp_path: Path
) -> None:
    given = settings(spec, variables(MANIFESTS / "base" / "40-deployment.yaml"), tmp_path)

    assert (given.policy_from, given.certificates) == ("cluster", "self-managed")
    assert given.identity == POD
    assert given.namespace == "noxus-secrets"
    assert [given.listen.port, given.health_listen.port] == [
        it["containerPort"] for it in spec["containers"][0]["ports"]
    ]


def test_what_is_mounted_is_where_the_settings_look_for_it(spec: Json, tmp_path: Path) -> None:
    given = settings(spec, variables(MANIFESTS / "base" / "40-deployment.yaml"), tmp_path)
    mounted = settings(
        spec, variables(MANIFESTS / "base" / "40-deployment.yaml", MOUNTED), tmp_path
    )
    config_map = yaml.safe_load((MANIFESTS / "base" / "20-initial-policy.yaml").read_text())
    mounts = {it["name"]: it["mountPath"] for it in spec["containers"][0]["volumeMounts"]}
    tls = {it["name"]: it["mountPath"] for it in pod_spec(MOUNTED)["containers"][0]["volumeMounts"]}

    assert given.initial_policy is not None
    assert str(given.initial_policy.parent) == mounts["initial-policy"]
    assert given.initial_policy.name in config_map["data"]
    assert mounted.certificates == "files"
    assert {str(it.parent) for it in (mounted.tls_cert, mounted.tls_key)} == {tls["tls"]}


def test_the_pods_have_time_to_drain(spec: Json, tmp_path: Path) -> None:
    given = settings(spec, variables(MANIFESTS / "base" / "40-deployment.yaml"), tmp_path)

    needed = given.drain_delay + DEFAULT_LIMITS.drain_time
    assert given.drain_delay == 10
    assert needed + 5 <= spec["terminationGracePeriodSeconds"]


def test_the_version_of_the_image_is_that_of_the_package() -> None:
    text = (MANIFESTS.parent / "pyproject.toml").read_text()
    kustomization = yaml.safe_load((MANIFESTS / "base" / "kustomization.yaml").read_text())
    chart = yaml.safe_load((MANIFESTS / "chart" / "Chart.yaml").read_text())

    (image,) = kustomization["images"]
    assert f'version = "{image["newTag"]}"' in text
    assert chart["version"] == chart["appVersion"] == image["newTag"]
