"""The CustomResourceDefinition: the file is what the models say, and says it of every field."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tools import crd
from tools.crd_rules import ATOMIC, BOUNDS, DEFAULTS, NAMES, RULES, Place
from tools.crd_schema import KEEP
from webhook.core.names import MAX_SUBDOMAIN
from webhook.core.policy import Policy

Json = Any

FILE = Path(__file__).parents[2] / "manifests" / "base" / "10-customresourcedefinition.yaml"
NO_NAMES = ["", "-a", "a-", "a_b", "a/b", "a/b/c", "..", ".", "a*", "?", "A", "a.b", " ", "a=b"]
# The patterns are held to the validators around the lengths at which names end.
TEXTS = st.one_of(
    st.text("aA0-._/*? =\u00e4", max_size=8),
    st.sampled_from(NO_NAMES),
    st.builds(
        lambda part, count, end: part * count + end,
        st.sampled_from(["a", "a.", "a/", "a-", "A", "*", "a" * 63 + "."]),
        st.sampled_from([1, 2, 3, 4, 62, 63, 64, 252, 253, 254]),
        st.sampled_from(["", "a", "/a", "/" + "a" * 63, "/" + "a" * 64]),
    ),
)


def schema() -> Json:
    return crd.definition()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]


def parts(node: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """Yield every schema below this one, with its path as a resource writes it."""
    yield path, node
    for name, child in node.get("properties", {}).items():
        yield from parts(child, f"{path}.{name}".lstrip("."))
    if "items" in node:
        yield from parts(node["items"], f"{path}[]")
    if "additionalProperties" in node:
        yield from parts(node["additionalProperties"], f"{path}.<name>")


def test_the_file_is_what_the_models_say() -> None:
    wanted = "run: python -m tools.crd > manifests/base/10-customresourcedefinition.yaml"

    assert FILE.read_text() == crd.page(), wanted
    assert yaml.safe_load(FILE.read_text()) == crd.definition()


def test_every_field_is_described() -> None:
    silent = [
        path
        for path, node in parts(schema())
        for name, field in node.get("properties", {}).items()
        if (path, name) != ("", "metadata") and len(field.get("description", "")) < len("The kind.")
    ]

    assert silent == []


def test_every_object_of_the_spec_keeps_what_it_does_not_know_and_the_status_none() -> None:
    keeps = {path: KEEP.items() <= node.items() for path, node in parts(schema())}
    objects = {path for path, node in parts(schema()) if "properties" in node}

    assert {path for path in objects if path.startswith("spec") and not keeps[path]} == set()
    assert {path for path in keeps if path.startswith("status") and keeps[path]} == set()


def test_whatever_is_kept_without_a_type_is_a_field_of_the_chart() -> None:
    untyped = {path for path, node in parts(schema()) if "type" not in node}

    assert untyped == {
        f"spec.worker.pools.<name>.{field}"
        for field in (
            "replicaCount",
            "workerSubscribe",
            "workerSubscribeTenants",
            "workerSubscribeWorkspaces",
            "resources",
            "autoscaling",
            "podDisruptionBudget",
            "affinity",
            "nodeSelector",
            "tolerations",
            "topologySpreadConstraints",
        )
    }


def test_the_defaults_are_those_of_the_models() -> None:
    document = {
        "apiVersion": "secrets.noxus.ai/v1alpha1",
        "kind": "SecretInjectionPolicy",
        "metadata": {"name": "noxus"},
        "spec": {},
    }
    written: dict[str, Json] = {}
    for path, node in parts(schema()):
        if "default" in node:
            written[path] = node["default"]

    said = Policy.model_validate(document).model_dump(by_alias=True, mode="json")

    values = {path: value for path, value in written.items() if value != {}}
    assert values == {path: at(said, path) for path in values}
    # An object is written, so that the defaults inside it are; by itself it says nothing.
    assert sorted(set(written) - set(values)) == ["spec.containers", "spec.guard", "spec.worker"]


def at(document: Json, path: str) -> Json:
    for name in path.split("."):
        document = document[name]
    return document


def test_nothing_is_written_into_lists_and_pools() -> None:
    written = [path for path, node in parts(schema()) if "default" in node]
    inside = [path for path in written if "[]" in path or "<name>" in path]

    assert inside == []


def test_every_bound_default_and_rule_belongs_to_a_field_that_there_is() -> None:
    places: list[Place] = [*BOUNDS, *DEFAULTS, *RULES, *ATOMIC]
    unknown = [
        place
        for place in places
        if isinstance(place, tuple)
        and place[1] not in {field.alias for field in place[0].model_fields.values()}
    ]
    nodes = [node for _, node in parts(schema())]
    rules = {rule.holds for rules in RULES.values() for rule in rules}
    found = {it["rule"] for node in nodes for it in node.get("x-kubernetes-validations", ())}

    assert unknown == []
    assert found == rules
    assert sum("default" in node for node in nodes) == len(DEFAULTS)


def test_a_rule_says_what_to_write_instead() -> None:
    for rule in (rule for rules in RULES.values() for rule in rules):
        assert bool(rule.message) != bool(rule.expression), rule.holds


@pytest.mark.parametrize("valid", NAMES, ids=lambda valid: valid.__name__)
def test_a_pattern_lets_through_what_its_validator_does(valid: Callable[[str], str]) -> None:
    said = NAMES[valid]
    # `\Z` for Go's `$`, which never stops before a last line break.
    pattern = re.compile(said["pattern"].replace("$", r"\Z"))

    # The same examples for everybody, and a busy machine is not a bug.
    @settings(max_examples=500, deadline=None, derandomize=True, database=None)
    @example("a\n")
    @given(TEXTS)
    def agree(text: str) -> None:
        try:
            allowed = valid(text) == text
        except ValueError:
            allowed = False
        fits = len(text) <= said.get("maxLength", len(text)) and bool(pattern.search(text))
        # Of a name in two halves the subdomain has a length of its own, which no pattern holds.
        assert fits == allowed or (fits and "/" in text and len(text) > MAX_SUBDOMAIN)

    agree()
