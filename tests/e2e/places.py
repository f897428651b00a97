"""Every place where a pod can name a Secret, as whole objects that the API takes."""

from collections.abc import Iterator
from typing import Any

from tests.controlplane.plane import ControlPlane
from tests.e2e.schema import pod_with, secret_paths, served_schemas
from tests.e2e.test_openapi import NO_SECRET
from tests.e2e.world import labels

Json = Any

# What the API demands of a volume beside the Secret. A pod that lacks it is refused by our mutating
# hook all the same, which is asked before the API looks; a workload is refused by the API.
COMPLETE: dict[str, Json] = {
    "azureFile": {"shareName": "share"},
    "cephfs": {"monitors": ["monitor"]},
    "cinder": {"volumeID": "volume"},
    "csi": {"driver": "csi.example.com"},
    "flexVolume": {"driver": "example.com/driver"},
    "iscsi": {"targetPortal": "10.0.0.9:3260", "iqn": "iqn.2026-01.com.example:it", "lun": 0},
    "rbd": {"monitors": ["monitor"], "image": "image"},
    "scaleIO": {"gateway": "https://it", "system": "system", "volumeName": "volume"},
    "storageos": {"volumeName": "volume"},
}


def places(plane: ControlPlane) -> dict[str, str]:
    """Return the paths in a pod's spec, each with the type of what stands there."""
    found = secret_paths(served_schemas(plane))
    return {path: kind for path, kind in found.items() if path not in NO_SECRET}


def in_templates(paths: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Leave out debug containers, which no new pod and no template may have."""
    return ((path, it) for path, it in paths.items() if not path.startswith("ephemeralContainers"))


def naming(path: str, kind: str, secret: str) -> Json:
    """Return a frontend that names a Secret at a path, and is complete."""
    pod = pod_with(path, kind, secret, {"name": "one", "labels": labels("frontend")})
    for volume in pod["spec"].get("volumes", ()):
        for member, more in COMPLETE.items():
            if member in volume:
                volume[member] |= more
    for members in ("containers", "initContainers"):
        for it in pod["spec"].get(members, ()):
            for variable in it.get("env", ()):
                variable["valueFrom"]["secretKeyRef"]["key"] = "KEY"
    return pod
