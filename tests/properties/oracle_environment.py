"""What the kubelet makes of a container's `envFrom` and `env`, over a pretended world.

First every `envFrom` element in order, a later one over an earlier one; then every `env` element
in order, over all of them. `$(VAR)` is expanded with what stands there by then, as it is the
reason why injected variables go to the front.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from tests.properties.oracle_policy import Json

Data = dict[str, str]


class CannotStart(Exception):
    """A Secret, ConfigMap or key is missing and not optional: CreateContainerConfigError."""


@dataclass(frozen=True)
class World:
    """The Secrets and ConfigMaps of one namespace: name -> key -> value."""

    secrets: dict[str, Data] = field(default_factory=dict)
    config_maps: dict[str, Data] = field(default_factory=dict)

    def holdings(self, element: Json) -> Data:
        """The variables that one element of `envFrom` gives, under their final names."""
        for kind, store in (("secretRef", self.secrets), ("configMapRef", self.config_maps)):
            reference = element.get(kind)
            if reference is not None:
                data = _present(store, reference.get("name") or "", reference)
                prefix = element.get("prefix") or ""
                return {prefix + key: value for key, value in (data or {}).items()}
        return {}

    def read(self, variable: Json, so_far: Data) -> str | None:
        """The value of one element of `env`; None where an optional one is missing."""
        if variable.get("value"):
            return expand(variable["value"], so_far)
        source: Json = variable.get("valueFrom") or {}
        for kind, store in (("secretKeyRef", self.secrets), ("configMapKeyRef", self.config_maps)):
            reference = source.get(kind)
            if reference is not None:
                data = _present(store, reference.get("name") or "", reference)
                return _present(data or {}, reference["key"], reference)
        return ""


def expand(text: str, so_far: Data) -> str:
    """`$(NAME)` is replaced where NAME is already there, `$$` is an escaped dollar."""

    def one(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        return so_far.get(match[1], match[0])

    return re.sub(r"\$\$|\$\(([^)]*)\)", one, text)


def environment(container: Json, world: World) -> Data:
    """The container's variables. Raises CannotStart where the kubelet would not start it."""
    result: Data = {}
    for element in container.get("envFrom") or []:
        result |= world.holdings(element)
    for variable in container.get("env") or []:
        value = world.read(variable, result)
        if value is not None:
            result[variable["name"]] = value
    return result


def _present(store: dict[str, Any], name: str, reference: Json) -> Any:  # noqa: ANN401 — data or value
    if name not in store and not reference.get("optional"):
        raise CannotStart(name)
    return store.get(name)
