"""Every place in a pod or a template that names a Secret.

The list of places is that of the Kubernetes API; a test compares it with the OpenAPI schema that a
real API server serves, so that a field which appears there and not here is noticed.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from webhook.core.pod import Container, KeyToPath, PodSpec, SecretRefVolume, Volume
from webhook.core.value import Value

Wanted = Callable[[str], bool]
# Volumes that name a Secret as an object under `secretRef`, and nothing else about it.
WITH_SECRET_REF: Final = ("cephfs", "cinder", "flexVolume", "iscsi", "rbd", "scaleIO", "storageos")
_INDEX: Final = re.compile(r"\[[0-9]+\]")


class Reference(Value, frozen=True):
    """One mention of a Secret.

    `keys` are those that it reads, None for all of them. `containers` are the names of those that
    can read it: one for `env` and `envFrom`, all that mount it for a volume; None for an image pull
    secret, which no container reads.
    """

    secret: str
    field: str
    keys: frozenset[str] | None
    containers: tuple[str, ...] | None
    volume: str | None = None

    @property
    def about(self) -> str:
        """Say what is read by whom and how, without places in lists: another one adds to it.

        A pod may have thousands of readers, so this holds no more than a hash of them. It compares
        two versions of an object within one request, and is shown to nobody.
        """
        kind = _INDEX.sub("[]", self.field)
        who = hash((self.keys, frozenset(self.containers or ()), self.volume))
        return f"{self.secret} {kind} {who}"


class _Mention(NamedTuple):
    """A Secret that a volume brings in, before it is known who mounts the volume."""

    secret: str
    field: str
    keys: frozenset[str] | None
    volume: str


def pod_references(spec: PodSpec, root: str, wanted: Wanted) -> Iterator[Reference]:
    """Yield what a whole pod mentions of the Secrets that are wanted, in the order of the API."""
    for members, containers in spec.listed():
        for i, container in enumerate(containers):
            yield from container_references(container, f"{root}.{members}[{i}]", wanted)
    mounted = list(_mentions(spec, wanted))
    if mounted:  # few pods have such volumes, so who mounts them is found out for those alone
        mounts = _mounts(c for _, containers in spec.listed() for c in containers)
        yield from (_volume_reference(mention, mounts, root) for mention in mounted)
    for i, pull in enumerate(spec.imagePullSecrets or ()):
        if pull.name and wanted(pull.name):
            yield Reference(pull.name, f"{root}.imagePullSecrets[{i}]", None, None)


def added_references(
    spec: PodSpec, added: Sequence[tuple[int, Container]], wanted: Wanted
) -> Iterator[Reference]:
    """Yield what ephemeral containers that are new mention, and what is in volumes they mount."""
    for i, container in added:
        yield from container_references(container, f"spec.ephemeralContainers[{i}]", wanted)
    mentioned = list(_mentions(spec, wanted))
    mounts = _mounts(container for _, container in added) if mentioned else {}
    for mention in mentioned:
        if mention.volume in mounts:
            yield _volume_reference(mention, mounts, "spec")


def container_references(container: Container, path: str, wanted: Wanted) -> Iterator[Reference]:
    """Yield what the variables of one container mention."""
    names = (container.name or "",)
    for i, variable in enumerate(container.env or ()):
        source = variable.valueFrom
        if source and (ref := source.secretKeyRef) and ref.name and wanted(ref.name):
            yield Reference(
                ref.name,
                f"{path}.env[{i}].valueFrom.secretKeyRef",
                frozenset({ref.key or ""}),
                names,
            )
    for i, element in enumerate(container.envFrom or ()):
        if (whole := element.secretRef) and whole.name and wanted(whole.name):
            yield Reference(whole.name, f"{path}.envFrom[{i}].secretRef", None, names)


def _mounts(containers: Iterable[Container]) -> dict[str, tuple[str, ...]]:
    """Volume -> the containers that can read it; an env file is read out of a volume, too."""
    mounts: dict[str, dict[str, None]] = {}  # the inner one is a set that keeps its order
    for container in containers:
        volumes = [mount.name for mount in container.volumeMounts or ()]
        volumes.extend(
            variable.valueFrom.fileKeyRef.volumeName
            for variable in container.env or ()
            if variable.valueFrom and variable.valueFrom.fileKeyRef
        )
        for volume in volumes:
            if volume:
                mounts.setdefault(volume, {})[container.name or ""] = None
    return {volume: tuple(readers) for volume, readers in mounts.items()}


def _mentions(spec: PodSpec, wanted: Wanted) -> Iterator[_Mention]:
    for i, volume in enumerate(spec.volumes or ()):
        for secret, member, keys in _secrets_of(volume):
            if secret and wanted(secret):
                yield _Mention(secret, f"volumes[{i}].{member}", keys, volume.name or "")


def _volume_reference(
    mention: _Mention, mounts: dict[str, tuple[str, ...]], root: str
) -> Reference:
    readers = mounts.get(mention.volume, ())
    field = f"{root}.{mention.field}"
    return Reference(mention.secret, field, mention.keys, readers, mention.volume)


def _secrets_of(volume: Volume) -> Iterator[tuple[str | None, str, frozenset[str] | None]]:
    if volume.secret:
        yield volume.secret.secretName, "secret.secretName", _keys(volume.secret.items)
    if volume.projected:
        for i, source in enumerate(volume.projected.sources or ()):
            if source.secret:
                member = f"projected.sources[{i}].secret"
                yield source.secret.name, member, _keys(source.secret.items)
    if volume.csi and volume.csi.nodePublishSecretRef:
        yield volume.csi.nodePublishSecretRef.name, "csi.nodePublishSecretRef", None
    if volume.azureFile:
        yield volume.azureFile.secretName, "azureFile.secretName", None
    for kind in WITH_SECRET_REF:
        legacy: SecretRefVolume | None = getattr(volume, kind)
        if legacy and legacy.secretRef:
            yield legacy.secretRef.name, f"{kind}.secretRef", None


def _keys(items: list[KeyToPath] | None) -> frozenset[str] | None:
    """Without items, Kubernetes projects every key."""
    return frozenset(item.key or "" for item in items) if items else None
