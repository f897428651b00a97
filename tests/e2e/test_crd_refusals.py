"""What the API server refuses of a policy by itself, and that the loader refuses it, too."""

import copy
import random
import re
from typing import Any

import pytest

from tests.controlplane.plane import ControlPlane
from tests.e2e.crd import complaint, dry_run, from_file, install, resource, stored
from tests.e2e.crd_cases import CASES, Case, scope
from tests.properties.policies import policy as drawn
from tests.properties.tape import Tape
from tools.crd_rules import RULES
from webhook.loading.resource import load_resource

Json = Any

UNPROCESSABLE = 422


@pytest.fixture(scope="module")
def plane(control_plane: ControlPlane) -> ControlPlane:
    """The control plane, which serves the resource."""
    return install(control_plane)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_breaks_a_rule_is_refused_by_the_api_server_and_by_the_loader(
    plane: ControlPlane, case: Case
) -> None:
    bad, good = resource(case.bad), resource(case.good)

    answer = dry_run(plane, bad)

    kind = "SecretInjectionPolicy.secrets.noxus.ai"
    said = f'{kind} "noxus" is invalid: {case.field}: Invalid value: {case.said}'
    assert (answer.status, answer.message) == (UNPROCESSABLE, said)
    assert complaint(bad) == [case.sentence]
    assert load_resource(stored(dry_run(plane, good))).spec == from_file(good).spec


def test_every_rule_has_a_case() -> None:
    sentences = [case.said for case in CASES]
    parts = [
        [rule.message] if rule.message else re.findall('"([^"]*)"', rule.expression)
        for rules in RULES.values()
        for rule in rules
    ]

    assert [it for it in parts if not any(all(p in said for p in it) for said in sentences)] == []


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"mode": "Audit"}, 'spec.mode: Unsupported value: "Audit": supported values: "Enforce"'),
        ({"scopes": [{"name": "a", "envFrom": []}]}, "spec.scopes[0].roles: Required value"),
        ({"namespaces": "noxus"}, "spec.namespaces in body must be of type array"),
        (scope(name="Shared"), "spec.scopes[0].name in body should match"),
        (scope(onRequest="yes"), "spec.scopes[0].onRequest in body must be of type boolean"),
        (
            {"worker": {"pools": {"a": {"envSecretRef": "A"}}}},
            "pools.a.envSecretRef in body should",
        ),
        (scope(name="a" * 64), "spec.scopes[0].name: Too long: may not be more than 63 bytes"),
        ({"identity": {"roleLabels": ["a b"]}}, "spec.identity.roleLabels[0] in body should match"),
    ],
)
def test_types_enums_and_names_are_refused_by_both(
    plane: ControlPlane, spec: Json, said: str
) -> None:
    answer = dry_run(plane, resource(spec))

    assert (answer.status, said in answer.message) == (UNPROCESSABLE, True), answer.message
    assert complaint(resource(spec)) != []


def test_one_pool_more_is_refused_with_the_number(plane: ControlPlane) -> None:
    pools: Json = {f"tenant-{number}": {} for number in range(10_001)}

    answer = dry_run(plane, resource({"worker": {"pools": pools}}))

    assert answer.status == UNPROCESSABLE
    assert "spec.worker.pools: Too many: 10001: must have at most 10000 items" in answer.message


def test_whatever_the_api_server_refuses_the_loader_refuses(plane: ControlPlane) -> None:
    refused = 0
    for seed in range(400):
        dice = random.Random(seed)  # noqa: S311 - no secret
        document = copy.deepcopy(drawn(Tape(dice.randbytes(400))))
        spoilt = _spoil(document["spec"], dice)
        if dry_run(plane, document).status == UNPROCESSABLE:
            refused += 1
            assert complaint(document) != [], (seed, spoilt)

    assert refused > 100


def _spoil(node: Json, dice: random.Random) -> str:
    """Put something else in the place of one value, and tell of which."""
    key = dice.choice(list(node) if isinstance(node, dict) else range(len(node)))
    if node[key] and isinstance(node[key], dict | list) and dice.random() < 0.8:
        return f"{key}.{_spoil(node[key], dice)}"
    node[key] = dice.choice([None, True, 0, 1.5, "", "A b", "a.b", "a" * 254, [], ["a"], {}])
    return f"{key}={node[key]!r}"
