"""What this version expects of its own objects in a cluster, and where they differ from it.

`expected.json` holds it, made of the manifests by `python -m tools.doctor_expected`.
"""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, Final

Json = Any

OWN: Final = "noxus-secrets"  # the namespace of the manifests
GUARD: Final = "noxus-secrets-injection-label"
CONFIGURATION: Final = "noxus-secrets"
# Which each installation puts in by itself.
_OWN_WAY: Final = frozenset({"caBundle"})


def expected(namespace: str = OWN) -> dict[str, Json]:
    """Return the entries of both configurations, and the specs of the guard and its binding.

    `deployers` are the entries of the validating one where the component of that name is added.
    """
    content = json.loads(files(__package__).joinpath("expected.json").read_text(encoding="utf-8"))
    moved = {name: _moved(value, namespace) for name, value in content.items()}
    moved["deployers"] = _merged(moved["validating"], moved["deployers"])
    return moved


def _merged(entries: list[Json], patch: list[Json]) -> list[Json]:
    """Apply a patch of entries by their names, as kustomize does."""
    merged = {it["name"]: it for it in entries}
    for entry in patch:
        merged[entry["name"]] = {**merged.get(entry["name"], {}), **entry}
    return list(merged.values())


def _moved(value: Json, namespace: str) -> Json:
    """Put another namespace in the place of the manifests' own."""
    if isinstance(value, dict):
        return {key: _moved(it, namespace) for key, it in value.items()}
    if isinstance(value, list):
        return [_moved(it, namespace) for it in value]
    return namespace if value == OWN else value


def differences(wanted: Json, found: Json, path: str = "") -> Iterator[str]:
    """Yield the paths where what the API server has is not what is wanted.

    What is not wanted and empty is what the API server adds by itself. An order is a difference:
    of rules and values it says nothing, but nobody changes it by accident.
    """
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key in sorted({*wanted, *found} - _OWN_WAY):
            inner = f"{path}.{key}" if path else key
            if key in wanted:
                yield from differences(wanted[key], found.get(key), inner)
            elif found[key]:
                yield inner
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from differences(one, other, f"{path}[{number}]")
    elif wanted != found:
        yield path
