"""What is wrong with a workload: the asks of its templates, and of an update only what it adds."""

from typing import Any

from tests.properties.oracle import (
    entitlement_of,
    judge_identity,
    judge_shadowing,
    service_account_of,
)
from tests.properties.oracle_entitlement import Entitlement, Judgement, Refusal, accesses_of
from tests.properties.oracle_policy import Json
from tests.properties.oracle_references import Path, Reference, references
from tests.properties.oracle_templates import but_restarts, places_of_templates, templates_of


def judge_workload(request: Json, spec: Json) -> Judgement:
    places = places_of_templates(request, spec)
    new, old = (templates_of(request.get(it), places) for it in ("object", "oldObject"))
    result = Judgement()
    for path, template in new.items():
        one = _judge_template(request, spec, template, path, old)
        result.refusals += one.refusals
        result.doubts += one.doubts
    return result


def as_pod(request: Json, template: Json, *, user: bool) -> Json:
    """The creation of the pod that a template makes, by the same user or by whomever."""
    given = {"namespace": request["namespace"], "operation": "CREATE", "isTemplate": True}
    who = {"userInfo": request.get("userInfo")} if user else {"userInfo": ANYBODY}
    return {**given, **who, "object": template}


def pods_of(request: Json, spec: Json) -> list[Json]:
    """The request as it is about a pod, or as the creations of the pods of a workload."""
    if request["resource"]["resource"] == "pods":
        return [request]
    templates = templates_of(request["object"], places_of_templates(request, spec))
    return [as_pod(request, it, user=True) for it in templates.values()]


# One of the controllers, who may deploy everything: what is refused to them is refused to all.
ANYBODY = {"username": "system:serviceaccount:kube-system:job-controller"}


def wrong_with(request: Json, spec: Json, template: Json, *, user: bool) -> Judgement:
    """Everything for which the pods of a template would be refused."""
    creation = as_pod(request, template, user=user)
    entitlement = entitlement_of(creation, spec)
    judgement = entitlement.judge_references(references(creation["object"]))
    asked = judge_identity(creation, entitlement) + judge_shadowing(creation, entitlement)
    return Judgement(asked + judgement.refusals, judgement.doubts)


def _judge_template(
    request: Json, spec: Json, template: Json, path: Path, old: dict[Path, Json]
) -> Judgement:
    of_anybody = wrong_with(request, spec, template, user=False)
    of_user = wrong_with(request, spec, template, user=True)
    result = Judgement(doubts=of_user.doubts + of_anybody.doubts)
    for refusal in of_anybody.refusals:
        if refusal.why == "no known role" and path in old and _is_nobody(request, spec, old[path]):
            continue  # nobody before, whatever it asked for then, and nobody now
        if not any(_was_there(request, spec, refusal, it) for it in old.values()):
            result.refusals.append(refusal)
        elif not (
            path in old
            and _same_place(refusal, wrong_with(request, spec, old[path], user=False))
            and _is_who_it_was(request, spec, template, old[path])
        ):
            result.doubts.append(refusal)
    of_deployers = [it for it in of_user.refusals if it not in of_anybody.refusals]
    if path in old and but_restarts(old[path]) == but_restarts(template):
        pass  # nothing changed, or the workload is restarted: everybody may do that
    elif but_restarts(template) in [but_restarts(it) for it in old.values()]:
        result.doubts += of_deployers  # it only moved to another place
    else:
        result.refusals += of_deployers
    return result


def _was_there(request: Json, spec: Json, refusal: Refusal, old: Json) -> bool:
    """Did the old template have as much, in whatever place, and was that as wrong?"""
    before = wrong_with(request, spec, old, user=False).refusals
    if refusal.reference is None:
        return refusal in before
    accesses = {
        access
        for it in before
        if it.reference and it.name == refusal.name
        for access in accesses_of(it.reference)
    }
    return all(
        access in accesses or (None, access[1]) in accesses
        for access in accesses_of(refusal.reference)
    )


def _same_place(refusal: Refusal, before: Judgement) -> bool:
    return _but_indices(refusal) in [_but_indices(it) for it in before.refusals]


def _but_indices(refusal: Refusal) -> tuple[Any, ...]:
    """The same thing said without its place in lists, as moving it there adds nothing."""
    reference = refusal.reference
    return (refusal.why, refusal.name, reference and _where(reference))


def _where(reference: Reference) -> tuple[Any, ...]:
    steps = tuple(step for step in reference.path if isinstance(step, str))
    return (steps, reference.keys, reference.containers)


def _is_who_it_was(request: Json, spec: Json, new: Json, old: Json) -> bool:
    """Role, pool and ServiceAccount: with another one the same ask is another."""
    one, other = (_entitlement(request, spec, it) for it in (new, old))
    return one.identity == other.identity and service_account_of(new) == service_account_of(old)


def _is_nobody(request: Json, spec: Json, template: Json) -> bool:
    return _entitlement(request, spec, template).identity.role is None


def _entitlement(request: Json, spec: Json, template: Json) -> Entitlement:
    return entitlement_of(as_pod(request, template, user=False), spec)
