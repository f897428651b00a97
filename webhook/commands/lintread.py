"""What `lint` reads: manifests, files of variables, and named objects of the cluster."""

import re
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from webhook.errors import UsageError
from webhook.loading.problems import TWICE, PolicyError
from webhook.loading.yamltree import read_documents
from webhook.secretref import envfile, lint, manifests
from webhook.secretref.finding import Finding, Holder, Level, Rule

if TYPE_CHECKING:
    from webhook.core.policy import Policy
    from webhook.secretref import placement

_MANIFESTS: Final = (".yaml", ".yml", ".json")
# In a folder, files of variables are known by their names: .env, prod.env, .env.local, env.vm.
_ENV_FILE: Final = re.compile(r"(.*\.)?env(\..+)?")
_OBJECT: Final = re.compile(
    r"(?:[^\S\n]*(?:#.*)?\n)*(?:---|%YAML|apiVersion:|kind:|items:|metadata:|\{|\[)"
)
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO  # any right of group or others


@dataclass(slots=True)
class Read:
    """What was read, and what was found on the way."""

    holders: list[Holder] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def add(self, holder: Holder, findings: Sequence[Finding]) -> None:
        """Take an object or file."""
        self.holders.append(holder)
        self.findings.extend(findings)


def read_inputs(names: Sequence[str], namespace: str | None) -> Read:
    """Read files, folders and `-`; raises `UsageError` for what cannot be opened."""
    read = Read()
    for name in names:
        if name == "-":
            _content(sys.stdin.buffer.read(), "<stdin>", namespace, read)
            continue
        for path in _files(name):
            try:
                content, mode = path.read_bytes(), path.stat().st_mode
            except OSError as error:
                raise UsageError(f"{path}: {error.strerror}") from None
            if _content(content, str(path), namespace, read) and mode & _OTHERS:
                read.findings.append(_mode(str(path), mode))
    return read


def _files(name: str) -> Iterator[Path]:
    if not name:
        raise UsageError("a path is empty: name a file, a folder, or - for standard input")
    path = Path(name)
    if not path.is_dir():
        yield path
        return
    found = sorted(p for p in path.rglob("*") if _is_input(p))
    if not found:
        raise UsageError(f"{path}: the folder holds no manifest and no file of variables")
    yield from found


def _is_input(path: Path) -> bool:
    named = path.suffix in _MANIFESTS or _ENV_FILE.fullmatch(path.name) is not None
    return named and path.is_file()


def _content(content: bytes, file: str, namespace: str | None, read: Read) -> bool:
    """Take note of a file; tells whether it is one of variables."""
    is_manifest = Path(file).suffix in _MANIFESTS
    try:
        text = content.decode()
    except UnicodeDecodeError:
        message = "it is no UTF-8 text: save it as UTF-8"
        read.findings.append(Finding(Level.ERROR, Rule.UNREADABLE, file, 0, "", "", message))
        return not is_manifest
    if is_manifest or _OBJECT.match(text.removeprefix("\ufeff")):
        _documents(text, file, namespace, read)
        return False
    read.add(*envfile.read(text, file))
    return True


def _documents(text: str, file: str, namespace: str | None, read: Read) -> None:
    try:
        for document in read_documents(text.removeprefix("\ufeff"), file):
            source = manifests.Source(file, document.line, namespace)
            for holder, findings in manifests.read(document.value, source):
                read.add(holder, findings)
    except PolicyError as error:
        read.findings += [
            Finding(Level.ERROR, Rule.UNREADABLE, file, it.line, "", "", _unreadable(it.message))
            for it in error.problems
        ]


def _unreadable(message: str) -> str:
    """Say why a document cannot be read without what YAML's own messages quote of it."""
    if message.endswith(TWICE):
        return f"a key {TWICE}"
    return (
        "it is no YAML as Kubernetes takes it, here or a line before; nothing of it is shown, "
        "since it may be a value: look for indentation, and put values in quotes"
    )


def _mode(file: str, mode: int) -> Finding:
    message = (
        f"mode {stat.S_IMODE(mode):04o} lets others on the machine read or change it: chmod 600 it"
    )
    return Finding(Level.ERROR, Rule.FILE_MODE, file, 0, "", "", message)


def read_cluster(namespace: str, policies: "Sequence[Policy]") -> Read:
    """Read what the policy of a namespace names; raises `UsageError`."""
    # Imported here: the client of the API server costs a fifth of a second.
    from webhook.cluster.read import is_there  # noqa: PLC0415
    from webhook.cluster.secrets import UnreadableObjectError, read_named  # noqa: PLC0415

    if not is_there():
        raise UsageError("no cluster: set KUBECONFIG, or name files")
    given = lint.sources(policies, namespace)
    if not given:
        raise UsageError(f"no policy names a Secret for namespace {namespace}")
    names = dict.fromkeys((source.kind, source.name) for source in given)
    try:
        objects = read_named(namespace, names)
    except UnreadableObjectError as error:
        raise UsageError(str(error)) from None
    return live(namespace, given, objects)


def live(
    namespace: str,
    given: "Sequence[placement.Source]",
    objects: Mapping[tuple[str, str], dict[str, object]],
) -> Read:
    """Take what was read of a namespace, and what should have been there, too."""
    read, place = Read(), f"namespace {namespace}"
    for value in objects.values():
        for holder, found in manifests.read(value, manifests.Source(place, lambda _: 0, namespace)):
            read.add(holder, found)
    for source in given:
        if (source.kind, source.name) not in objects and not source.optional:
            read.findings.append(_absent(place, source.kind, source.name, source.scope))
    return read


def _absent(place: str, kind: str, name: str, scope: str) -> Finding:
    message = (
        f"it is not there, so that containers that are given scope {scope} do not start: create "
        "it, or make it optional in the policy"
    )
    title = f"{kind.lower()}/{name}"
    return Finding(Level.ERROR, Rule.MISSING, place, 0, title, "", message)
