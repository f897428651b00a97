"""The same request gets the same bytes: in this process, in another, in other words."""

import copy
import hashlib
import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.properties.asking import answer_to
from tests.properties.finals import finals
from tests.properties.requests import a_request, requests
from tests.properties.strategies import DRY_RUN, ENABLED, TAPE_LENGTH, Scenario
from tests.properties.tape import Tape
from webhook.core.words import Hook

BOTH = (Hook.MUTATE, Hook.VALIDATE)
ROOT = Path(__file__).parents[2]
COUNT = 300  # a few seconds a process; order that depends on hashing shows within the first dozens


@given(st.one_of(finals(), requests(BOTH, (ENABLED, DRY_RUN))))
def test_the_same_request_gives_the_same_bytes(scenario: Scenario) -> None:
    first = answer_to(scenario).body
    copied = replace(scenario, policies=copy.deepcopy(scenario.policies))

    assert answer_to(copied).body == first
    assert answer_to(scenario, json.dumps(scenario.review, indent=1).encode()).body == first


def digest_of_many_answers() -> str:
    """One number for the answers to many scenarios, the same ones in every process."""
    digest = hashlib.sha256()
    for seed in range(COUNT):
        tape = Tape(random.Random(seed).randbytes(TAPE_LENGTH))  # noqa: S311 — no secret
        scenario = a_request(tape, BOTH, (ENABLED, ENABLED, DRY_RUN))
        digest.update(answer_to(scenario).body)
    return digest.hexdigest()


def test_another_process_with_other_hash_seeds_gives_the_same_bytes() -> None:
    """Sets of names are walked in an order that changes from process to process."""
    program = "from tests.properties.test_repeatable import *; print(digest_of_many_answers())"

    def in_a_process_with(seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        result = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return result.stdout

    assert in_a_process_with("1") == in_a_process_with("2")
