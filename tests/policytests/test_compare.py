"""What differs is found and shown; what is not named is not looked at."""

import json
from typing import Any

import pytest

from tests.policytests.kit import become, pod, secrets
from webhook.policytests.compare import Difference, differences
from webhook.policytests.difftext import difference_lines
from webhook.policytests.model import Expectation

GOT = become(
    pod("worker", "tenant-a", envFrom=secrets("tenant-a-llm", "own"), env=[{"name": "LEVEL"}])
)
REFUSED = become(pod("frontend", envFrom=secrets("worker-env")))
OVERRIDE = (
    "container 'app': spec.containers[0].envFrom[1] comes after managed sources and may override "
    "them"
)


def expecting(**fields: Any) -> Expectation:  # noqa: ANN401
    return Expectation.model_validate_json(json.dumps(fields))


RIGHT: dict[str, Any] = {
    "decision": "injected",
    "reason": "Injected",
    "role": "worker",
    "pool": "tenant-a",
    "scopes": ["shared", "worker", "pool/tenant-a"],
    "envFrom": {"app": ["app-env", "worker-env", "tenant-a-llm", "own"]},
    "env": {"app": ["LEVEL"]},
    "warnings": [OVERRIDE, OVERRIDE.replace("[1]", "[3]")],  # before and after the injection
    "warningsContain": ["may override", "envFrom[1]"],
}
WRONG: dict[str, Any] = {
    "decision": "allowed",
    "reason": "NothingToDo",
    "role": "",
    "pool": "tenant-b",
    "scopes": ["worker", "shared", "pool/tenant-a"],
    "envFrom": {"app": ["app-env", "worker-env", "own", "tenant-a-llm"]},
    "env": {"app": []},
    "message": ["anything"],
    "warnings": [],
    "warningsContain": ["may override", "cannot be"],
}


def test_nothing_differs_where_everything_is_right() -> None:
    assert differences(expecting(**RIGHT), GOT) == ()


@pytest.mark.parametrize("field", WRONG)
def test_each_field_alone_can_fail(field: str) -> None:
    (difference,) = differences(expecting(**{field: WRONG[field]}), GOT)

    assert difference.what.startswith(field)


def test_only_the_parts_that_are_missing_are_shown() -> None:
    (difference,) = differences(expecting(message=["may not read", "tenant"]), REFUSED)

    assert difference == Difference("message", ("tenant",), (REFUSED.message,), parts=True)


def test_of_what_is_refused_no_container_is_stored() -> None:
    (difference,) = differences(expecting(envFrom={"app": []}), REFUSED)

    assert difference.got == ("nothing, since it is refused",)


def test_a_container_that_is_not_there_is_said_so() -> None:
    (difference,) = differences(expecting(env={"web": ["LEVEL"]}), GOT)

    assert difference == Difference(
        "env of container 'web'", ("LEVEL",), ("there is no such container, only app",)
    )


def test_a_plain_name_is_a_required_secret_without_a_prefix() -> None:
    element = {"secretRef": {"name": "own", "optional": True}, "prefix": "A_"}
    got = become(pod("frontend", envFrom=[element]))
    exact = expecting(envFrom={"app": ["app-env", element]})

    assert differences(expecting(envFrom={"app": ["app-env", "own"]}), got)
    (shown,) = differences(exact, got)
    assert shown.expected == ("app-env", "own, prefix A_, optional")
    assert shown.got == ("own, prefix A_, optional", "app-env")


def lines(difference: Difference, width: int = 72) -> list[str]:
    return [str(it) for it in difference_lines(difference, width)]


def test_two_orders_stand_side_by_side() -> None:
    wanted, there = ("app-env", "worker-env", "own"), ("app-env", "own", "worker-env")

    assert lines(Difference("envFrom of container 'app'", wanted, there)) == [
        "envFrom of container 'app'",
        "  expected     got",
        "  app-env      app-env",
        "+              own",
        "  worker-env   worker-env",
        "- own",
    ]


def test_a_word_on_both_sides_is_one_line() -> None:
    assert lines(Difference("role", ("worker",), ("",))) == ["role: expected worker, got (nothing)"]


def test_an_empty_side_is_empty() -> None:
    assert lines(Difference("scopes", (), ("shared", "worker"))) == [
        "scopes",
        "  expected   got",
        "+            shared",
        "+            worker",
    ]


def test_sentences_stand_below_each_other() -> None:
    difference = Difference("warnings", (), (OVERRIDE,))

    assert lines(difference, 60) == [
        "warnings",
        "- expected  (nothing)",
        "+ got       container 'app': spec.containers[0].envFrom[1]",
        "+           comes after managed sources and may override",
        "+           them",
    ]


def test_of_parts_it_is_said_what_must_hold_them() -> None:
    assert lines(Difference("message", ("one", "two"), (), parts=True)) == [
        "message",
        "- must hold  one",
        "- must hold  two",
        "+ got        (nothing)",
    ]
