"""The properties can fail: each bug, put into a true answer, is noticed by its check."""

import base64
import copy
import json
from dataclasses import replace

import pytest

from tests.properties import checks
from tests.properties.asking import Outcome, answer_to, ask, read
from tests.properties.mutants import (
    BARE,
    GREEDY,
    MUTANTS,
    WORKER,
    Check,
    Mutant,
    environment_check,
    pod,
    scenario_of,
)
from tests.properties.oracle_policy import Json
from tests.properties.strategies import DRY_RUN, Scenario

EVERY_CHECK: tuple[Check, ...] = (
    checks.patch_applies,
    checks.only_allowed_paths_change,
    checks.what_is_not_managed_survives,
    checks.asking_again_gives_no_patch,
    checks.managed_sources_are_canonical,
    checks.the_pod_is_as_expected,
    checks.what_is_refused_is_refused,
    checks.what_obeys_is_allowed,
    checks.a_refusal_keeps_secrets_and_scopes_to_itself,
    checks.warnings_are_short,
    checks.no_value_comes_out,
    environment_check,
)


def response_to(scenario: Scenario) -> Json:
    """The program's true response, with its patch decoded."""
    response: Json = json.loads(answer_to(scenario).body)["response"]
    if "patch" in response:
        response["patch"] = json.loads(base64.b64decode(response["patch"]))
    return response


def as_answered(response: Json) -> Outcome:
    """The same response, encoded and read again."""
    encoded = copy.deepcopy(response)
    if encoded.get("patch"):
        encoded["patch"] = base64.b64encode(json.dumps(encoded["patch"]).encode()).decode()
    else:
        encoded.pop("patch", None)
        encoded.pop("patchType", None)
    kind = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}
    return read(json.dumps({**kind, "response": encoded}).encode(), response["uid"])


@pytest.mark.parametrize("check", EVERY_CHECK, ids=lambda check: check.__name__)
@pytest.mark.parametrize("scenario", [WORKER, scenario_of(pod("frontend"))])
def test_the_true_answer_keeps_every_promise(check: Check, scenario: Scenario) -> None:
    check(scenario, as_answered(response_to(scenario)))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.bug)
def test_a_bug_in_the_patch_is_noticed(mutant: Mutant) -> None:
    response = response_to(WORKER)
    mutant.change(response)
    outcome = as_answered(response)

    with pytest.raises(AssertionError):
        mutant.caught_by(WORKER, outcome)


@pytest.mark.parametrize("scenario", [GREEDY, BARE], ids=["greedy", "bare"])
def test_a_pod_that_slips_through_is_noticed(scenario: Scenario) -> None:
    truth = ask(scenario)
    assert not truth.allowed

    with pytest.raises(AssertionError):
        checks.what_is_refused_is_refused(scenario, replace(truth, allowed=True))


def test_a_pod_refused_for_nothing_is_noticed() -> None:
    with pytest.raises(AssertionError):
        checks.what_obeys_is_allowed(WORKER, replace(ask(WORKER), allowed=False))


def test_a_refusal_that_tells_more_than_was_asked_is_noticed() -> None:
    for told in ("mail-keys", "blue"):
        with pytest.raises(AssertionError):
            checks.a_refusal_keeps_secrets_and_scopes_to_itself(
                GREEDY, replace(ask(GREEDY), message=f"see {told}")
            )


def test_a_dry_run_that_changes_refuses_or_hides_something_is_noticed() -> None:
    truth = ask(replace(WORKER, mode=DRY_RUN))
    checks.nothing_is_changed_or_refused(WORKER, truth)
    for change in (
        {"patch": ask(WORKER).patch},
        {"allowed": False},
        {"warnings": ["app-env is not yours"]},
    ):
        with pytest.raises(AssertionError):
            checks.nothing_is_changed_or_refused(WORKER, replace(truth, **change))
