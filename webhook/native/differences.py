"""In what the objects differ from the webhook: said by the command, and proved by the tests.

Each difference is about policies (`touches`) and about what came of one request by the two ways
(`explains`). A test sends the same requests both ways; what no difference explains fails it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from webhook.core.policy import Reaction
from webhook.core.tables import CompiledPolicy


class Effect(StrEnum):
    """Which way a difference goes."""

    WEAKER = "weaker"  # something passes that the webhook refuses
    STRICTER = "stricter"  # something is refused that the webhook lets pass
    SILENT = "silent"  # something is not said, or not noted
    WORDING = "wording"  # something is said in other words


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of one request, sent both ways: stored, refused by a policy, or invalid."""

    what: str  # pods, debug (containers), workloads or images
    webhook: str
    native: str
    message: str  # of the API server, by the native policies
    updates: bool  # an object that was there


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference, for people, with when it matters."""

    name: str
    effect: Effect
    webhook: str
    native: str
    touches: Callable[[CompiledPolicy], bool]
    explains: Callable[[Compared], bool]


def differences(policy: CompiledPolicy) -> Iterator[Difference]:
    """Yield the differences that this policy is touched by."""
    return (it for it in EVERY if it.touches(policy))


def _always(_: CompiledPolicy) -> bool:
    return True


def _nothing(_: Compared) -> bool:
    """Explain nothing: it shows in no verdict."""
    return False


def _passes(*what: str) -> Callable[[Compared], bool]:
    return lambda it: it.what in what and it.webhook == "refused" and it.native == "stored"


def _refused_alone(it: Compared) -> bool:
    return it.webhook == "stored" and it.native == "refused"


def _has_other_kinds(policy: CompiledPolicy) -> bool:
    return bool(policy.workloads)


def _has_deployers(policy: CompiledPolicy) -> bool:
    return policy.has_deployers


def _annotates(policy: CompiledPolicy) -> bool:
    return policy.annotate


def _warns_of_order(policy: CompiledPolicy) -> bool:
    return policy.guard.shadowing is not Reaction.ALLOW


def _too_costly(it: Compared) -> bool:
    """Tell whether CEL gave up; the API server says so in these words."""
    spent = "cost limit exceeded" in it.message or "exceeded budget" in it.message
    return _refused_alone(it) and spent


EVERY = (
    Difference(
        "copy",
        Effect.SILENT,
        "follows the policy when that changes",
        "the objects are a copy of it: export and apply them again",
        _always,
        _nothing,
    ),
    Difference(
        "updates-of-workloads",
        Effect.STRICTER,
        "holds a changed template to what it adds",
        "holds a changed template to all of it, as its pods will be",
        _always,
        lambda it: it.what == "workloads" and it.updates and _refused_alone(it),
    ),
    Difference(
        "other-kinds",
        Effect.WEAKER,
        "judges the kinds of spec.workloads, such as Rollout, when they are applied",
        "judges the kinds of Kubernetes itself, and of the others the pods",
        _has_other_kinds,
        _nothing,
    ),
    Difference(
        "deployers-of-changes",
        Effect.WEAKER,
        "asks who changes the image of a pod, adds a debug container to it, or writes a "
        "ControllerRevision",
        "asks who creates pods and writes workloads, and leaves the rest to RBAC",
        _has_deployers,
        _passes("images", "debug"),
    ),
    Difference(
        "invalid-first",
        Effect.WORDING,
        "refuses before the API server looks whether the pod is valid",
        "a pod that is also invalid is told that first",
        _always,
        lambda it: (it.webhook, it.native) == ("refused", "invalid"),
    ),
    Difference(
        "cost",
        Effect.STRICTER,
        "decides about every pod that the API server takes",
        "a pod with hundreds of containers or thousands of references costs more than CEL may "
        "spend, and is refused",
        _always,
        _too_costly,
    ),
    Difference(
        "refusals",
        Effect.WORDING,
        "says which condition does not hold, and gives a rule for a pod without a role",
        "says whose the Secret is and who the pod is; at most five findings",
        _always,
        _nothing,
    ),
    Difference(
        "warnings",
        Effect.SILENT,
        "guesses at misspelt roles and at workers without a role; clips to 120 characters",
        "one warning for each guard, with the name of the policy in front",
        _always,
        _nothing,
    ),
    Difference(
        "later-sources",
        Effect.SILENT,
        "warns of a source of the pod's own behind the managed ones, which may override them",
        "says nothing of sources of the pod's own behind the managed ones",
        _warns_of_order,
        _nothing,
    ),
    Difference(
        "dry-run",
        Effect.SILENT,
        "in dry run says what it would inject",
        "warns of what it would refuse, and changes nothing",
        _always,
        _nothing,
    ),
    Difference(
        "reload",
        Effect.SILENT,
        "annotates workloads for Reloader",
        "leaves the annotations of workloads as they are",
        _annotates,
        _nothing,
    ),
    Difference(
        "records",
        Effect.SILENT,
        "metrics, logs, Events, audit annotations for each decision",
        "the API server's own metrics, and its audit annotation of what failed",
        _always,
        _nothing,
    ),
)
