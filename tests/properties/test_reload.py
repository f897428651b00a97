"""What a workload tells Reloader is what the policy gives to its pods, and nothing of people's."""

import copy
from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.properties.asking import Outcome, ask, expected_of
from tests.properties.checks_deployers import CONTROLLER, with_fields
from tests.properties.oracle import entitlement_of, injected_into
from tests.properties.oracle_arrangement import granted_env, granted_places
from tests.properties.oracle_policy import Json, governing
from tests.properties.strategies import Scenario, creations, tapes
from tests.properties.tape import Tape

DEPLOYMENTS = {"group": "apps", "version": "v1", "resource": "deployments"}
OURS = "secrets.noxus.ai/reload"
LISTS = {f"{kind}.reloader.stakater.com/reload": kind for kind in ("secret", "configmap")}
THEIRS = (None, "", "mine", " mine ,other,", "app-env", "worker-env, mine")


def annotating(scenario: Scenario) -> Scenario:
    """The same pods, made by a controller, under policies that annotate."""
    policies = copy.deepcopy(scenario.policies)
    for it in policies:
        it["spec"]["reload"] = {"mode": "Annotate"}
    return with_fields(replace(scenario, policies=policies), userInfo=CONTROLLER)


def of_workload(scenario: Scenario, annotations: Json) -> Scenario:
    """The pod's template in a Deployment."""
    pod = scenario.request["object"]
    template = {"metadata": pod.get("metadata"), "spec": pod["spec"]}
    workload = {"metadata": {"annotations": annotations}, "spec": {"template": template}}
    return with_fields(scenario, object=workload, resource=DEPLOYMENTS, operation="CREATE")


def annotations_of(tape: Tape) -> Json:
    """What may stand there: of people, of ours, both, or none."""
    drawn = {key: tape.pick(THEIRS) for key in LISTS}
    drawn[OURS] = tape.pick((None, "", "secret/app-env", "secret/gone,configmap/mine", "rubbish"))
    drawn["example.com/other"] = "kept"
    return {key: it for key, it in drawn.items() if it is not None}


def given_by_policy(scenario: Scenario) -> set[str]:
    """What the oracle would give to the containers of this pod, as kind/name."""
    spec = governing(scenario.policies, scenario.request["namespace"])
    if spec is None or expected_of(scenario).refusals:
        return set()
    granted = entitlement_of(scenario.request, spec).granted_scopes()
    found = set()
    for container in injected_into(scenario.request, spec):
        for place in granted_places(spec, granted, container["name"]):
            found.add(f"{place.source.kind.lower()}/{place.source.name}")
        own = {it.get("name") for it in container.get("env") or ()}
        for variable in granted_env(spec, granted, container["name"]):
            if variable["name"] not in own:
                found.add(f"secret/{variable['valueFrom']['secretKeyRef']['name']}")
    return found


def names(value: str | None) -> list[str]:
    return [it.strip() for it in (value or "").split(",") if it.strip()]


def stored(scenario: Scenario, outcome: Outcome) -> Json:
    return outcome.applied_to(scenario.request["object"])


@given(creations(), tapes(4))
def test_ours_is_what_the_policy_gives_and_theirs_stays(scenario: Scenario, tape: Tape) -> None:
    pod = annotating(scenario)
    assume(not expected_of(pod).doubts)
    before = annotations_of(tape)
    workload = of_workload(pod, before)
    after = stored(workload, ask(workload))["metadata"]["annotations"]

    dry_run = expected_of(pod).dry_run
    wanted = given_by_policy(pod)
    for key, kind in LISTS.items():
        ours = {it for it in names(before.get(OURS)) if it.startswith(f"{kind}/")}
        theirs = [it for it in names(before.get(key)) if f"{kind}/{it}" not in ours]
        told = {it.partition("/")[2] for it in wanted if it.startswith(f"{kind}/")}
        if dry_run or governing(pod.policies, pod.request["namespace"]) is None:
            assert after.get(key) == before.get(key)
            continue
        assert set(names(after.get(key))) == set(theirs) | told
        assert [it for it in names(after.get(key)) if it in theirs][: len(theirs)] == theirs
        mine = {it for it in names(after.get(OURS)) if it.startswith(f"{kind}/")}
        assert mine == {f"{kind}/{it}" for it in told - set(theirs)}


@given(creations(), tapes(4))
def test_once_annotated_there_is_nothing_to_do(scenario: Scenario, tape: Tape) -> None:
    workload = of_workload(annotating(scenario), annotations_of(tape))
    again = with_fields(workload, object=stored(workload, ask(workload)))

    assert ask(again).patch == []


@given(creations(), tapes(4))
def test_nothing_but_the_three_annotations_changes(scenario: Scenario, tape: Tape) -> None:
    workload = of_workload(annotating(scenario), annotations_of(tape))
    outcome = ask(workload)
    after = stored(workload, outcome)

    assert outcome.allowed
    before = copy.deepcopy(workload.request["object"])
    for it in (before, after):
        for key in (OURS, *LISTS):
            it["metadata"]["annotations"].pop(key, None)
    assert after == before


_KEYS = st.sampled_from([OURS, *LISTS, "reloader.stakater.com/auto", "example.com/x"])


@given(creations(), st.none() | st.dictionaries(_KEYS, st.text(max_size=40)))
def test_whatever_stands_there_is_settled_by_one_answer(
    scenario: Scenario, annotations: Json
) -> None:
    workload = of_workload(annotating(scenario), annotations)
    settled = with_fields(workload, object=stored(workload, ask(workload)))

    assert ask(settled).patch == []
