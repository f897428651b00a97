"""What must hold of the expressions of any policy, before an API server has seen them."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.properties.policies import several_policies
from tests.properties.strategies import TAPE_LENGTH
from tests.properties.tape import Tape
from webhook.loading.load import load_text
from webhook.native.differences import differences
from webhook.native.export import objects_of
from webhook.native.limits import too_large
from webhook.native.text import as_yaml

pytestmark = pytest.mark.slow

Json = Any

EXAMPLES = settings(max_examples=60, deadline=None)
TAPES = st.binary(min_size=TAPE_LENGTH, max_size=TAPE_LENGTH).map(Tape)
USED = re.compile(r"\bvariables\.(\w+)")


def exported(tape: Tape) -> list[Json]:
    return objects_of(load_text(yaml.safe_dump_all(several_policies(tape))).policies.policies)


def expressions(value: Json) -> Iterator[str]:
    """Yield the CEL in an object."""
    if isinstance(value, dict):
        for key, part in value.items():
            if key in {"expression", "messageExpression"}:
                yield part
            else:
                yield from expressions(part)
    elif isinstance(value, list):
        for part in value:
            yield from expressions(part)


@EXAMPLES
@given(TAPES)
def test_a_variable_is_defined_once_and_before_it_is_used(tape: Tape) -> None:
    for each in exported(tape):
        defined: set[str] = set()
        for variable in each["spec"].get("variables", ()):
            assert set(USED.findall(variable["expression"])) <= defined, variable
            assert variable["name"] not in defined
            defined.add(variable["name"])
        for part in ("validations", "mutations"):
            for text in expressions(each["spec"].get(part)):
                assert set(USED.findall(text)) <= defined, text


@EXAMPLES
@given(TAPES)
def test_a_variable_that_is_defined_is_used(tape: Tape) -> None:
    for each in exported(tape):
        used = {name for text in expressions(each["spec"]) for name in USED.findall(text)}
        assert {it["name"] for it in each["spec"].get("variables", ())} <= used


@EXAMPLES
@given(TAPES)
def test_what_is_printed_is_what_was_made(tape: Tape) -> None:
    policies = load_text(yaml.safe_dump_all(several_policies(tape))).policies.policies
    objects = objects_of(policies)

    text = as_yaml(objects, [(it, tuple(differences(it))) for it in policies])

    assert list(yaml.safe_load_all(text)) == objects == json.loads(json.dumps(objects))
    assert not re.search(r" $", text, re.MULTILINE)
    assert list(too_large(objects, policies)) == []
