"""Whatever comes in: an answer or a clean refusal to read it, short, repeatable and discreet."""

import copy
import json
from contextlib import suppress
from typing import Any

from hypothesis import given

from tests.properties import checks
from tests.properties.asking import answer_to, ask, body_of, read
from tests.properties.names import CANARY
from tests.properties.oracle_references import Path, nodes
from tests.properties.strategies import DRY_RUN, ENABLED, Scenario, scenarios, tapes
from tests.properties.tape import Tape
from webhook.core.words import Hook
from webhook.wire.answer import Malformed

BOTH = (Hook.MUTATE, Hook.VALIDATE)
MODES = (ENABLED, DRY_RUN)
KEYS = (
    "apiVersion", "kind", "request", "uid", "object", "oldObject", "namespace", "operation",
    "metadata", "labels", "annotations", "spec", "containers", "initContainers", "envFrom", "env",
    "ephemeralContainers", "name", "secretRef", "configMapRef", "valueFrom", "secretKeyRef", "key",
    "prefix", "optional", "volumes", "secret", "secretName", "items", "projected", "sources",
    "volumeMounts", "imagePullSecrets", "serviceAccountName", "userInfo", "groups", "resource",
)  # fmt: skip
JUNK: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 1e308, 10**30, "", " ", "app-env", "noxus.ai/role", "\x00",
    "\ud800", "é" * 200, [], {}, [None], [[]], [{}], {"": None}, {"name": None}, {"name": 5},
    {"secretRef": []}, [{"secretRef": {"name": ["app-env"]}}], [{"name": "api"}],
    {"metadata": None, "spec": None}, "v1", "Pod", "AdmissionReview", "CREATE", "UPDATE",
)  # fmt: skip


def any_json(tape: Tape, depth: int = 0) -> Any:  # noqa: ANN401 — any JSON
    """JSON of any shape, with the field names that the webhook looks for."""
    kind = tape.number(4) if depth < 6 else 0
    if kind == 1:
        return [any_json(tape, depth + 1) for _ in range(tape.number(4))]
    if kind > 1:
        return {tape.pick(KEYS): any_json(tape, depth + 1) for _ in range(tape.number(5))}
    return copy.deepcopy(tape.pick(JUNK))


def replaced(value: Any, path: Path, junk: Any) -> Any:  # noqa: ANN401 — any JSON
    """The same JSON with another value at one path."""
    if not path:
        return junk
    result = copy.copy(value)
    result[path[0]] = replaced(value[path[0]], path[1:], junk)
    return result


def tampered(tape: Tape, value: Any) -> Any:  # noqa: ANN401 — any JSON
    """The same JSON with junk in one to three places."""
    for _ in range(1 + tape.number(3)):
        paths = [path for path, _ in nodes(value)]
        chosen = tape.number(256) * 256 + tape.number(256)
        junk = any_json(tape) if tape.chance(40) else copy.deepcopy(tape.pick(JUNK))
        value = replaced(value, paths[chosen % len(paths)], junk)
    return value


def answers_or_calls_it_malformed(scenario: Scenario, body: bytes) -> None:
    """Anything else than these two would be our fault, and looks like it to the API server."""
    with suppress(Malformed):
        raw = answer_to(scenario, body).body
        review = json.loads(body)
        outcome = read(raw, review["request"]["uid"])
        if outcome.patch:
            outcome.applied_to(review["request"]["object"])
        checks.warnings_are_short(scenario, outcome)


def to_bytes(value: Any) -> bytes:  # noqa: ANN401 — any JSON
    return json.dumps(value).encode()


@given(scenarios(BOTH, MODES), tapes(160))
def test_any_json_as_the_whole_body_is_answered_or_malformed(
    scenario: Scenario, tape: Tape
) -> None:
    answers_or_calls_it_malformed(scenario, to_bytes(any_json(tape)))


@given(scenarios(BOTH, MODES), tapes(160))
def test_any_json_as_the_object_is_answered_or_malformed(scenario: Scenario, tape: Tape) -> None:
    request = {**scenario.request, tape.pick(("object", "oldObject")): any_json(tape)}
    answers_or_calls_it_malformed(scenario, to_bytes({**scenario.review, "request": request}))


@given(scenarios(BOTH, MODES), tapes(160))
def test_any_json_as_the_request_is_answered_or_malformed(scenario: Scenario, tape: Tape) -> None:
    request = {**scenario.request, tape.pick(list(scenario.request)): any_json(tape)}
    answers_or_calls_it_malformed(scenario, to_bytes({**scenario.review, "request": request}))


@given(scenarios(BOTH, MODES), tapes(160))
def test_junk_anywhere_in_a_review_is_answered_or_malformed(scenario: Scenario, tape: Tape) -> None:
    answers_or_calls_it_malformed(scenario, to_bytes(tampered(tape, scenario.review)))


@given(scenarios(BOTH, MODES), tapes(32))
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


@given(scenarios(BOTH, MODES))
def test_warnings_fit_into_the_space_that_they_are_given(scenario: Scenario) -> None:
    checks.warnings_are_short(scenario, ask(scenario))


@given(scenarios(BOTH, MODES))
def test_no_value_of_a_variable_ever_comes_out(scenario: Scenario) -> None:
    checks.no_value_comes_out(scenario, ask(scenario))
    assert CANARY not in repr(answer_to(scenario).record)
