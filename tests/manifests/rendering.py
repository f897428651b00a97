"""What kustomize and helm make of our manifests, as objects."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.controlplane import build
from webhook.pki.names import service_names

Json = Any
Objects = dict[str, Json]

ROOT = Path(__file__).parents[2]
MANIFESTS = ROOT / "manifests"
BASE = MANIFESTS / "base"
OVERLAYS = MANIFESTS / "overlays"
COMPONENTS = MANIFESTS / "components"
CHART = MANIFESTS / "chart"
OWN = "noxus-secrets"
NAME = "noxus-secret-webhook"
WEBHOOK = f"system:serviceaccount:{OWN}:{NAME}"  # as the API server calls our ServiceAccount
HOOK_KINDS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
CERTIFICATE_RIGHTS = {
    f"ClusterRole {NAME}-certificates",
    f"ClusterRoleBinding {NAME}-certificates",
    f"Role {OWN}/{NAME}-certificates",
    f"RoleBinding {OWN}/{NAME}-certificates",
}
SERVING_NAMES = list(service_names(NAME, OWN).dns)


def kustomize(folder: Path) -> Objects:
    """Return the objects of a folder by kind, namespace and name."""
    program = build.programs(("kubectl",))["kubectl"]
    return by_name(yaml.safe_load_all(_run([program, "kustomize", folder]).stdout))


def with_component(
    name: str, folder: Path, resources: Path = BASE, *, more: Sequence[str] = ()
) -> Objects:
    """Return the objects of a folder with components of ours, as somebody's overlay has them."""
    content = {
        "resources": [_relative(resources, folder)],
        "components": [_relative(COMPONENTS / it, folder) for it in (name, *more)],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(content))
    return kustomize(folder)


def _relative(folder: Path, start: Path) -> str:
    up = "../" * (len(start.resolve().parts) - 1)
    return f"{up}{folder.resolve().relative_to('/')}"


def helm(*arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the real helm, with nothing of ours in its environment."""
    return _run([build.programs(("helm",))["helm"], *arguments], check=check)


def template(*arguments: str | Path) -> Objects:
    """Return the objects of our chart, its resource definition included."""
    done = helm("template", "any", CHART, "--namespace", OWN, "--include-crds", *arguments)
    return by_name(yaml.safe_load_all(done.stdout))


def settings(values: Json, folder: Path) -> tuple[str, Path]:
    """Return the flag of helm that sets these values."""
    file = folder / "values.yaml"
    file.write_text(json.dumps(values))
    return "--values", file


def with_certificates(folder: Path) -> Path:
    """Copy the manifests, make certificates, and return the overlay that takes them."""
    shutil.copytree(MANIFESTS, folder / "manifests", symlinks=True)
    overlay = folder / "manifests" / "overlays" / "own-certificates"
    _run([sys.executable, "-m", "webhook", "certs", "--dir", overlay])
    return overlay


def by_name(documents: Iterable[Json]) -> Objects:
    """Return objects by kind, namespace and name; none may be there twice."""
    found: Objects = {}
    for document in filter(None, documents):
        meta = document["metadata"]
        place = "/".join(filter(None, (meta.get("namespace"), meta["name"])))
        key = f"{document['kind']} {place}"
        assert key not in found, f"{key} is there twice"
        found[key] = document
    return found


def normal(value: Json) -> Json:
    """Return a value in which lists of named things are objects: their order says nothing."""
    if isinstance(value, dict):
        return {key: normal(item) for key, item in value.items()}
    if isinstance(value, list) and value and all(isinstance(it, dict) for it in value):
        for key in ("name", "mountPath"):
            names = [it.get(key) for it in value]
            if None not in names and len(set(names)) == len(names):
                return {it[key]: normal(it) for it in value}
    return [normal(item) for item in value] if isinstance(value, list) else value


def differences(one: Objects, other: Objects) -> set[str]:
    """Return the names of objects that only one side has, or that are not the same."""
    return {
        key for key in one.keys() | other.keys() if normal(one.get(key)) != normal(other.get(key))
    }


def entries(objects: Objects) -> dict[str, Json]:
    """Return the entries of both webhook configurations by their names."""
    return {
        entry["name"]: entry
        for kind in HOOK_KINDS
        for entry in objects[f"{kind} {OWN}"]["webhooks"]
    }


def pod_spec(objects: Objects) -> Json:
    """Return what the Deployment makes pods of."""
    return objects[f"Deployment {OWN}/{NAME}"]["spec"]["template"]["spec"]


def _run(command: list[str | Path], *, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not check or done.returncode == 0, f"{command}: {done.stderr}"
    return done
