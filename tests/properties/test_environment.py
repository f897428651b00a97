"""What reaches the process in the container: the kubelet's reading of what we arranged."""

from hypothesis import given

from tests.properties import checks
from tests.properties.asking import ask, expected_of
from tests.properties.checks_environment import managed_variables_are_of_the_last_granted_source
from tests.properties.names import CONFIG_MAPS, KEYS, SECRETS
from tests.properties.oracle_environment import CannotStart, World, environment
from tests.properties.strategies import Scenario, scenarios, tapes
from tests.properties.tape import Tape


def world(tape: Tape) -> World:
    """Every Secret and ConfigMap holds most of the same few keys; now and then one is missing."""

    def data(kind: str, name: str) -> dict[str, str]:
        keys = [key for key in (*KEYS, "PORT", "LOG_LEVEL") if not tape.chance(20)]
        return {key: f"{key} of {kind} {name}" for key in keys}

    return World(
        {name: data("Secret", name) for name in SECRETS if not tape.chance(4)},
        {name: data("ConfigMap", name) for name in CONFIG_MAPS if not tape.chance(4)},
    )


@given(scenarios(), tapes(64))
def test_a_managed_variable_has_the_value_of_the_last_granted_source_that_holds_it(
    scenario: Scenario, tape: Tape
) -> None:
    outcome = ask(scenario)

    if outcome.allowed and not expected_of(scenario).dry_run:
        managed_variables_are_of_the_last_granted_source(scenario, outcome, world(tape))


@given(scenarios(), tapes(64))
def test_what_the_pod_set_itself_keeps_its_value_in_env(scenario: Scenario, tape: Tape) -> None:
    outcome = ask(scenario)
    there = world(tape)

    for before, after, _ in checks.pairs(scenario, checks.patch_applies(scenario, outcome)):
        own = {variable["name"]: variable for variable in before.get("env") or []}
        try:
            result = environment(after, there)
        except CannotStart:
            continue
        for name, variable in own.items():
            value = there.read(variable, {})
            # A value may refer to variables that arrive with the injection: that is their point.
            # One that is optional and missing does not hide what `envFrom` or an earlier one gives.
            if value is not None and "$(" not in value:
                assert result[name] == value
