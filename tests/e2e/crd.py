"""The custom resource in a control plane, for tests that write policies of the cluster."""

from typing import Any

from tests.controlplane.plane import ControlPlane
from tests.e2e.harness import OK, ROOT

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
