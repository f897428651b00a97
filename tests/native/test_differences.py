"""The differences are computed from the policy, and each says what came of it."""

import pytest

from tests.native.kit import policy
from webhook.native.differences import EVERY, Compared, differences

ALWAYS = {
    "copy",
    "updates-of-workloads",
    "invalid-first",
    "cost",
    "refusals",
    "warnings",
    "later-sources",
    "dry-run",
    "records",
}
ROLLOUT = {
    "group": "argoproj.io",
    "kind": "Rollout",
    "resource": "rollouts",
    "templates": ["spec.template"],
}
VAULT = {
    "name": "vault",
    "roles": ["worker"],
    "deployers": {"users": ["joe"]},
    "envFrom": [{"secretRef": {"name": "vault-env"}}],
}


@pytest.mark.parametrize(
    ("spec", "more", "less"),
    [
        ({}, set(), set()),
        ({"workloads": [ROLLOUT]}, {"other-kinds"}, set()),
        ({"scopes": [VAULT]}, {"deployers-of-changes"}, set()),
        ({"reload": {"mode": "Annotate"}}, {"reload"}, set()),
        ({"guard": {"shadowing": "Allow"}}, set(), {"later-sources"}),
    ],
)
def test_only_what_the_policy_is_touched_by_is_listed(
    spec: dict[str, object], more: set[str], less: set[str]
) -> None:
    assert {it.name for it in differences(policy(**spec))} == (ALWAYS | more) - less


@pytest.mark.parametrize(
    ("case", "explaining"),
    [
        (Compared("pods", "stored", "refused", "not entitled", updates=False), set()),
        (Compared("pods", "refused", "stored", "", updates=False), set()),
        (Compared("pods", "refused", "invalid", "", updates=False), {"invalid-first"}),
        (Compared("debug", "refused", "stored", "", updates=True), {"deployers-of-changes"}),
        (Compared("workloads", "stored", "refused", "", updates=False), set()),
        (Compared("workloads", "stored", "refused", "", updates=True), {"updates-of-workloads"}),
        (
            Compared("pods", "stored", "refused", "actual cost limit exceeded", updates=False),
            {"cost"},
        ),
    ],
)
def test_a_difference_explains_no_more_than_it_says(case: Compared, explaining: set[str]) -> None:
    assert {it.name for it in EVERY if it.explains(case)} == explaining


def test_names_are_unique() -> None:
    assert len({it.name for it in EVERY}) == len(EVERY)
