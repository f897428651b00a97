"""Every way to write a namespace, for tests of the label that opts it in.

Each takes who writes, the namespace, and the value that the label shall have (None: no label), and
returns what became of it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.controlplane.plane import ControlPlane
from tests.e2e.harness import INJECTION

Json = Any

JSON_PATCH = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"


@dataclass(frozen=True)
class Outcome:
    """Whether it was written, and what the API server said."""

    done: bool
    said: str


@dataclass(frozen=True)
class Writer:
    """A user of the API server, in its groups, with a kubeconfig of its own."""

    plane: ControlPlane
    user: str
    groups: Sequence[str]
    kubeconfig: Path

    def send(
        self, method: str, path: str, body: object = None, content_type: str = "application/json"
    ) -> Outcome:
        answer = self.plane.api(
            method, path, body, content_type=content_type, user=self.user, groups=self.groups
        )
        return Outcome(answer.status in {200, 201}, answer.message)

    def kubectl(self, *words: str, stdin: str = "") -> Outcome:
        done = self.plane.kubectl("--kubeconfig", self.kubeconfig, *words, stdin=stdin, check=False)
        return Outcome(done.returncode == 0, done.stderr)


def path_of(name: str) -> str:
    return f"/api/v1/namespaces/{name}"


def label_of(plane: ControlPlane, name: str) -> str | None:
    labels = plane.api("GET", path_of(name)).body["metadata"].get("labels") or {}
    return labels.get(INJECTION)


def changed(plane: ControlPlane, name: str, value: str | None) -> Json:
    """Return the namespace as it is stored, with the label as it shall be."""
    namespace = plane.api("GET", path_of(name)).body
    labels = namespace["metadata"].setdefault("labels", {})
    labels.pop(INJECTION, None)
    if value is not None:
        labels[INJECTION] = value
    return namespace


def _manifest(name: str, value: str | None) -> str:
    labels = {} if value is None else {INJECTION: value}
    metadata = {"name": name, "labels": labels}
    return json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})


def _put(part: str) -> Callable[[Writer, str, str | None], Outcome]:
    def write(by: Writer, name: str, value: str | None) -> Outcome:
        return by.send("PUT", path_of(name) + part, changed(by.plane, name, value))

    return write


def _patch(content_type: str, part: str = "") -> Callable[[Writer, str, str | None], Outcome]:
    def write(by: Writer, name: str, value: str | None) -> Outcome:
        body: Json = {"metadata": {"labels": {INJECTION: value}}}
        if content_type == JSON_PATCH:
            pointer = f"/metadata/labels/{INJECTION.replace('/', '~1')}"
            step: Json = {"op": "add", "path": pointer, "value": value}
            body = [step if value is not None else {"op": "remove", "path": pointer}]
        return by.send("PATCH", path_of(name) + part, body, content_type)

    return write


def _label(by: Writer, name: str, value: str | None) -> Outcome:
    what = f"{INJECTION}-" if value is None else f"{INJECTION}={value}"
    return by.kubectl("label", "--overwrite", "namespace", name, what)


def _replace(by: Writer, name: str, value: str | None) -> Outcome:
    return by.kubectl("replace", "-f-", stdin=_manifest(name, value))


def _apply(*flags: str) -> Callable[[Writer, str, str | None], Outcome]:
    def write(by: Writer, name: str, value: str | None) -> Outcome:
        # What apply takes away is what was applied before, and what nobody else owns: first it
        # takes over what is there.
        by.kubectl("apply", *flags, "-f-", stdin=_manifest(name, label_of(by.plane, name)))
        metadata = by.plane.api("GET", path_of(name)).body["metadata"]
        applied = [it for it in metadata["managedFields"] if it["operation"] == "Apply"]
        alone = {"metadata": {"managedFields": applied or [{}]}}
        by.plane.api("PATCH", path_of(name), alone, content_type=MERGE)
        return by.kubectl("apply", *flags, "-f-", stdin=_manifest(name, value))

    return write


def _finalize(by: Writer, name: str, value: str | None) -> Outcome:
    body = json.dumps(changed(by.plane, name, value))
    return by.kubectl("replace", "--raw", f"{path_of(name)}/finalize", "-f-", stdin=body)


WAYS: Mapping[str, Callable[[Writer, str, str | None], Outcome]] = {
    "update": _put(""),
    "JSON patch": _patch(JSON_PATCH),
    "merge patch": _patch(MERGE),
    "strategic merge patch": _patch(STRATEGIC),
    "kubectl label": _label,
    "kubectl replace": _replace,
    "kubectl apply": _apply(),
    "kubectl apply --server-side": _apply("--server-side", "--force-conflicts"),
    "update of the status": _put("/status"),
    "patch of the status": _patch(MERGE, "/status"),
    "update of finalize": _put("/finalize"),
    "kubectl replace --raw of finalize": _finalize,
}
