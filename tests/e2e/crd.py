"""The custom resource in a control plane, for tests that write policies of the cluster."""

from typing import Any

import pytest
import yaml

from tests.controlplane.client import Response
from tests.controlplane.plane import ControlPlane
from tests.e2e.harness import CREATED, OK, ROOT
from webhook.core.policy import Policy
from webhook.loading.load import load_text
from webhook.loading.problems import PolicyError
from webhook.loading.resource import load_resource

Json = Any

FILE = ROOT / "manifests" / "base" / "10-customresourcedefinition.yaml"
NAME = "secretinjectionpolicies.secrets.noxus.ai"
PATH = "/apis/secrets.noxus.ai/v1alpha1/secretinjectionpolicies"


def install(plane: ControlPlane) -> ControlPlane:
    """Apply the CustomResourceDefinition, and return the plane once it serves policies."""
    plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", FILE)
    plane.kubectl("wait", "--for=condition=Established", f"crd/{NAME}", "--timeout=60s")
    plane.wait_for(lambda: plane.api("GET", PATH).status == OK, "SecretInjectionPolicies")
    return plane


def uninstall_policies(plane: ControlPlane) -> None:
    """Leave no policy behind: others in this control plane may follow them."""
    plane.kubectl("delete", NAME, "--all")


def resource(spec: Json, name: str = "noxus") -> Json:
    """Return a policy as a client sends it."""
    return {
        "apiVersion": "secrets.noxus.ai/v1alpha1",
        "kind": "SecretInjectionPolicy",
        "metadata": {"name": name},
        "spec": spec,
    }


def dry_run(plane: ControlPlane, document: Json) -> Response:
    """Let the API server judge a policy and complete it, without storing it."""
    return plane.api("POST", f"{PATH}?dryRun=All", document)


def stored(answer: Response) -> Json:
    """Return what would be stored; fails where it was refused."""
    assert answer.status == CREATED, answer.message
    assert answer.warnings == []
    return answer.body


def from_file(document: Json) -> Policy:
    """Return the policy that a file of this content is."""
    return load_text(yaml.safe_dump(document)).sources[0].policy


def complaint(document: Json) -> list[str]:
    """Return what the loader says of a resource that it refuses."""
    with pytest.raises(PolicyError) as raised:
        load_resource(document)
    return str(raised.value).splitlines()
