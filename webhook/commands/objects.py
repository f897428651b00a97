"""The objects that a command reads: pods, workloads with a pod template, Lists of them."""

import io
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, Final

import msgspec

from webhook.core.deployers import deployer_of
from webhook.core.lists import Path, each
from webhook.core.pod import Pod
from webhook.core.request import AdmissionRequest
from webhook.core.words import Hook, NamespaceMode
from webhook.errors import UsageError
from webhook.loading.problems import PolicyError
from webhook.loading.yamltree import Document, read_documents

_SUFFIXES: Final = (".yaml", ".yml", ".json")
_BEGINS: Final = re.compile(r"---(\s|$)")

# Where the pod, or the template that has the same two members, stands in each kind of object, and
# the groups of its API; others have kinds of these names, too, which are none of our business.
_APPS: Final = frozenset({"apps", "extensions"})
_BATCH: Final = frozenset({"batch"})
_CORE: Final = frozenset({""})
_TEMPLATES: Final[dict[str, tuple[frozenset[str], tuple[str, ...]]]] = {
    "Pod": (_CORE, ()),
    "PodTemplate": (_CORE, ("template",)),
    "Deployment": (_APPS, ("spec", "template")),
    "StatefulSet": (_APPS, ("spec", "template")),
    "DaemonSet": (_APPS, ("spec", "template")),
    "ReplicaSet": (_APPS, ("spec", "template")),
    "ReplicationController": (_CORE, ("spec", "template")),
    "Job": (_BATCH, ("spec", "template")),
    "CronJob": (_BATCH, ("spec", "jobTemplate", "spec", "template")),
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
        return self.content.removeprefix("---").lstrip().startswith("{")

    @property
    def begins(self) -> bool:
        """Tell whether it says itself that a document begins."""
        return _BEGINS.match(self.content) is not None

    @property
    def ends(self) -> bool:
        """Tell whether it says itself that the document ends; directives may come behind."""
        return self.content.rstrip().endswith("\n...")

    @property
    def newline(self) -> str:
        """How its lines end."""
        return "\r\n" if "\r\n" in self.content else "\n"


@dataclass(frozen=True, slots=True)
class Target:
    """An object that holds a pod or a pod template."""

    file: str
    line: int
    kind: str
    name: str
    namespace: str
    path: Path  # from the document to the pod or template
    root: str  # how messages name the pod's spec
    pod: Pod
    raw: dict[str, Any]  # the pod or template

    @property
    def title(self) -> str:
        """Name it as kubectl does: deployment/noxus-worker."""
        return f"{self.kind.lower()}/{self.name}"

    def request(
        self, mode: NamespaceMode, groups: tuple[str, ...] = (), user: str | None = None
    ) -> AdmissionRequest:
        """Return the request that the API server would send when this pod is created.

        Without a user, nobody is held to what needs a deployer.
        """
        return AdmissionRequest(
            hook=Hook.MUTATE,
            mode=mode,
            namespace=self.namespace,
            operation="CREATE",
            pod=self.pod,
            groups=groups,
            root=self.root,
            deployer=None if user is None else deployer_of(user, groups),
        )


def texts(inputs: Iterable[str]) -> Iterator[Text]:
    """Yield the documents of files, folders and `-` one at a time; raises `UsageError`."""
    for name in inputs:
        if name == "-":
            # As bytes, so that carriage returns stay and the encoding is no matter of the locale.
            stream = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", newline="")
            yield from _read(stream, "<stdin>")
            stream.detach()
            continue
        for path in _files(name):
            try:
                with path.open(encoding="utf-8-sig", newline="") as stream:
                    yield from _read(stream, str(path))
            except OSError as error:
                raise UsageError(f"{path}: {error.strerror}") from None


def _files(name: str) -> list[FilePath]:
    if not name:
        raise UsageError("-f is empty: name a file, a folder, or - for standard input")
    path = FilePath(name)
    if not path.is_dir():
        return [path]
    found = sorted(p for p in path.rglob("*") if p.suffix in _SUFFIXES and p.is_file())
    if not found:
        raise UsageError(f"{path}: the folder holds no .yaml, .yml or .json file")
    return found


def _read(stream: Iterable[str], file: str) -> Iterator[Text]:
    try:
        yield from _split(stream, file)
    except UnicodeDecodeError:
        raise UsageError(f"{file}: not UTF-8 text") from None


def _split(stream: Iterable[str], file: str) -> Iterator[Text]:
    """Cut at the lines that begin a document, so that only one is in memory at a time."""
    lines: list[str] = []
    first = 1
    before = ""  # the last line that is not empty
    for number, line in enumerate(stream, 1):
        # Directives such as %YAML stand before the mark of their document.
        begins = _BEGINS.match(line) is not None and not before.startswith("%")
        # Documents of JSON may follow one another without a mark between them, as jq writes them.
        begins |= line.startswith("{") and before.endswith("}")
        if lines and (begins or before == "..."):
            yield Text(file, "".join(lines), first)
            lines, first = [], number
        lines.append(line)
        before = line.strip() or before
    if lines:
        yield Text(file, "".join(lines), first)


def documents(text: Text) -> list[Document]:
    """Parse a text, in which there is one document; raises `UsageError` with file and line."""
    place = f"{text.file}:{text.first_line}"
    try:
        # YAML takes nearly all JSON, and knows the lines; not some escapes and numbers of it.
        found = list(read_documents(text.content, text.file, text.first_line))
    except PolicyError as error:
        found = []
        if not text.is_json or (value := _json(text.content)) is None:
            raise UsageError(str(error)) from None
        return [Document(text.file, value, {(): text.first_line})]
    except RecursionError:
        raise UsageError(f"{place}: it is nested too deeply") from None
    if len(found) == 1 and text.is_json and (value := _json(text.content)) is not None:
        return [Document(text.file, value, found[0].lines)]
    return found


def _json(text: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return json.loads(text.removeprefix("---"))
    except (ValueError, RecursionError):
        return None


def targets(document: Document, namespace: str | None) -> Iterator[Target]:
    """Yield what can be judged in a document; other kinds have nothing to say. `UsageError`."""
    for path, value in each(document.value):
        if (members := _template_of(value)) is not None:
            yield _target(document, value, members, path, namespace)


def others(document: Document) -> Iterator[str]:
    """Yield the kinds of the objects in a document that hold no pod."""
    for _, value in each(document.value):
        if _template_of(value) is None:
            kind = value.get("kind") if isinstance(value, dict) else None
            yield kind if isinstance(kind, str) and kind else "(no kind)"


def _template_of(value: object) -> tuple[str, ...] | None:
    """Return where the pod or template of an object stands; None for other kinds."""
    if not isinstance(value, dict) or not isinstance(kind := value.get("kind"), str):
        return None
    groups, members = _TEMPLATES.get(kind, (frozenset(), ()))
    version = value.get("apiVersion")
    # Without a version, which the API server would refuse, the kind is taken at its word.
    fits = not isinstance(version, str) or version.rpartition("/")[0] in groups
    return members if groups and fits else None


def _target(
    document: Document,
    value: dict[str, Any],
    members: tuple[str, ...],
    path: Path,
    namespace: str | None,
) -> Target:
    kind, line = value["kind"], document.line(path)
    metadata = value.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    name = str(metadata.get("name") or metadata.get("generateName") or "")
    titled = f"{document.file}:{line}: {kind.lower()}/{name}"
    where = namespace or metadata.get("namespace")
    if not where:
        raise UsageError(
            f"{titled} names no namespace, on which what it gets depends: give --namespace, or "
            "write metadata.namespace"
        )
    raw: Any = value
    for member in members:
        raw = raw.get(member) if isinstance(raw, dict) else None
    if raw is None:
        raise UsageError(f"{titled} is not as Kubernetes wants it: it has no {'.'.join(members)}")
    try:
        pod = msgspec.convert(raw, Pod)
    except msgspec.ValidationError as error:
        place = f", in {'.'.join(members)}" if members else ""
        raise UsageError(f"{titled} is not as Kubernetes wants it{place}: {error}") from None
    return Target(
        file=document.file,
        line=line,
        kind=kind,
        name=name,
        namespace=str(where),
        path=(*path, *members),
        root=".".join((*members, "spec")),
        pod=pod,
        raw=raw,
    )
