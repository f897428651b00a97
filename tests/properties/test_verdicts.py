"""Who is refused and who is not, in both hooks, against the oracle."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.properties import checks
from tests.properties.asking import answer_to, ask, expected_of
from tests.properties.finals import finals
from tests.properties.oracle import entitlement_of, judged_references
from tests.properties.oracle_policy import governing
from tests.properties.requests import requests, standing
from tests.properties.strategies import DRY_RUN, ENABLED, Scenario, scenarios
from tests.properties.trespasses import trespasses
from webhook.core.words import Hook

BOTH = (Hook.MUTATE, Hook.VALIDATE)


@given(trespasses(BOTH))
def test_no_pod_with_a_reference_that_it_is_not_entitled_to_is_ever_allowed(
    scenario: Scenario,
) -> None:
    spec = governing(scenario.policies, scenario.request["namespace"])
    if spec is None or expected_of(scenario).dry_run:
        return

    entitlement = entitlement_of(scenario.request, spec)
    judgement = entitlement.judge_references(judged_references(scenario.request))

    assert not (judgement.refusals and ask(scenario).allowed), judgement.refusals


@given(trespasses((Hook.MUTATE,)))
def test_one_more_reference_is_refused_only_where_it_is_not_entitled_to(
    scenario: Scenario,
) -> None:
    checks.what_obeys_is_allowed(scenario, ask(scenario))


@given(requests((Hook.MUTATE,)))
def test_the_mutating_hook_refuses_what_the_policy_says_no_to(scenario: Scenario) -> None:
    checks.what_is_refused_is_refused(scenario, ask(scenario))


@given(st.one_of(finals(), requests((Hook.VALIDATE,))))
def test_the_validating_hook_refuses_what_the_policy_says_no_to(scenario: Scenario) -> None:
    checks.what_is_refused_is_refused(scenario, ask(scenario))


@given(requests((Hook.MUTATE,)))
def test_the_mutating_hook_refuses_nothing_that_obeys(scenario: Scenario) -> None:
    checks.what_obeys_is_allowed(scenario, ask(scenario))


@given(st.one_of(finals(), standing()))
def test_the_validating_hook_refuses_nothing_that_obeys(scenario: Scenario) -> None:
    checks.what_obeys_is_allowed(scenario, ask(scenario))


@given(st.one_of(finals(), requests(BOTH)))
def test_a_refusal_names_no_secret_or_scope_that_the_pod_did_not_mention(
    scenario: Scenario,
) -> None:
    checks.a_refusal_keeps_secrets_and_scopes_to_itself(scenario, ask(scenario))


@given(requests(BOTH, (DRY_RUN,)))
def test_in_a_dry_run_namespace_nothing_is_changed_or_refused(scenario: Scenario) -> None:
    checks.nothing_is_changed_or_refused(scenario, ask(scenario))


@given(requests(BOTH, (ENABLED, DRY_RUN)))
def test_under_a_dry_run_policy_nothing_is_changed_or_refused(scenario: Scenario) -> None:
    policies = [{**it, "spec": {**it["spec"], "mode": "DryRun"}} for it in scenario.policies]
    scenario = replace(scenario, policies=policies)

    if governing(policies, scenario.request["namespace"]) is not None:
        checks.nothing_is_changed_or_refused(scenario, ask(scenario))


@given(requests(BOTH))
def test_a_dry_run_reports_the_decision_that_enforcement_would_have_made(
    scenario: Scenario,
) -> None:
    enforced, rehearsed = answer_to(scenario), answer_to(replace(scenario, mode=DRY_RUN))
    refused = not ask(scenario).allowed

    if scenario.hook is Hook.MUTATE:
        assert rehearsed.record.decision == enforced.record.decision
        assert rehearsed.record.reason == enforced.record.reason
        assert ask(replace(scenario, mode=DRY_RUN)).warnings or not refused
    else:
        # It judges what the mutating hook would have made of the pod, which may be less to refuse.
        assert refused or rehearsed.record.decision == enforced.record.decision


@given(scenarios(BOTH))
def test_an_allowed_pod_is_warned_of_what_the_guards_say_and_of_nothing_else(
    scenario: Scenario,
) -> None:
    outcome = ask(scenario)

    if outcome.allowed and not expected_of(scenario).dry_run:
        checks.it_warns_where_a_guard_has_a_reason(scenario, outcome)
        checks.only_a_pod_that_looks_like_a_worker_gets_the_hint(scenario, outcome)
