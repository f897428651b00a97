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


def holding(budgets: Iterable[Json], workload: Workload) -> str | None:
    """Name a PodDisruptionBudget that allows none of the workload's pods to go; None: none does."""
    labels = (workload.template.get("metadata") or {}).get("labels") or {}
    for it in budgets:
        spec, status = it.get("spec") or {}, it.get("status") or {}
        selector = spec.get("selector")
        if selector is None or not status.get("expectedPods"):
            continue
        if not status.get("disruptionsAllowed") and _selects(selector, labels):
            return str(it["metadata"]["name"])
    return None


def _selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Apply a label selector as Kubernetes does; an empty one selects everything."""
    if any(labels.get(key) != it for key, it in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_holds(it, labels) for it in selector.get("matchExpressions") or ())


def _holds(requirement: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value, values = labels.get(requirement["key"]), requirement.get("values") or ()
    match requirement["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case _:  # DoesNotExist
            return value is None


def _annotations(it: Json) -> Mapping[str, str]:
    return (it.get("metadata") or {}).get("annotations") or {}
