"""A random search: many requests against the real decision path and the oracle.

`python -m tests.properties.search --count 50000` prints what was asked, how it was answered, and
every disagreement; exit code 1 where there is one. Without Hypothesis, which spends half of the
time on being able to shrink: the tape of a disagreement is printed, and `--seed` finds it again.
"""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.properties import checks
from tests.properties.asking import Outcome, ask, expected_of
from tests.properties.finals import final
from tests.properties.oracle_verdict import is_arranged, is_of_pods
from tests.properties.requests import a_request
from tests.properties.strategies import ENABLED, TAPE_LENGTH, Scenario
from tests.properties.tape import Tape
from webhook.core.words import Hook

BOTH = (Hook.MUTATE, Hook.VALIDATE)


@dataclass
class Report:
    """What a search has found."""

    asked: Counter[str] = field(default_factory=Counter)
    disagreements: list[tuple[int, str]] = field(default_factory=list)

    @property
    def lines(self) -> Iterator[str]:
        yield f"{sum(self.asked.values())} requests, {len(self.disagreements)} disagreements"
        for what, count in sorted(self.asked.items()):
            yield f"{count:8} {what}"


def scenario_of(seed: int) -> Scenario:
    """The same for everybody: every second pod of the validating hook was injected before."""
    tape = Tape(random.Random(seed).randbytes(TAPE_LENGTH))  # noqa: S311 — no secret
    return final(tape) if tape.chance(15) else a_request(tape, BOTH, (ENABLED,))


def search(seeds: range) -> Report:
    """Ask about one request for each seed."""
    report = Report()
    for seed in seeds:
        scenario = scenario_of(seed)
        outcome = ask(scenario)
        wrong = disagreement(scenario, outcome)
        if wrong:
            report.disagreements.append((seed, wrong))
        report.asked[f"{kind_of(scenario)}, {said(scenario, outcome)}"] += 1
    return report


def disagreement(scenario: Scenario, outcome: Outcome) -> str:
    """What is wrong with an answer; empty where nothing is."""
    wanted = expected_of(scenario)
    if outcome.allowed and wanted.is_refused:
        return f"allowed, although {wanted.refusals}"
    if not outcome.allowed and not wanted.may_be_refused:
        return f"refused, although it obeys: {outcome.message}"
    try:
        checks.no_value_comes_out(scenario, outcome)
        if not outcome.allowed:
            checks.a_refusal_keeps_secrets_and_scopes_to_itself(scenario, outcome)
        elif is_arranged(scenario.request) and scenario.hook is Hook.MUTATE:
            checks.the_pod_is_as_expected(scenario, outcome)
        else:
            assert not outcome.patch, "a patch where nothing is injected"
    except AssertionError as error:
        return f"{error!r}: {outcome!r}"
    return ""


def kind_of(scenario: Scenario) -> str:
    request = scenario.request
    plural = request["resource"]["resource"]
    if is_of_pods(request):
        plural = request.get("subResource") or plural
    return f"{request['operation']} {plural}"


def said(scenario: Scenario, outcome: Outcome) -> str:
    """How it was answered, and whether the promises leave that open."""
    wanted = expected_of(scenario)
    if outcome.allowed:
        return "allowed" if not wanted.doubts else "allowed, which is open"
    return "refused" if wanted.refusals else "refused, which is open"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.properties.search")
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--show", type=int, default=3, help="how many disagreements to print whole")
    given = parser.parse_args(arguments)
    began = time.monotonic()
    report = search(range(given.seed, given.seed + given.count))
    print(*report.lines, sep="\n")  # noqa: T201 — a command prints
    print(f"{time.monotonic() - began:.0f} s")  # noqa: T201
    for seed, wrong in report.disagreements[: given.show]:
        print(f"\n--seed {seed}: {wrong}\n{scenario_of(seed)!r}")  # noqa: T201
    return bool(report.disagreements)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
