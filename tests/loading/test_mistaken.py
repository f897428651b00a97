"""Of what is no policy and may hold values, no message has a part."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.loading.kit import HEAD, problems
from webhook.core.policy import KIND
from webhook.loading.load import load_policies, load_text
from webhook.loading.problems import PolicyError

VALUE = "hunter2-canary"
TOLD = "expected a SecretInjectionPolicy; this may hold values, so nothing of it is quoted"

SECRETS = (
    f"kind: Secret\nmetadata: {VALUE}\n",
    f"apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\nspec: {{mode: {VALUE}}}\n",
    f"kind: secret\nspec: {VALUE}\n",
    f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {VALUE}\n",
    f"apiVersion: helm.example/v1\nkind: Release\nspec: {{mode: {VALUE}}}\n",
    f"apiVersion: v1\nspec: {{mode: {VALUE}}}\n",
    f"apiVersion: secrets.noxus.ai/v1alpha1\nspec: {VALUE}\nstringData: {{A: x}}\n",
    f"kind: ConfigMap\nspec: {VALUE}\n",
    f"kind: SecretList\nmetadata: {VALUE}\nitems: []\n",
    f"kind: List\nspec: {VALUE}\n",
    f"stringData: {{A: x}}\nspec: {VALUE}\n",
    f"data: {{A: x}}\nmetadata: {VALUE}\n",
    f"A={VALUE}: x\n",
    f"{{{VALUE}: x}}",
    "{}",
)
TWICE = "a key is written twice: remove one"
NO_INT = "the value is not what its tag tag:yaml.org,2002:int says"
BROKEN = (
    (f"kind: Secret\nstringData:\n  A: !!int {VALUE}\n", f"p.yaml:3: {NO_INT}"),
    (f'{{"apiVersion": "v1", "kind": "Secret", "{VALUE}": 1, "{VALUE}": 2}}', f"p.yaml:1: {TWICE}"),
    (f"metadata: {{name: a}}\nstringData: {{{VALUE}: !!int x}}\n", f"p.yaml:2: {NO_INT}"),
    (f"kind: ConfigMapList\nitems: [{{{VALUE}: !!int x}}]\n", f"p.yaml:2: {NO_INT}"),
    (f"A={VALUE}: !!int x\n", f"p.yaml:1: {TOLD}"),
    (f"spec:\n  {{{VALUE}: 1, {VALUE}: 2}}", f"p.yaml:2: {TOLD}"),
    (
        f"kind: Secret\nstringData:\n  A: '{VALUE}\n",
        "p.yaml:4: not YAML: found unexpected end of stream",
    ),
)


@pytest.mark.parametrize("text", SECRETS)
def test_of_what_may_be_a_secret_only_the_place_is_told(text: str) -> None:
    assert problems(text, head="") == [f"p.yaml:1: {TOLD}"]


@pytest.mark.parametrize(("text", "message"), BROKEN)
def test_of_what_cannot_be_parsed_the_line_is_told_and_what_is_wrong(
    text: str, message: str
) -> None:
    assert problems(text, head="") == [message]


def test_beside_a_policy_a_secret_is_refused_without_a_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(HEAD + "spec: {}\n")
    (tmp_path / "secret.yaml").write_text(SECRETS[0])

    with pytest.raises(PolicyError) as raised:
        load_policies(tmp_path)

    assert str(raised.value) == f"{tmp_path}/secret.yaml:1: {TOLD}"


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (HEAD, "p.yaml:4: spec.mode: must be 'Enforce' or 'DryRun', not 'Never'"),
        (
            HEAD.replace("Policy", "Polcy"),
            f"p.yaml:2: kind: must be '{KIND}', not 'SecretInjectionPolcy'",
        ),
        (
            "metadata: {name: a}\n",
            "p.yaml:2: spec.mode: must be 'Enforce' or 'DryRun', not 'Never'",
        ),
    ],
)
def test_what_is_wrong_in_a_policy_is_quoted(head: str, message: str) -> None:
    assert message in problems("spec: {mode: Never}", head=head)


def test_a_key_of_a_policy_that_is_written_twice_is_quoted() -> None:
    assert problems("spec: {}\nspec: {}") == ["p.yaml:5: spec: 'spec' is written twice: remove one"]


KEYS = st.sampled_from(["data", "stringData", "type", "immutable", "metadata", "spec", "A=B"])
WORDS = st.sampled_from([VALUE, f"!{VALUE}", f"!!int {VALUE}", f"[{VALUE}]", f"{{{VALUE}: 1}}"])


@given(body=st.lists(st.tuples(KEYS, WORDS), max_size=4), kind=st.sampled_from(["Secret", "List"]))
def test_whatever_is_in_a_secret_its_value_is_in_no_message(
    body: list[tuple[str, str]], kind: str
) -> None:
    text = f"apiVersion: v1\nkind: {kind}\n" + "".join(f"{key}: {it}\n" for key, it in body)

    with pytest.raises(PolicyError) as raised:
        load_text(text)

    assert VALUE not in str(raised.value)
