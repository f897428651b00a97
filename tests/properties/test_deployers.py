"""Who deploys: authenticated, never omitted silently, and nothing that an author can write."""

import copy

from hypothesis import given

from tests.properties import checks_deployers
from tests.properties.asking import ask
from tests.properties.checks_deployers import NOBODY, as_user, with_fields
from tests.properties.oracle_policy import Json
from tests.properties.requests import requests, standing
from tests.properties.strategies import Scenario, tapes
from tests.properties.tape import Tape
from tests.properties.users import LOOK_ALIKES


@given(requests())
def test_who_may_not_deploy_is_refused_and_never_given_less(scenario: Scenario) -> None:
    checks_deployers.nobody_is_given_less_than_a_deployer(scenario, ask(scenario))


@given(requests())
def test_what_anybody_may_do_a_controller_of_kubernetes_may(scenario: Scenario) -> None:
    checks_deployers.a_deployer_is_never_refused_more(scenario, ask(scenario))


@given(requests(), tapes(1))
def test_who_only_looks_like_a_deployer_may_do_what_nobody_in_particular_may(
    scenario: Scenario, tape: Tape
) -> None:
    name, groups = tape.pick(LOOK_ALIKES)
    look_alike = as_user(scenario, {"username": name, "groups": groups})

    assert ask(look_alike).allowed == ask(as_user(scenario, NOBODY)).allowed


@given(requests())
def test_owner_references_change_nothing(scenario: Scenario) -> None:
    checks_deployers.owners_are_never_read(scenario, ask(scenario))


@given(standing())
def test_where_no_policy_asks_for_deployers_it_makes_no_difference_who_asks(
    scenario: Scenario,
) -> None:
    policies = [without_deployers(it) for it in scenario.policies]
    free = Scenario(policies, scenario.hook, scenario.mode, scenario.review)

    assert ask(free).allowed == ask(as_user(free, NOBODY)).allowed
    if scenario.request["resource"]["resource"] == "pods":
        assert ask(free).allowed, "of a pod that stands there only its deployers are judged"


@given(requests())
def test_the_groups_of_a_user_may_come_in_any_order(scenario: Scenario) -> None:
    who = scenario.request["userInfo"]
    turned = with_fields(
        scenario, userInfo={**who, "groups": list(reversed(who.get("groups") or []))}
    )

    assert ask(turned).raw == ask(scenario).raw


def without_deployers(policy: Json) -> Json:
    free = copy.deepcopy(policy)
    spec = free["spec"]
    pools = (spec.get("worker") or {}).get("pools") or {}
    for limits in (*(spec.get("scopes") or []), *pools.values()):
        limits.pop("deployers", None)
    return free
