"""Lists of objects, as `kubectl get` and the API write them: the objects in them."""

from collections.abc import Iterator
from typing import Any, Final

Path = tuple[str | int, ...]

_LIST: Final = "List"


def each(value: object) -> Iterator[tuple[Path, Any]]:
    """Yield the objects of a document in order, each with its place; Lists may hold Lists.

    What is no List is yielded as it is, whatever it is.
    """
    waiting: list[tuple[Path, Any]] = [((), value)]
    while waiting:  # no recursion, since a List may be nested as deeply as somebody likes
        path, it = waiting.pop()
        items = _items(it)
        if items is None:
            yield path, it
        else:
            waiting += [((*path, "items", i), items[i]) for i in reversed(range(len(items)))]


def _items(value: object) -> list[Any] | None:
    """Return what a List holds; None: it is none."""
    if not isinstance(value, dict):
        return None
    kind, items = value.get("kind"), value.get("items")
    if not (isinstance(kind, str) and kind.endswith(_LIST) and isinstance(items, list)):
        return None
    if kind == _LIST:
        return items
    # In a list of the API, such as a SecretList, objects do not say what they are.
    said = {"kind": kind.removesuffix(_LIST)}
    if "apiVersion" in value:
        said["apiVersion"] = value["apiVersion"]
    return [said | item if isinstance(item, dict) else item for item in items]
