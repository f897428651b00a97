"""Whatever comes in: an answer or a clean refusal to read it, short, repeatable and discreet."""

import json
from contextlib import suppress

from hypothesis import given

from tests.properties import checks
from tests.properties.asking import answer_to, ask, body_of, expected_of, read
from tests.properties.junk import any_json, tampered, to_bytes
from tests.properties.names import CANARY
from tests.properties.oracle import entitlement_of, is_ephemeral_update
from tests.properties.oracle_policy import governing, managed_secrets
from tests.properties.oracle_references import Path, references
from tests.properties.requests import requests
from tests.properties.strategies import DRY_RUN, ENABLED, Scenario, scenarios, tapes
from tests.properties.tape import Tape
from tests.properties.trespasses import trespasses
from webhook.core.words import Hook
from webhook.wire.answer import Malformed

BOTH = (Hook.MUTATE, Hook.VALIDATE)
MODES = (ENABLED, DRY_RUN)


def answers_or_calls_it_malformed(scenario: Scenario, body: bytes) -> None:
    """Anything else than these two would be our fault, and looks like it to the API server."""
    with suppress(Malformed):
        raw = answer_to(scenario, body).body
        review = json.loads(body)
        outcome = read(raw, review["request"]["uid"])
        if outcome.patch:
            outcome.applied_to(review["request"]["object"])
        checks.warnings_are_short(scenario, outcome)


@given(scenarios(BOTH, MODES), tapes(160))
def test_any_json_as_the_whole_body_is_answered_or_malformed(
    scenario: Scenario, tape: Tape
) -> None:
    answers_or_calls_it_malformed(scenario, to_bytes(any_json(tape)))


@given(requests(BOTH, MODES), tapes(160))
def test_any_json_as_the_object_is_answered_or_malformed(scenario: Scenario, tape: Tape) -> None:
    request = {**scenario.request, tape.pick(("object", "oldObject")): any_json(tape)}
    answers_or_calls_it_malformed(scenario, to_bytes({**scenario.review, "request": request}))


@given(requests(BOTH, MODES), tapes(160))
def test_any_json_as_the_request_is_answered_or_malformed(scenario: Scenario, tape: Tape) -> None:
    request = {**scenario.request, tape.pick(list(scenario.request)): any_json(tape)}
    answers_or_calls_it_malformed(scenario, to_bytes({**scenario.review, "request": request}))


@given(requests(BOTH, MODES), tapes(160))
def test_junk_anywhere_in_a_review_is_answered_or_malformed(scenario: Scenario, tape: Tape) -> None:
    answers_or_calls_it_malformed(scenario, to_bytes(tampered(tape, scenario.review)))


@given(requests(BOTH, MODES), tapes(32))
def test_bytes_that_are_not_json_are_malformed_and_never_a_crash(
    scenario: Scenario, tape: Tape
) -> None:
    body = bytearray(body_of(scenario))
    for _ in range(1 + tape.number(3)):
        spot = (tape.number(256) * 256 + tape.number(256)) % len(body)
        deed = tape.number(3)
        if deed == 0:
            del body[spot:]
            body += b"}"
        elif deed == 1:
            body[spot] = tape.number(256)
        else:
            body[spot:spot] = tape.pick((b"NaN", b'"\xff"', b"[" * 3000, b'"a":1,', b"\x00"))
    with suppress(Malformed):
        answer_to(scenario, bytes(body))


@given(requests(BOTH, MODES))
def test_warnings_fit_into_the_space_that_they_are_given(scenario: Scenario) -> None:
    checks.warnings_are_short(scenario, ask(scenario))


@given(requests(BOTH, MODES))
def test_no_value_of_a_variable_ever_comes_out(scenario: Scenario) -> None:
    checks.no_value_comes_out(scenario, ask(scenario))
    assert CANARY not in repr(answer_to(scenario).record)


@given(trespasses(BOTH), tapes(160))
def test_junk_beside_a_secret_that_is_not_the_pods_opens_no_door(
    scenario: Scenario, tape: Tape
) -> None:
    spec = governing(scenario.policies, scenario.request["namespace"])
    if spec is None or expected_of(scenario).dry_run or is_ephemeral_update(scenario.request):
        return
    entitlement, pod = entitlement_of(scenario.request, spec), scenario.request["object"]
    managed = managed_secrets(spec)
    forbidden = [
        ("spec", *it.path)
        for it in references(pod)
        if it.name in managed and not entitlement.holdings(it.name)
    ]
    if not forbidden:
        return
    there = tape.pick(forbidden)

    def elsewhere(path: Path) -> bool:
        return path[:2] != ("metadata", "labels") and path not in (
            *(there[:i] for i in range(len(there) + 1)),
            ("metadata",),
            (*there, "name"),
            (*there, "secretName"),
        )

    review = {**scenario.request, "object": tampered(tape, pod, elsewhere)}
    body = to_bytes({**scenario.review, "request": review})
    with suppress(Malformed):
        assert not read(answer_to(scenario, body).body, scenario.request["uid"]).allowed
