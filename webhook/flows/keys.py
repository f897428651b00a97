"""Manifests -> the names of the variables that Secrets and ConfigMaps hold; never a value."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from webhook.core.lists import each

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KeyList:
    """The keys of one object, as a manifest says them."""

    source: str  # as layers name it: a Secret's name, or "ConfigMap settings"
    namespace: str  # empty: the manifest names none
    keys: frozenset[str]


def key_lists(value: object) -> Iterator[KeyList]:
    """Yield what the objects of a document say; other kinds say nothing."""
    for _, it in each(value):
        if isinstance(it, dict) and (found := _keys(it)) is not None:
            source, keys = found
            yield KeyList(source, str(_member(it, "metadata").get("namespace") or ""), keys)


def in_namespace(lists: Iterable[KeyList], namespace: str) -> dict[str, frozenset[str]]:
    """Return the keys by source in one namespace; manifests without a namespace count for all."""
    found: dict[str, frozenset[str]] = {}
    for it in sorted(lists, key=lambda it: it.namespace):  # those without one first
        if it.namespace in ("", namespace):
            found[it.source] = it.keys
    return found


def _keys(value: Json) -> tuple[str, frozenset[str]] | None:
    name = str(_member(value, "metadata").get("name") or "")
    spec = _member(value, "spec")
    match value.get("kind"):
        case "Secret":
            return name, _names(value, "data", "stringData")
        case "ConfigMap":
            return f"ConfigMap {name}", _names(value, "data")
        case "SealedSecret":
            return name, _names(spec, "encryptedData")
        case "ExternalSecret" if not _is_open(spec):
            entries = spec.get("data")
            keys = {
                str(it["secretKey"])
                for it in (entries if isinstance(entries, list) else ())
                if isinstance(it, dict) and it.get("secretKey")
            }
            return str(_member(spec, "target").get("name") or name), frozenset(keys)
    return None


def _is_open(spec: Json) -> bool:
    """Tell whether an ExternalSecret makes keys that it does not name under `data`."""
    template = _member(_member(spec, "target"), "template")
    return any((spec.get("dataFrom"), template.get("data"), template.get("templateFrom")))


def _names(value: Json, *members: str) -> frozenset[str]:
    return frozenset(str(key) for member in members for key in _member(value, member))


def _member(value: Json, name: str) -> Json:
    member = value.get(name)
    return member if isinstance(member, dict) else {}
