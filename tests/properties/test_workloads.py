"""Workloads are judged as their pods will be, and an update only for what it adds."""

import copy

from hypothesis import given
from hypothesis import strategies as st

from tests.properties import checks_deployers
from tests.properties.asking import ask, expected_of
from tests.properties.changes import move_things, restart
from tests.properties.checks_deployers import CONTROLLER, as_user, with_fields
from tests.properties.oracle_policy import Json, governing
from tests.properties.oracle_workloads import pods_of
from tests.properties.requests import standing
from tests.properties.strategies import ENABLED, Scenario, tapes
from tests.properties.tape import Tape
from tests.properties.trespass import trespass
from tests.properties.workloads import workload
from webhook.core.words import Hook


def workloads(*, greedy: int = 25) -> st.SearchStrategy[Scenario]:
    return tapes().map(lambda tape: workload(tape, Hook.VALIDATE, ENABLED, greedy=greedy))


def templates(scenario: Scenario, workload: Json) -> list[Json]:
    """The templates of this object, the very ones, to be changed where they stand."""
    spec = governing(scenario.policies, scenario.request["namespace"]) or {}
    return [it["object"] for it in pods_of({**scenario.request, "object": workload}, spec)]


def updated_to(scenario: Scenario, new: Json) -> Scenario:
    """What was asked about stands there, and is written as something else."""
    return with_fields(
        scenario, operation="UPDATE", oldObject=scenario.request["object"], object=new
    )


@given(workloads(), tapes(4))
def test_everybody_may_restart_and_scale_whatever_stands_there(
    scenario: Scenario, tape: Tape
) -> None:
    new = copy.deepcopy(scenario.request["object"])
    new.setdefault("spec", {})["replicas"] = tape.number(3)
    for template in templates(scenario, new):
        if tape.chance(60):
            restart(tape, template)

    assert ask(updated_to(scenario, new)).allowed


@given(workloads(), tapes(4))
def test_moving_things_about_adds_nothing(scenario: Scenario, tape: Tape) -> None:
    new = copy.deepcopy(scenario.request["object"])
    for template in templates(scenario, new):
        move_things(tape, template)

    outcome = ask(as_user(updated_to(scenario, new), CONTROLLER))

    assert outcome.allowed, outcome.message


@given(workloads(greedy=0), tapes(32))
def test_one_reference_more_is_refused_where_its_pods_are_not_entitled_to_it(
    scenario: Scenario, tape: Tape
) -> None:
    new = copy.deepcopy(scenario.request["object"])
    for template in templates(scenario, new)[:1]:
        trespass(tape, template["spec"], "containers")
    updated = updated_to(scenario, new)
    wanted = expected_of(updated)
    outcome = ask(updated)

    assert not (wanted.is_refused and outcome.allowed), wanted.refusals
    assert outcome.allowed or wanted.may_be_refused, outcome.message


@given(workloads())
def test_a_new_workload_is_allowed_if_and_only_if_its_pods_are(scenario: Scenario) -> None:
    new = with_fields(scenario, operation="CREATE", oldObject=None)

    # That its pods will be refused where no policy is in force is a warning to the author.
    if governing(scenario.policies, scenario.request["namespace"]):
        checks_deployers.its_pods_may_be_created(new, ask(new))


@given(workloads())
def test_what_a_controller_creates_its_author_could_have_created(scenario: Scenario) -> None:
    new = with_fields(scenario, operation="CREATE", oldObject=None)

    checks_deployers.its_controller_is_given_no_more(new, ask(new))


@given(standing((ENABLED,)))
def test_the_mutating_hook_leaves_alone_what_stands_there(scenario: Scenario) -> None:
    mutating = Scenario(scenario.policies, Hook.MUTATE, scenario.mode, scenario.review)

    outcome = ask(mutating)

    assert outcome.allowed
    assert not outcome.patch
