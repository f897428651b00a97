"""The objects that a command reads: pods, workloads with a pod template, Lists of them."""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from webhook.core.pod import Pod
from webhook.core.request import AdmissionRequest
from webhook.core.words import Hook, NamespaceMode
from webhook.errors import UsageError
from webhook.loading.problems import PolicyError
from webhook.loading.yamltree import Document, read_documents

_SUFFIXES: Final = (".yaml", ".yml", ".json")

# Where the pod, or the template that has the same two members, stands in each kind of object.
_TEMPLATES: Final[dict[str, tuple[str, ...]]] = {
    "Pod": (),
    "PodTemplate": ("template",),
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}


@dataclass(frozen=True, slots=True)
class Text:
    """One YAML or JSON document as it was written, with the line at which it begins."""

    file: str
    content: str
    first_line: int

    @property
    def is_json(self) -> bool:
        """Tell whether it is written as JSON."""
        return self.content.lstrip().startswith("{")


@dataclass(frozen=True, slots=True)
class Target:
    """An object that holds a pod or a pod template."""

    file: str
    line: int
    kind: str
    name: str
    namespace: str
    path: tuple[str | int, ...]  # from the document to the pod or template
    root: str  # how messages name the pod's spec
    pod: Pod
    raw: dict[str, Any]  # the pod or template

    @property
    def title(self) -> str:
        """Name it as kubectl does: deployment/noxus-worker."""
        return f"{self.kind.lower()}/{self.name}"

    def request(self, mode: NamespaceMode, groups: tuple[str, ...] = ()) -> AdmissionRequest:
        """Return the request that the API server would send when this pod is created."""
        return AdmissionRequest(
            hook=Hook.MUTATE,
            mode=mode,
            namespace=self.namespace,
            operation="CREATE",
            pod=self.pod,
            groups=groups,
            root=self.root,
        )


def texts(inputs: Iterable[str]) -> Iterator[Text]:
    """Yield the documents of files, folders and `-` one at a time; raises `UsageError`."""
    for name in inputs:
        if name == "-":
            yield from _split(sys.stdin, "<stdin>")
            continue
        for path in _files(Path(name)):
            try:
                with path.open(encoding="utf-8-sig") as stream:
                    yield from _split(stream, str(path))
            except OSError as error:
                raise UsageError(f"{path}: {error.strerror}") from None
            except UnicodeDecodeError:
                raise UsageError(f"{path}: not UTF-8 text") from None


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(p for p in path.rglob("*") if p.suffix in _SUFFIXES and p.is_file())
    if not found:
        raise UsageError(f"{path}: the folder holds no .yaml, .yml or .json file")
    return found


def _split(stream: Iterable[str], file: str) -> Iterator[Text]:
    """Cut at the lines that begin a document, so that only one is in memory at a time."""
    lines: list[str] = []
    first = 1
    for number, line in enumerate(stream, 1):
        if lines and (line.rstrip() == "---" or line.startswith("--- ")):
            yield Text(file, "".join(lines), first)
            lines, first = [], number
        lines.append(line)
    if lines:
        yield Text(file, "".join(lines), first)


def documents(text: Text) -> list[Document]:
    """Parse a text, in which there is one document; raises `UsageError` with file and line."""
    try:
        return list(read_documents(text.content, text.file, text.first_line))
    except PolicyError as error:
        raise UsageError(str(error)) from None


def targets(document: Document, namespace: str | None) -> Iterator[Target]:
    """Yield what can be judged in a document; other kinds have nothing to say. `UsageError`."""
    yield from _targets(document, document.value, (), namespace)


def _targets(
    document: Document, value: object, path: tuple[str | int, ...], namespace: str | None
) -> Iterator[Target]:
    if not isinstance(value, dict):
        return
    kind = value.get("kind")
    if isinstance(kind, str) and kind.endswith("List") and isinstance(value.get("items"), list):
        for i, item in enumerate(value["items"]):
            yield from _targets(document, item, (*path, "items", i), namespace)
    elif isinstance(kind, str) and kind in _TEMPLATES:
        yield _target(document, value, kind, path, namespace)


def _target(
    document: Document,
    value: dict[str, Any],
    kind: str,
    path: tuple[str | int, ...],
    namespace: str | None,
) -> Target:
    line = document.line(path)
    metadata = value.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    name = str(metadata.get("name") or metadata.get("generateName") or "")
    where = namespace or metadata.get("namespace")
    if not where:
        raise UsageError(
            f"{document.file}:{line}: {kind.lower()}/{name} names no namespace, on which what it "
            "gets depends: give --namespace, or write metadata.namespace"
        )
    members = _TEMPLATES[kind]
    raw: Any = value
    for member in members:
        raw = raw.get(member) if isinstance(raw, dict) else None
    try:
        pod = msgspec.convert(raw if raw is not None else {}, Pod)
    except msgspec.ValidationError as error:
        place = ".".join(members)
        raise UsageError(
            f"{document.file}:{line}: {kind.lower()}/{name} is not as Kubernetes wants it"
            f"{f', in {place}' if place else ''}: {error}"
        ) from None
    return Target(
        file=document.file,
        line=line,
        kind=kind,
        name=name,
        namespace=str(where),
        path=(*path, *members),
        root=".".join((*members, "spec")),
        pod=pod,
        raw=raw if isinstance(raw, dict) else {},
    )


def as_json(value: object) -> str:
    """Write a value as kubectl writes `-o json`."""
    return json.dumps(value, indent=4, ensure_ascii=False)
