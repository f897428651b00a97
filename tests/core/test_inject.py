"""Which containers of a pod are changed, and what is told of a final pod that was not."""

import pytest

from tests.core.kit import CIRCLES, Json, ask, of_role, patched, refusals, secret
from webhook.core.decision import Deny
from webhook.core.words import Hook

NAMED = """
scopes:
  - {name: a, roles: [worker], envFrom: [{secretRef: {name: a-env}}]}
  - {name: b, roles: [worker], containers: [api, "plugin-*"], envFrom: [{secretRef: {name: b-env}}]}
"""


MISSING = "was not injected"
CHANGED = "was injected, but its sources were changed since"


def names(container: Json) -> list[str]:
    return [element["secretRef"]["name"] for element in container.get("envFrom", [])]


def test_containers_and_init_containers_are_injected_but_no_debug_container() -> None:
    lists = ("containers", "initContainers", "ephemeralContainers")
    obj = of_role("frontend", {members: [{"name": members.lower()}] for members in lists})
    spec = patched(obj, ask(CIRCLES, obj))["spec"]
    assert {members: names(spec[members][0]) for members in lists} == {
        "containers": ["app-env"],
        "initContainers": ["app-env"],
        "ephemeralContainers": [],
    }


def test_each_container_gets_the_scopes_that_reach_it() -> None:
    obj = of_role("worker", {"containers": [{"name": n} for n in ("api", "plugin-x", "other")]})
    spec = patched(obj, ask(NAMED, obj))["spec"]
    assert [names(container) for container in spec["containers"]] == [
        ["a-env", "b-env"],
        ["a-env", "b-env"],
        ["a-env"],
    ]


@pytest.mark.parametrize("name", ["istio-proxy", "linkerd-proxy", "vault-agent", "daprd"])
@pytest.mark.parametrize("members", ["containers", "initContainers"])
def test_sidecars_of_other_injectors_are_left_alone(name: str, members: str) -> None:
    spec: Json = {"containers": [{"name": "web"}]}
    spec[members] = [*spec.get(members, []), {"name": name, "envFrom": [secret("x")]}]
    obj = of_role("frontend", spec)
    assert names(patched(obj, ask(CIRCLES, obj))["spec"][members][-1]) == ["x"]


def test_the_policy_may_exclude_others_instead() -> None:
    obj = of_role("frontend", {"containers": [{"name": "daprd"}, {"name": "my-agent"}]})
    spec = patched(obj, ask(CIRCLES + 'containers: {exclude: ["*-agent"]}', obj))["spec"]
    assert [names(container) for container in spec["containers"]] == [["app-env"], []]


@pytest.mark.parametrize(
    ("elements", "what"),
    [
        ([], MISSING),
        ([secret("app-env")], MISSING),
        ([secret("worker-env"), secret("app-env"), secret("x")], CHANGED),
        ([secret("app-env", optional=True), secret("worker-env")], CHANGED),
        ([secret("app-env"), secret("worker-env"), secret("app-env")], CHANGED),
    ],
)
def test_a_final_pod_without_its_sources_is_to_be_created_again(
    elements: list[Json], what: str
) -> None:
    spec = {"initContainers": [{"name": "init", "envFrom": elements}]}
    decision = ask(CIRCLES, of_role("worker", spec), hook=Hook.VALIDATE)
    assert refusals(decision) == [
        (
            f"container 'init' (spec.initContainers[0]) {what}; create it again (controllers do so "
            "by themselves), and if that does not help, look for the webhook's mutating hook"
        )
    ]


def test_a_source_whose_optional_was_taken_away_is_not_called_missing() -> None:
    spec = """
    scopes: [{name: a, roles: [worker], envFrom: [{secretRef: {name: a-env, optional: true}}]}]
    """
    obj = of_role("worker", {"containers": [{"name": "c", "envFrom": [secret("a-env")]}]})
    (message,) = refusals(ask(spec, obj, hook=Hook.VALIDATE))
    assert "was injected, but its sources were changed since" in message


def test_what_is_missing_is_not_named_since_the_pod_did_not_mention_it() -> None:
    decision = ask(CIRCLES, of_role("worker", pool="tenant-a"), hook=Hook.VALIDATE)
    assert isinstance(decision, Deny)
    assert "env" not in decision.refusals[0].message


def test_each_container_that_lacks_something_is_named() -> None:
    obj = of_role("frontend", {"containers": [{"name": "a"}, {"name": "daprd"}, {"name": "b"}]})
    decision = ask(CIRCLES, obj, hook=Hook.VALIDATE)
    assert isinstance(decision, Deny)
    assert [finding.field for finding in decision.refusals] == [
        "spec.containers[0]",
        "spec.containers[2]",
    ]
