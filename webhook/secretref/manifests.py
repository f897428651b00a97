"""Secrets and ConfigMaps of manifests: their keys with values as a container would get them."""

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from webhook.core.lists import Path, each
from webhook.core.names import object_name, secret_key
from webhook.secretref.finding import Entry, Finding, Holder, Level, Rule

_BASE64: Final = re.compile(r"[A-Za-z0-9+/]*={0,2}")
# Of these types, the content is none of variables: certificates, tokens, releases of Helm.
_OTHER_TYPES: Final = ("kubernetes.io/", "bootstrap.kubernetes.io/", "helm.sh/")

# Where kubectl apply, other than with --server-side, keeps all that it was given.
_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"

Item = Entry | Finding


@dataclass(frozen=True, slots=True)
class Source:
    """Where an object is written, to say so of its parts."""

    file: str
    line: Callable[[Path], int]  # 0 for objects of a cluster
    namespace: str | None  # in place of what the objects say


def read(value: object, source: Source) -> Iterator[tuple[Holder, list[Finding]]]:
    """Yield the Secrets and ConfigMaps of a document, those of Lists included."""
    for path, it in each(value):
        if _is_ours(it):
            yield _holder(it["kind"], it, source, path)


def _is_ours(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return (
        isinstance(value, dict)
        and value.get("kind") in ("Secret", "ConfigMap")
        and value.get("apiVersion") in ("v1", None)
        and not str(value.get("type") or "").startswith(_OTHER_TYPES)
    )


def _holder(
    kind: str, value: dict[str, Any], source: Source, path: Path
) -> tuple[Holder, list[Finding]]:
    metadata = value.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    holder = Holder(
        kind=kind,
        name=_shown(metadata.get("name"), object_name),
        namespace=source.namespace or _shown(metadata.get("namespace"), object_name),
        file=source.file,
        line=source.line(path),
        entries=(),
    )
    plain, encoded = ("stringData", "data") if kind == "Secret" else ("data", "binaryData")
    items = [
        *_members(holder, value, (*path, encoded), source, decode=True),
        *_members(holder, value, (*path, plain), source, decode=False),
    ]
    entries = [item for item in items if isinstance(item, Entry)]
    first: dict[str, Entry] = {}
    found = [item for item in items if isinstance(item, Finding)]
    found += _annotation(holder, metadata, source, path)
    for entry in entries:
        earlier = first.setdefault(entry.key, entry)
        if entry.key and earlier is not entry:
            message = f"it is in {plain}, too, in line {entry.line}, which counts: remove this one"
            found.append(
                holder.finding(
                    *(Level.WARNING, Rule.REPEATED, message), key=entry.key, line=earlier.line
                )
            )
    return (
        Holder(
            *(holder.kind, holder.name, holder.namespace, holder.file, holder.line),
            tuple(entries),
        ),
        found,
    )


def _annotation(
    holder: Holder, metadata: dict[str, Any], source: Source, path: Path
) -> Iterator[Finding]:
    annotations = metadata.get("annotations")
    if holder.kind == "Secret" and isinstance(annotations, dict) and _APPLIED in annotations:
        yield holder.finding(
            *(Level.WARNING, Rule.ANNOTATION),
            f"the annotation {_APPLIED} holds all values once more, where programs that hide the "
            "data of Secrets may show it: remove it, and use kubectl apply --server-side",
            line=source.line((*path, "metadata", "annotations", _APPLIED)),
        )


def _members(
    holder: Holder, value: dict[str, Any], path: Path, source: Source, *, decode: bool
) -> Iterator[Item]:
    field = str(path[-1])
    members = value.get(field)
    if members is None:
        return
    if not isinstance(members, dict):
        message = f"{field} is no mapping of keys to values: write each as KEY: value below it"
        yield holder.finding(Level.ERROR, Rule.UNREADABLE, message, line=source.line(path))
        return
    for name, content in members.items():
        line = source.line((*path, name))
        key = _shown(name, secret_key)
        if not key:
            yield holder.finding(
                *(Level.ERROR, Rule.NAME),
                f"{field} has a key that the API server refuses, and that is not shown, since it "
                "may be a part of a value: use letters, digits, '-', '_' and '.'",
                line=line,
            )
        yield from _entry(holder, key, content, line, decode=decode)


def _entry(holder: Holder, key: str, content: object, line: int, *, decode: bool) -> Iterator[Item]:
    text = "" if content is None else content
    if not isinstance(text, str):
        message = "it is no text, which the API server refuses: put quotes around it"
        yield holder.finding(Level.ERROR, Rule.NOT_TEXT, message, key=key, line=line)
        yield Entry(key, None, line)
        return
    if not decode:
        yield Entry(key, text, line)
        return
    decoded = _decoded(text)
    if decoded is None:
        yield holder.finding(
            *(Level.ERROR, Rule.BASE64),
            "it is no base64, so that the API server refuses the object: encode it, or write it "
            "under stringData as it is",
            key=key,
            line=line,
        )
        yield Entry(key, None, line)
        return
    try:
        yield Entry(key, decoded.decode(), line)
    except UnicodeDecodeError:
        yield Entry(key, decoded, line)


def _decoded(text: str) -> bytes | None:
    """Decode as the API server does, which passes over line breaks and nothing else."""
    bare = text.replace("\n", "").replace("\r", "")
    if len(bare) % 4 or not _BASE64.fullmatch(bare):  # four characters are three bytes
        return None
    return base64.b64decode(bare)


def _shown(name: object, check: Callable[[str], str]) -> str:
    """Return a name that is one; anything else may be a value that has slipped there."""
    try:
        return check(name) if isinstance(name, str) else ""
    except ValueError:
        return ""
