"""What the webhook must answer to one request: the whole decision."""

from dataclasses import dataclass

from tests.properties.oracle import (
    entitlement_of,
    expected_pod,
    is_ephemeral_update,
    judge_identity,
    judge_presence,
    judge_shadowing,
    judged_references,
)
from tests.properties.oracle_entitlement import Judgement, Refusal
from tests.properties.oracle_policy import Json, governing, is_dry_run
from tests.properties.oracle_standing import changes_an_image, judge_standing
from tests.properties.oracle_workloads import judge_workload


@dataclass(frozen=True)
class Expected:
    """The oracle's answer, before anybody asks in which mode it is applied."""

    refusals: tuple[Refusal, ...]
    doubts: tuple[Refusal, ...]
    dry_run: bool
    pod: Json  # as the mutating hook must leave it when nothing is refused

    @property
    def is_refused(self) -> bool:
        return bool(self.refusals) and not self.dry_run

    @property
    def may_be_refused(self) -> bool:
        return bool(self.refusals or self.doubts) and not self.dry_run


def is_of_pods(request: Json) -> bool:
    plural: str = request.get("resource", {"resource": "pods"})["resource"]
    return plural == "pods"


def is_of_images(request: Json) -> bool:
    """An update of a pod itself, which can change hardly more than an image."""
    return (
        is_of_pods(request)
        and request["operation"] == "UPDATE"
        and not is_ephemeral_update(request)
    )


def is_arranged(request: Json) -> bool:
    """Is it the kind of request that is injected?"""
    return is_of_pods(request) and not is_of_images(request)


def expected(
    request: Json, policies: list[Json], *, validating: bool, namespace_dry_run: bool
) -> Expected:
    """The whole decision. Policies are the documents of a policy file."""
    spec = governing(policies, request["namespace"])
    if spec is None:
        return _without_policy(request, namespace_dry_run=namespace_dry_run)
    dry_run = namespace_dry_run or is_dry_run(spec)
    if is_arranged(request):
        judgement = _judge_pod(request, spec, validating=validating)
        if not (dry_run or validating):
            pod = expected_pod(request, spec)
            return Expected(tuple(judgement.refusals), tuple(judgement.doubts), dry_run, pod)
    elif not validating:
        judgement = Judgement()  # the mutating hook has no part in what is not injected
    elif is_of_pods(request):
        judgement = judge_standing(request, spec) if changes_an_image(request) else Judgement()
    elif request.get("subResource"):
        judgement = Judgement()
    else:
        judgement = judge_workload(request, spec)
    refusals, doubts = tuple(judgement.refusals), tuple(judgement.doubts)
    return Expected(refusals, doubts, dry_run, request["object"])


def _without_policy(request: Json, *, namespace_dry_run: bool) -> Expected:
    """Pods are refused; that workloads are only warned of is not promised, nor the opposite."""
    wrong = (Refusal("no policy covers it", request["namespace"]),)
    refusals = wrong if is_arranged(request) else ()
    doubts = wrong if not is_of_pods(request) and request["operation"] == "CREATE" else ()
    return Expected(refusals, doubts, namespace_dry_run, request["object"])


def _judge_pod(request: Json, spec: Json, *, validating: bool) -> Judgement:
    entitlement = entitlement_of(request, spec)
    judgement = entitlement.judge_references(judged_references(request))
    judgement.refusals += judge_identity(request, entitlement)
    judgement.refusals += judge_shadowing(request, entitlement)
    if validating:
        judgement.refusals += judge_presence(request, spec)
    if is_ephemeral_update(request):
        standing = judge_standing(request, spec)
        judgement.refusals += standing.refusals
        judgement.doubts += standing.doubts
    return judgement
