"""What a file of cases may say, and the sentences about what it may not."""

import pytest

from tests.policytests.kit import HEAD, document
from webhook.core.decision import Reason
from webhook.loading.problems import PolicyError
from webhook.policytests.model import Verdict
from webhook.policytests.reading import holds_cases, read_test

CASES = f"{HEAD}cases:\n  - name: one\n    object: pod.yaml\n"


def problems(text: str) -> list[str]:
    with pytest.raises(PolicyError) as error:
        read_test(document(text))
    return str(error.value).splitlines()


def expecting(text: str) -> list[str]:
    """Return what is wrong with an expectation, which begins in line 6."""
    return [it.removeprefix("cases.yaml:") for it in problems(f"{CASES}    expect: {text}\n")]


def test_everything_that_can_be_said() -> None:
    test = read_test(
        document(
            f"""\
{HEAD}policy: policy.yaml
namespace: noxus
mode: dry-run
hook: validate
user: mia
groups: [a, b]
object: {{kind: Pod}}
cases:
  - name: one
    policy: {{spec: {{}}}}
    object: pods.yaml#pod/p
    namespace: other
    mode: enabled
    hook: both
    user: max
    groups: [c]
    expect:
      decision: would inject
      reason: Injected
      role: worker
      pool: ""
      scopes: []
      envFrom: {{app: [a, {{configMapRef: {{name: b}}}}], sidecar: []}}
      env: {{app: [KEY]}}
      message: [part]
      warnings: []
      warningsContain: [part]
"""
        )
    )

    (case,) = test.cases
    assert (test.policy, test.object) == ("policy.yaml", {"kind": "Pod"})
    assert (case.policy, case.object) == ({"spec": {}}, "pods.yaml#pod/p")
    assert case.expect.decision is Verdict.WOULD_INJECT
    assert case.expect.reason is Reason.INJECTED
    assert case.expect.env_from is not None
    assert [it.read[1].name for it in case.expect.env_from["app"]] == ["a", "b"]


@pytest.mark.parametrize("text", ["{}", "{decision: null}"])
def test_a_case_that_expects_nothing_is_an_error(text: str) -> None:
    assert expecting(text) == [
        "6: cases[0].expect: a case that expects nothing cannot fail: name what must come of it"
    ]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("{decision: injected, envFrom: {}}", "envFrom"),
        ("{decision: injected, env: {}}", "env"),
        ("{decision: injected, message: []}", "message"),
        ("{decision: injected, warningsContain: []}", "warningsContain"),
    ],
)
def test_a_part_that_cannot_fail_is_an_error(text: str, field: str) -> None:
    assert expecting(text) == [
        (
            f"6: cases[0].expect.{field}: is empty, so that nothing can fail: name what must be "
            "there, or remove it"
        )
    ]


def test_an_empty_text_is_in_every_message() -> None:
    assert expecting('{message: [""]}') == [
        "6: cases[0].expect.message[0]: expected one line of text"
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{decison: injected}", "decison: unknown field; did you mean 'decision'?"),
        ("{envfrom: {}}", "envfrom: unknown field; did you mean 'envFrom'?"),
        (
            "{decision: denied}",
            (
                "decision: must be 'injected', 'allowed', 'refused', 'would inject' or "
                "'would refuse', not 'denied'"
            ),
        ),
        ("{message: text}", "message: expected a list, not 'text'"),
        ("{warnings: [1]}", "warnings[0]: expected text, not 1"),
        (
            "{envFrom: {app: [1]}}",
            (
                "envFrom.app[0]: expected the name of a Secret, or an element of envFrom as in "
                "Kubernetes"
            ),
        ),
        (
            "{envFrom: {app: [{secretRef: {nam: a}}]}}",
            "envFrom.app[0].secretRef.nam: unknown field; did you mean 'name'?",
        ),
        (
            "{envFrom: {app: [{prefix: A_}]}}",
            "envFrom.app[0]: name exactly one of secretRef and configMapRef",
        ),
    ],
)
def test_an_error_names_the_line_the_field_and_what_is_right(text: str, sentence: str) -> None:
    assert f"6: cases[0].expect.{sentence}" in expecting(text)


def test_unknown_fields_of_a_document_and_of_a_case_are_errors() -> None:
    text = f"{HEAD}polcy: x\ncases:\n  - nam: x\n    expect: {{role: worker}}\n"

    assert problems(text) == [
        "cases.yaml:5: cases[0].name: is required",
        "cases.yaml:5: cases[0].nam: unknown field; did you mean 'name'?",
        "cases.yaml:3: polcy: unknown field; did you mean 'policy'?",
    ]


def test_a_document_without_cases_is_an_error() -> None:
    assert problems(f"{HEAD}cases: []\n") == [
        (
            "cases.yaml:3: cases: is empty, so that nothing can fail: name what must be there, or "
            "remove it"
        )
    ]


def test_a_policy_is_a_path_or_a_mapping() -> None:
    assert problems(f"{HEAD}policy: 5\n{CASES.removeprefix(HEAD)}    expect: {{role: a}}\n") == [
        "cases.yaml:3: policy: expected the path of a file, or the object itself"
    ]


def test_two_cases_of_one_name_are_an_error() -> None:
    case = "  - name: one\n    object: a\n    expect: {role: a}\n"

    assert problems(f"{HEAD}cases:\n{case}{case}") == [
        "cases.yaml:7: cases[1].name: 'one' is the name of the case in line 4, too: change one"
    ]


@pytest.mark.parametrize(
    ("before", "inside", "line", "field"),
    [("groups: [a]\n", "", 3, "groups"), ("", "    groups: [a]\n", 6, "cases[0].groups")],
)
def test_groups_without_a_user_are_an_error(
    before: str, inside: str, line: int, field: str
) -> None:
    text = f"{HEAD}{before}{CASES.removeprefix(HEAD)}{inside}    expect: {{role: a}}\n"

    assert problems(text) == [f"cases.yaml:{line}: {field}: are of nobody: name their user, too"]


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (CASES, True),
        ("kind: PolicyTest\n", True),  # so that what lacks is said
        ("apiVersion: secrets.noxus.ai/v1alpha1\nkind: SecretInjectionPolicy\n", False),
        ("apiVersion: v1\nkind: Pod\n", False),
        ("replicas: 3\n", False),
        ("[a, b]\n", False),
    ],
)
def test_cases_are_told_by_their_kind(text: str, *, holds: bool) -> None:
    assert holds_cases(document(text)) is holds


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "apiVersion: secrets.noxus.ai/v1alpha1\nkind: PolicyTests\n",
            "2: kind: unknown kind 'PolicyTests'; did you mean 'PolicyTest'?",
        ),
        (
            "apiVersion: secrets.noxus.ai/v1alpha1\nkind: Suite\n",
            "2: kind: unknown kind 'Suite': known are PolicyTest and SecretInjectionPolicy",
        ),
        ("cases: []\n", "1: kind: is required; write PolicyTest for cases"),
        (
            "apiVersion: secrets.noxus.ai/v1alpha1\n",
            "1: kind: is required; write PolicyTest for cases",
        ),
    ],
)
def test_what_is_nearly_cases_is_not_passed_over(text: str, sentence: str) -> None:
    with pytest.raises(PolicyError) as error:
        holds_cases(document(text))

    assert str(error.value) == f"cases.yaml:{sentence}"


def test_another_version_is_said_to_be_unknown() -> None:
    text = CASES.replace("v1alpha1", "v1") + "    expect: {role: a}\n"

    assert problems(text) == [
        "cases.yaml:1: apiVersion: must be 'secrets.noxus.ai/v1alpha1', not 'secrets.noxus.ai/v1'"
    ]
