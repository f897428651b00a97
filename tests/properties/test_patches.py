"""What the mutating hook does to a pod that it allows."""

from hypothesis import given

from tests.properties import checks
from tests.properties.asking import ask, expected_of, with_object
from tests.properties.strategies import Scenario, creations, scenarios, tapes
from tests.properties.tape import Tape
from webhook.core.words import Hook, NamespaceMode

BOTH_MODES = (NamespaceMode.ENABLED, NamespaceMode.ENABLED, NamespaceMode.DRY_RUN)


@given(scenarios((Hook.MUTATE, Hook.MUTATE, Hook.VALIDATE), BOTH_MODES))
def test_every_patch_applies(scenario: Scenario) -> None:
    checks.patch_applies(scenario, ask(scenario))


@given(scenarios())
def test_only_sources_of_containers_that_take_part_and_one_annotation_change(
    scenario: Scenario,
) -> None:
    checks.only_allowed_paths_change(scenario, ask(scenario))


@given(scenarios())
def test_unknown_fields_and_unmanaged_elements_survive_byte_for_byte(scenario: Scenario) -> None:
    checks.what_is_not_managed_survives(scenario, ask(scenario))


@given(scenarios())
def test_asking_again_about_the_patched_pod_gives_no_patch(scenario: Scenario) -> None:
    outcome = ask(scenario)

    if outcome.patch:
        checks.asking_again_gives_no_patch(scenario, outcome)


@given(scenarios())
def test_managed_sources_end_up_in_the_order_of_the_policy(scenario: Scenario) -> None:
    outcome = ask(scenario)

    if outcome.allowed and not expected_of(scenario).dry_run:
        checks.managed_sources_are_canonical(scenario, outcome)


@given(creations(), tapes(32))
def test_the_order_of_managed_sources_does_not_depend_on_the_order_before(
    scenario: Scenario, tape: Tape
) -> None:
    outcome = ask(scenario)
    pod = scenario.request["object"]
    shuffled = {
        **pod,
        "spec": {
            **pod["spec"],
            "containers": [
                {**it, "envFrom": tape.some(it.get("envFrom") or [], least=64, most=64)}
                for it in pod["spec"]["containers"]
            ],
        },
    }

    again = ask(with_object(scenario, shuffled))

    assert again.allowed == outcome.allowed
    if outcome.allowed and not expected_of(scenario).dry_run:
        spec = checks.spec_of(scenario)
        first = checks.patch_applies(scenario, outcome)["spec"]["containers"]
        second = again.applied_to(shuffled)["spec"]["containers"]
        parts = checks.pairs(scenario, outcome.applied_to(pod))
        for one, other, (_, _, takes_part) in zip(first, second, parts, strict=False):
            if takes_part:
                assert checks.managed_order(one, spec) == checks.managed_order(other, spec)


@given(scenarios())
def test_the_patched_pod_is_the_one_that_the_oracle_expects(scenario: Scenario) -> None:
    outcome = ask(scenario)

    if outcome.allowed:
        checks.the_pod_is_as_expected(scenario, outcome)


@given(scenarios())
def test_the_validating_hook_allows_what_the_mutating_hook_made(scenario: Scenario) -> None:
    outcome = ask(scenario)

    if outcome.allowed:
        after = checks.patch_applies(scenario, outcome)
        verdict = ask(with_object(scenario, after, Hook.VALIDATE))
        assert verdict.allowed, verdict.message
