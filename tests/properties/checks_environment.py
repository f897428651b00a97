"""What a container gets to see of the sources that it was given, by the kubelet's reading."""

from tests.properties import checks
from tests.properties.asking import Outcome
from tests.properties.oracle_arrangement import granted_env, granted_places, ranks, written
from tests.properties.oracle_environment import CannotStart, World, environment
from tests.properties.oracle_policy import Json, source_of
from tests.properties.strategies import Scenario


def managed_variables_are_of_the_last_granted_source(
    scenario: Scenario, outcome: Outcome, there: World
) -> None:
    spec, granted = checks.spec_of(scenario), checks.granted_of(scenario)
    for before, after, takes_part in checks.pairs(
        scenario, checks.patch_applies(scenario, outcome)
    ):
        if takes_part:
            _check_env_from(after, spec, granted, there)
            _check_env(before, after, spec, granted, there)


def _check_env_from(container: Json, spec: Json, granted: list[str], there: World) -> None:
    try:
        result = environment(container, there)
    except CannotStart:
        return
    own = {variable["name"] for variable in container.get("env") or []}
    rank = ranks(spec, granted, container["name"])
    places = granted_places(spec, granted, container["name"])
    ours = sorted(places, key=lambda place: rank[place.source])
    winner = {name: it for it in ours for name in there.holdings(written(it))}
    elements = container.get("envFrom") or []
    sources = [source_of(element) for element in elements]
    for name, place in winner.items():
        later = elements[sources.index(place.source) + 1 :]
        others = [it for it in later if source_of(it) not in {it.source for it in ours}]
        overridden = any(name in there.holdings(it) for it in others)
        if name not in own and not overridden:
            assert result.get(name) == there.holdings(written(place))[name]


def _check_env(before: Json, after: Json, spec: Json, granted: list[str], there: World) -> None:
    try:
        result = environment(after, there)
    except CannotStart:
        return
    own = {variable["name"] for variable in before.get("env") or []}
    for variable in granted_env(spec, granted, after["name"]):
        if variable["name"] not in own:
            value = there.read(variable, {})
            assert value is None or result.get(variable["name"]) == value
