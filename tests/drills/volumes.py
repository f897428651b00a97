"""Puts ConfigMaps and Secrets where a container reads them, and refreshes them, as kubelets do.

All files of a volume change at once: they are links into a folder behind the link `..data`, and
that link is what is replaced.
"""

import base64
import contextlib
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

Json = Any
# Reads a ConfigMap or Secret of the pod's namespace by kind and name; None where there is none.
Read = Callable[[str, str], Json | None]


class MissingVolume(Exception):
    """A volume's ConfigMap or Secret is not there: the container cannot start yet."""


def mount(pod: Json, container: Json, root: Path, read: Read) -> dict[str, Path]:
    """Bring a container's volumes up to date below `root`; returns where each mount path lies.

    Raises MissingVolume. Volumes of other types are empty folders.
    """
    volumes = {it["name"]: it for it in pod["spec"].get("volumes", [])}
    places: dict[str, Path] = {}
    for it in container.get("volumeMounts", []):
        place = root / it["mountPath"].strip("/")
        place.mkdir(parents=True, exist_ok=True)
        files = _files(volumes[it["name"]], read)
        if files is not None:
            _replace(place, files)
        places[it["mountPath"]] = place
    return places


def _files(volume: Json, read: Read) -> dict[str, bytes] | None:
    if "configMap" in volume:
        kind, name, optional = "configmaps", volume["configMap"]["name"], volume["configMap"]
    elif "secret" in volume:
        kind, name, optional = "secrets", volume["secret"]["secretName"], volume["secret"]
    else:
        return None
    found = read(kind, name)
    if found is None and optional.get("optional"):
        return {}
    if found is None:
        raise MissingVolume(f"{kind} {name!r} not found")
    data = found.get("data") or {}
    if kind == "secrets":
        return {key: base64.b64decode(value) for key, value in data.items()}
    return {key: value.encode() for key, value in data.items()}


def _replace(place: Path, files: dict[str, bytes]) -> None:
    current = place / "..data"
    if current.is_symlink():
        old = place / current.readlink()
        if files == {it.name: it.read_bytes() for it in old.iterdir()}:
            return
    else:
        old = None
    fresh = place / f"..{uuid.uuid4().hex}"
    fresh.mkdir()
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
