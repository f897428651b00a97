"""Puts what a container reads where it reads it, and refreshes it, as the kubelet does.

All files of a volume change at once: they are links into a folder behind the link `..data`, and
that link is what is replaced.
"""

import base64
import contextlib
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

Json = Any


class MissingVolume(Exception):
    """A volume's ConfigMap or Secret is not there: the container cannot start yet."""


class Sources(Protocol):
    """Where the contents of volumes come from."""

    def read(self, kind: str, name: str) -> Json | None:
        """Give a ConfigMap or Secret of the pod's namespace, by plural kind and name."""

    def token(self, pod: Json) -> bytes:
        """Give a token of the pod's ServiceAccount that will be good for a while."""


def mount(pod: Json, container: Json, root: Path, sources: Sources) -> dict[str, Path]:
    """Bring a container's volumes up to date below `root`; returns where each mount path lies.

    Raises MissingVolume. An emptyDir is an empty folder.
    """
    volumes = {it["name"]: it for it in pod["spec"].get("volumes", [])}
    places: dict[str, Path] = {}
    for it in container.get("volumeMounts", []):
        place = root / it["mountPath"].strip("/")
        place.mkdir(parents=True, exist_ok=True)
        files = _files(pod, volumes[it["name"]], sources)
        if files is not None:
            _replace(place, files)
        places[it["mountPath"]] = place
    return places


def _files(pod: Json, volume: Json, sources: Sources) -> dict[str, bytes] | None:
    """Return the files of a volume by name; None where the container writes them itself."""
    if "emptyDir" in volume:
        return None
    if "projected" not in volume:
        return _content(pod, volume, sources)
    files: dict[str, bytes] = {}
    for it in volume["projected"]["sources"]:
        files |= _content(pod, it, sources)
    return files


def _content(pod: Json, source: Mapping[str, Json], sources: Sources) -> dict[str, bytes]:
    match source:
        case {"serviceAccountToken": {"path": path}}:
            return {path: sources.token(pod)}
        case {"downwardAPI": {"items": items}}:
            return {it["path"]: field(pod, it["fieldRef"]["fieldPath"]).encode() for it in items}
        case {"configMap": what}:
            kind = "configmaps"
        case {"secret": what}:
            kind = "secrets"
        case _:
            raise MissingVolume(f"volumes such as {sorted(source)} are not known here")
    name = what.get("name") or what.get("secretName")
    found = sources.read(kind, name)
    if found is None and what.get("optional"):
        return {}
    if found is None:
        raise MissingVolume(f"{kind} {name!r} not found")
    texts: dict[str, str] = found.get("data") or {}
    if "items" in what:
        texts = {it["path"]: texts[it["key"]] for it in what["items"]}
    if kind == "secrets":
        return {key: base64.b64decode(text) for key, text in texts.items()}
    return {key: text.encode() for key, text in texts.items()}


def field(pod: Json, path: str) -> str:
    """Return a field of a pod by its path, such as metadata.name."""
    found = pod
    for key in path.split("."):
        found = found[key]
    return str(found)


def _replace(place: Path, files: Mapping[str, bytes]) -> None:
    current, old = place / "..data", None
    if current.is_symlink():
        old = place / current.readlink()
        if files == {it.name: it.read_bytes() for it in old.iterdir()}:
            return
    fresh = place / f"..{uuid.uuid4().hex}"
    fresh.mkdir(mode=0o700)
    for name, content in files.items():
        (fresh / name).write_bytes(content)
    link = place / "..data_tmp"
    link.symlink_to(fresh.name)
    link.rename(current)
    for name in files:
        with contextlib.suppress(FileExistsError):
            (place / name).symlink_to(Path("..data") / name)
    for it in place.iterdir():
        if not it.name.startswith("..") and it.name not in files:
            it.unlink()
    if old is not None:
        shutil.rmtree(old)
