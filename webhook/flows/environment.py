"""Where a variable comes from: the layers of a container's environment, as Kubernetes builds it.

A later `envFrom` element beats an earlier one, and `env` beats them all. The keys of a Secret are
known only where somebody says them, since values and keys of Secrets are never read: without them
a Secret may hold any name, and the answer says "perhaps".
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Certainty(StrEnum):
    """How sure it is that a name can be read."""

    YES = "yes"
    PERHAPS = "perhaps"  # a source whose keys are not known, or whose condition may not hold
    NO = "no"


@dataclass(frozen=True, slots=True)
class Layer:
    """One source of variables; of several that hold a name, the last layer's counts."""

    source: str  # a Secret's name, "ConfigMap settings", or "the workload's own env"
    scope: str  # that gives it; empty for one of the workload's own
    prefix: str = ""
    keys: frozenset[str] | None = None  # the variables without prefix; None: not known
    condition: str = ""  # under which it is there at all: "on request"; empty: it is

    @property
    def title(self) -> str:
        """Name it with its condition: llm-keys (on request)."""
        return f"{self.source} ({self.condition})" if self.condition else self.source

    def holds(self, name: str) -> Certainty:
        """Tell whether it gives a variable of this name."""
        if not name.startswith(self.prefix):
            return Certainty.NO
        if self.keys is None:
            return Certainty.PERHAPS
        if name.removeprefix(self.prefix) not in self.keys:
            return Certainty.NO
        return Certainty.PERHAPS if self.condition else Certainty.YES


@dataclass(frozen=True, slots=True)
class Resolution:
    """What becomes of a name on one reader."""

    certainty: Certainty
    winner: str  # the source that surely gives it, and that no other surely overrides
    perhaps: tuple[str, ...]  # sources that may give it and would win; the strongest first
    overridden: tuple[str, ...]  # sources that lose; the strongest first

    @property
    def nowhere(self) -> bool:
        """Tell whether nothing can give it."""
        return self.certainty is Certainty.NO


@dataclass(frozen=True, slots=True)
class Reader:
    """A container, or a pool's worker as the policy makes it, that runs flows."""

    title: str  # "tenant-a", "deployment/noxus-worker-tenant-a"
    namespace: str
    pool: str | None
    layers: tuple[Layer, ...]

    def names(self) -> Iterator[str]:
        """Yield the names of which somebody said that they are there."""
        for layer in self.layers:
            yield from (layer.prefix + key for key in layer.keys or ())

    def resolve(self, name: str) -> Resolution:
        """Look a name up as a flow would that runs here."""
        winner = ""
        perhaps: list[str] = []
        overridden: list[str] = []
        for layer in reversed(self.layers):
            held = layer.holds(name)
            if held is Certainty.NO:
                continue
            if winner:
                overridden.append(layer.source)  # whether it has the name or not, it loses
            elif held is Certainty.YES:
                winner = layer.source
            else:
                perhaps.append(layer.title)
        certainty = Certainty.YES if winner else Certainty.PERHAPS if perhaps else Certainty.NO
        return Resolution(certainty, winner, _once(perhaps), _once(overridden))


def known(layers: Iterable[Layer], keys: Mapping[str, frozenset[str]]) -> tuple[Layer, ...]:
    """Fill in the keys of Secrets that somebody said; `keys` is by the Secret's name."""
    return tuple(
        layer
        if layer.keys is not None or layer.source not in keys
        else Layer(layer.source, layer.scope, layer.prefix, keys[layer.source], layer.condition)
        for layer in layers
    )


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
