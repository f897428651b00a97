"""With a memory of answers, each review gets the answer and the record that it gets without."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.properties.asking import ask, with_object
from tests.properties.names import OWN_SECRETS, SCOPE_SECRETS
from tests.properties.strategies import ENABLED, TAPE_LENGTH, Scenario, creation, tapes
from tests.properties.tape import Tape
from tests.properties.varying import THIRD, TOKEN, as_sent, crafted, of_pod, written
from webhook.core.words import Hook
from webhook.loading.load import load_text
from webhook.wire.answer import Answer, Malformed, answer
from webhook.wire.memo import Memo
from webhook.wire.patience import Patience

PODS = (1, 2, THIRD, THIRD, 4)


def quiet(scenario: Scenario) -> Scenario:
    """The same under policies without warnings, which are said anew each time, and deployers."""
    policies = json.loads(json.dumps(scenario.policies))
    for spec in (policy["spec"] for policy in policies):
        guards = ("unknownRole", "unknownPool", "shadowing", "unmanagedSecrets")
        spec.update(guard=dict.fromkeys(guards, "Allow"), mode="Enforce")
        spec.pop("namespaces", None)
        pools = (spec.get("worker") or {}).get("pools") or {}
        for conditions in (*spec["scopes"], *pools.values()):
            conditions.pop("deployers", None)
    return replace(scenario, policies=policies)


def said(ask: Callable[[bytes], Answer], body: bytes) -> object:
    """All that comes of a review."""
    try:
        given = ask(body)
    except Malformed as problem:
        return str(problem)
    return given.body, given.record, given.asked, given.decision


def asked_about(tape: Tape, *, craft: bool, patience: Patience | None = None) -> Memo:
    """Ask about the pods of one controller, or of one that makes them to deceive."""
    hook = tape.pick((Hook.MUTATE, Hook.VALIDATE))
    scenario = quiet(creation(tape, Hook.MUTATE, ENABLED, greedy=5))
    if hook is Hook.VALIDATE and (first := ask(scenario)).allowed:
        scenario = with_object(scenario, first.applied_to(scenario.request["object"]))
    text = scenario.policy_text
    if craft and tape.chance(60):
        text = text.replace(tape.pick(SCOPE_SECRETS), of_pod(TOKEN, THIRD))
    review = as_sent(tape, scenario)
    bodies = [written(Tape(b""), review)]
    if craft:
        bodies += [written(tape, crafted(tape, review)) for _ in range(2)]
        bodies += [bodies[-1].replace(tape.pick(OWN_SECRETS), TOKEN)]
    memo = Memo(answer, secret=b"", patience=patience)
    how: Any = {"hook": hook, "mode": ENABLED, "policies": load_text(text).policies}
    for written_body in bodies:
        for n in PODS:
            body = of_pod(written_body, n).encode()
            assert said(partial(memo, **how), body) == said(partial(answer, **how), body), body
    return memo


@given(tapes())
def test_pods_of_one_controller_are_answered_as_without_a_memory(tape: Tape) -> None:
    asked_about(tape, craft=False)


@given(tapes(TAPE_LENGTH + 100))
def test_pods_made_to_deceive_are_answered_as_without_a_memory(tape: Tape) -> None:
    asked_about(tape, craft=True)


@given(tapes(TAPE_LENGTH + 100), st.integers(1, 4), st.integers(1, 3))
def test_whichever_are_looked_up_all_are_answered_as_without_a_memory(
    tape: Tape, most: int, every: int
) -> None:
    asked_about(tape, craft=True, patience=Patience(most, every))


def test_many_of_them_are_answered_from_memory() -> None:
    """Otherwise the promises above would promise nothing."""
    known = crafted_known = 0
    for seed in range(100):
        data = random.Random(seed).randbytes(TAPE_LENGTH)  # noqa: S311 - no secret
        known += asked_about(Tape(data), craft=False).hits
        crafted_known += asked_about(Tape(data), craft=True).hits

    assert known > 200
    assert crafted_known > known
