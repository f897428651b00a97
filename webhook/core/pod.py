"""What we read of a pod: a narrow view over the raw JSON, which is never rebuilt from it.

Only the fields that a decision needs are declared, so only they are decoded. `env[].value` is not
among them: the value of a variable never exists inside this program. Lists and maps may be absent
or null, as Go writes them. Names of fields are those of the Kubernetes API, hence the camelCase.
"""

# ruff: noqa: N815 - the field names are those of the Kubernetes API

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec

# The API allows 63 characters for the names of containers and volumes, and 253 for any other. What
# is longer cannot be stored, and messages repeat names: nobody is to fill our memory with one.
Name = Annotated[str, msgspec.Meta(max_length=253)]


# A pod that runs has a handful of containers. What is made for each, such as a patch, is many times
# as large as `{}`: nobody is to fill our memory with a million of those.
MAX_CONTAINERS: Final = 1000


class View(msgspec.Struct, frozen=True, gc=False):
    """A frozen part of an object; fields that it does not declare are skipped unread."""


class FileKeyRef(View, frozen=True):
    """A variable read from a file in a volume."""

    volumeName: str | None = None


class SecretKeyRef(View, frozen=True):
    """A variable read from one key of a Secret."""

    name: str | None = None
    key: str | None = None
    optional: bool | None = None


class EnvVarSource(View, frozen=True):
    """`env[].valueFrom`."""

    secretKeyRef: SecretKeyRef | None = None
    fileKeyRef: FileKeyRef | None = None


class EnvVar(View, frozen=True):
    """An element of `env`, without its value."""

    name: str | None = None
    valueFrom: EnvVarSource | None = None


class SourceRef(View, frozen=True):
    """`secretRef` or `configMapRef` of an `envFrom` element."""

    name: str | None = None
    optional: bool | None = None


class EnvFrom(View, frozen=True):
    """An element of `envFrom`."""

    prefix: str | None = None
    secretRef: SourceRef | None = None
    configMapRef: SourceRef | None = None


class VolumeMount(View, frozen=True):
    """An element of `volumeMounts`."""

    name: Name | None = None


class Container(View, frozen=True):
    """A container of any of the three lists."""

    name: Name | None = None
    env: list[EnvVar] | None = None
    envFrom: list[EnvFrom] | None = None
    volumeMounts: list[VolumeMount] | None = None


Containers = Annotated[list[Container], msgspec.Meta(max_length=MAX_CONTAINERS)]


class KeyToPath(View, frozen=True):
    """An element of `items` of a volume."""

    key: str | None = None


class SecretVolume(View, frozen=True):
    """`volumes[].secret`."""

    secretName: str | None = None
    items: list[KeyToPath] | None = None


class SecretProjection(View, frozen=True):
    """`volumes[].projected.sources[].secret`."""

    name: str | None = None
    items: list[KeyToPath] | None = None


class VolumeProjection(View, frozen=True):
    """`volumes[].projected.sources[]`."""

    secret: SecretProjection | None = None


class ProjectedVolume(View, frozen=True):
    """`volumes[].projected`."""

    sources: list[VolumeProjection] | None = None


class LocalReference(View, frozen=True):
    """A reference to a Secret of the pod's namespace by name."""

    name: str | None = None


class CSIVolume(View, frozen=True):
    """`volumes[].csi`."""

    nodePublishSecretRef: LocalReference | None = None


class SecretRefVolume(View, frozen=True):
    """A legacy volume with `secretRef`."""

    secretRef: LocalReference | None = None


class AzureFileVolume(View, frozen=True):
    """`volumes[].azureFile`."""

    secretName: str | None = None


class Volume(View, frozen=True):
    """A volume; every kind that can refer to a Secret, and no other, is declared."""

    name: Name | None = None
    secret: SecretVolume | None = None
    projected: ProjectedVolume | None = None
    csi: CSIVolume | None = None
    azureFile: AzureFileVolume | None = None
    cephfs: SecretRefVolume | None = None
    cinder: SecretRefVolume | None = None
    flexVolume: SecretRefVolume | None = None
    iscsi: SecretRefVolume | None = None
    rbd: SecretRefVolume | None = None
    scaleIO: SecretRefVolume | None = None
    storageos: SecretRefVolume | None = None


class PodSpec(View, frozen=True):
    """`spec` of a pod or of a pod template."""

    containers: Containers | None = None
    initContainers: Containers | None = None
    ephemeralContainers: Containers | None = None
    volumes: list[Volume] | None = None
    imagePullSecrets: list[LocalReference] | None = None
    serviceAccountName: str | None = None
    serviceAccount: str | None = None  # deprecated; the API server copies it over, files may not

    def listed(self) -> Sequence[tuple[str, Sequence[Container]]]:
        """Return the container lists with their field names, in the API's order."""
        return (
            ("initContainers", self.initContainers or ()),
            ("containers", self.containers or ()),
            ("ephemeralContainers", self.ephemeralContainers or ()),
        )


class Annotations(View, frozen=True):
    """The three annotations that are read; others, which may hold values, are skipped."""

    scopes: str | None = msgspec.field(default=None, name="secrets.noxus.ai/scopes")
    injected: str | None = msgspec.field(default=None, name="secrets.noxus.ai/injected")
    mirror: str | None = msgspec.field(default=None, name="kubernetes.io/config.mirror")


class ObjectMeta(View, frozen=True):
    """The metadata that is read."""

    name: str | None = None
    generateName: str | None = None
    labels: dict[str, str] | None = None
    annotations: Annotations | None = None


class Pod(View, frozen=True):
    """A pod, or a pod template, which has the same two members."""

    metadata: ObjectMeta | None = None
    spec: PodSpec | None = None

    @property
    def labels(self) -> dict[str, str]:
        """The labels, empty when there are none."""
        return (self.metadata and self.metadata.labels) or {}

    @property
    def annotations(self) -> Annotations:
        """The annotations that are read, all None when there are none."""
        return (self.metadata and self.metadata.annotations) or _NO_ANNOTATIONS

    @property
    def display_name(self) -> str:
        """Name, else generateName, for logs."""
        meta = self.metadata
        return (meta and (meta.name or meta.generateName)) or ""


_NO_ANNOTATIONS = Annotations()
