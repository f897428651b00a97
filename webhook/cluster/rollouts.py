"""What a Deployment, StatefulSet or DaemonSet says of its rollout, and what may hold it up."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from webhook.core.words import RELOADED_ANNOTATION
from webhook.rotation.written import instant

Json = dict[str, Any]

# The mark of `kubectl rollout restart`: everybody knows it, and no guard of ours minds it.
RESTARTED_AT: Final = "kubectl.kubernetes.io/restartedAt"
KINDS: Final = {
    "deployments": "Deployment",
    "statefulsets": "StatefulSet",
    "daemonsets": "DaemonSet",
}

# Of what hardly any namespace has ten: each is asked of every workload that waits.
_MOST_HOLDING: Final = 100
_MOST_REQUIREMENTS: Final = 20


@dataclass(frozen=True, slots=True)
class Requirement:
    """A part of a label selector."""

    key: str
    operator: str
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Workload:
    """One workload, as the API server has it."""

    kind: str
    path: str
    body: Json

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.body["metadata"]["name"])

    @property
    def template(self) -> Json:
        """Its pod template."""
        found = self._spec.get("template")
        return found if isinstance(found, dict) else {}

    @property
    def recorded(self) -> dict[str, str]:
        """What each source was when it was last restarted, or first seen, by kind/name."""
        text = _annotations(self.body).get(RELOADED_ANNOTATION, "")
        pairs = (it.partition("=") for it in text.split(",") if "=" in it)
        return {key.strip(): version.strip() for key, _, version in pairs}

    @property
    def restarted(self) -> datetime | None:
        """When it was last restarted, by us or by anybody."""
        return instant(_annotations(self.template).get(RESTARTED_AT))

    @property
    def is_empty(self) -> bool:
        """Whether it has no pods, so that the next one reads what is there then."""
        if self.kind == "DaemonSet":
            return not self._status.get("desiredNumberScheduled")
        return bool(self._spec.get("replicas", 1) == 0)

    @property
    def is_held(self) -> bool:
        """Whether another template would make no pods anew: somebody wants to do it by hand."""
        strategy = self._spec.get("updateStrategy") or {}
        return bool(self._spec.get("paused")) or strategy.get("type") == "OnDelete"

    @property
    def is_done(self) -> bool:
        """Whether all pods are of the present template and available."""
        status = self._status
        if status.get("observedGeneration", 0) < self.body["metadata"].get("generation", 0):
            return False
        if self.kind == "DaemonSet":
            wanted = status.get("desiredNumberScheduled", 0)
            counts = ["updatedNumberScheduled", "numberAvailable"]
        else:
            wanted = self._spec.get("replicas", 1)
            counts = ["replicas", "updatedReplicas", "availableReplicas"]
        return all(status.get(count, 0) == wanted for count in counts)

    @property
    def _spec(self) -> Json:
        return self.body.get("spec") or {}

    @property
    def _status(self) -> Json:
        return self.body.get("status") or {}


class Budgets:
    """The PodDisruptionBudgets of a namespace that allow no pod to go."""

    def __init__(self, budgets: Iterable[Json]) -> None:
        """Take all that there are."""
        self._selectors = [
            (str(it["metadata"]["name"]), _compiled(selector))
            for it in budgets
            if (selector := (it.get("spec") or {}).get("selector")) is not None
            and _allows_none(it.get("status") or {})
        ]

    def holding(self, workload: Workload) -> str | None:
        """Name one that holds the workload's pods; None: none does."""
        labels = (workload.template.get("metadata") or {}).get("labels") or {}
        for name, requirements in self._selectors[:_MOST_HOLDING]:
            if all(_holds(it, labels) for it in requirements):
                return name
        # Nobody can tell quickly what so many select: what they hold is not touched.
        return self._selectors[-1][0] if len(self._selectors) > _MOST_HOLDING else None


def _allows_none(status: Json) -> bool:
    return bool(status.get("expectedPods")) and not status.get("disruptionsAllowed")


def _compiled(selector: Mapping[str, Any]) -> list[Requirement]:
    """Return what a label selector requires; an empty one selects everything.

    One that is too long to be asked of every workload is taken for one that selects everything.
    """
    found = [
        *(
            Requirement(key, "In", frozenset((value,)))
            for key, value in (selector.get("matchLabels") or {}).items()
        ),
        *(
            Requirement(it["key"], it["operator"], frozenset(it.get("values") or ()))
            for it in selector.get("matchExpressions") or ()
        ),
    ]
    return found if len(found) <= _MOST_REQUIREMENTS else []


def _holds(requirement: Requirement, labels: Mapping[str, str]) -> bool:
    value = labels.get(requirement.key)
    match requirement.operator:
        case "In":
            return value in requirement.values
        case "NotIn":
            return value not in requirement.values
        case "Exists":
            return value is not None
        case _:  # DoesNotExist
            return value is None


def _annotations(it: Json) -> Mapping[str, str]:
    return (it.get("metadata") or {}).get("annotations") or {}
