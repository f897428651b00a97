"""Every reference of a flow is found, with its place, and nothing else is."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from webhook.flows.references import Found, NearMiss, Reference, find


def test_a_reference_is_found_wherever_a_text_may_stand() -> None:
    flow = {
        "nodes": [
            {"config": {"apiKey": "{{secret.LLM_KEY}}", "retries": 3, "on": True, "x": None}},
            {"url": "https://{{secret.HOST}}/a/{{ secret.PATH }}"},
        ],
        "{{secret.IN_A_KEY}}": "plain",
    }

    assert find(flow) == Found(
        references=(
            Reference("IN_A_KEY", ("{{secret.IN_A_KEY}}",)),
            Reference("LLM_KEY", ("nodes", 0, "config", "apiKey")),
            Reference("HOST", ("nodes", 1, "url")),
            Reference("PATH", ("nodes", 1, "url")),
        ),
        near_misses=(),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{secret.}}", "names no variable: write {{secret.NAME}}"),
        ("{{ secret . }}", "names no variable: write {{secret.NAME}}"),
        ("{{secrets.KEY}}", "says secrets, which reads nothing: write {{secret.NAME}}"),
        ("{{Secret.KEY}}", "is not in lower case: write {{secret.NAME}}"),
        ("{{secret.A B}}", "is no reference to a variable: write {{secret.NAME}}"),
        ("{{secret['KEY']}}", "is no reference to a variable: write {{secret.NAME}}"),
        ("{{secret.A=B}}", "is no reference to a variable: write {{secret.NAME}}"),
        ("{{secret." + "A" * 254 + "}}", "is no reference to a variable: write {{secret.NAME}}"),
    ],
)
def test_what_begins_like_a_reference_and_is_none_is_told(text: str, message: str) -> None:
    assert find({"a": text}) == Found((), (NearMiss(("a",), message),))


@pytest.mark.parametrize(
    "text", ["{{input.secret}}", "secret.KEY", "{secret.KEY}", "{{secretive}}"]
)
def test_other_expressions_are_none_of_our_business(text: str) -> None:
    assert find([text]) == Found((), ())


@pytest.mark.slow
def test_a_flow_that_nests_without_end_is_searched_all_the_same() -> None:
    flow: Any = "{{secret.DEEP}}"
    for _ in range(100_000):
        flow = [flow]

    assert [it.name for it in find(flow).references] == ["DEEP"]


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True)
PLAIN = st.text('a .$\n"é', max_size=10)


@st.composite
def planted(draw: st.DrawFn) -> tuple[Any, list[str]]:
    """Draw a flow, and the names that were planted in it, in the order of its fields."""
    if draw(st.booleans()):
        pieces = draw(st.lists(st.tuples(PLAIN, NAMES), max_size=3))
        text = "".join(f"{before}{{{{secret.{name}}}}}" for before, name in pieces)
        return text + draw(PLAIN), [name for _, name in pieces]
    members = draw(st.lists(planted(), max_size=4))
    names = [name for _, inner in members for name in inner]
    values = [value for value, _ in members]
    if draw(st.booleans()):
        return values, names
    return {f"field{i}": value for i, value in enumerate(values)}, names


@pytest.mark.slow
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine
@given(planted())
def test_what_was_planted_is_found_and_nothing_else(flow: tuple[Any, list[str]]) -> None:
    value, names = flow

    found = find(value)

    assert [it.name for it in found.references] == names
    assert found.near_misses == ()
