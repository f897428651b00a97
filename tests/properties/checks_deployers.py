"""The promises about who deploys, and about workloads, each as a function of a scenario."""

import copy
from dataclasses import replace
from typing import Any

from tests.properties.asking import Outcome, ask, expected_of, with_object
from tests.properties.oracle_deployers import ACCOUNT
from tests.properties.oracle_policy import Json, governing
from tests.properties.oracle_workloads import pods_of
from tests.properties.strategies import Scenario
from webhook.core.words import Hook

CONTROLLER = {"username": ACCOUNT.format("kube-system", "replicaset-controller"), "groups": []}
NOBODY = {"username": "", "groups": ["system:authenticated"]}
OWNERS = [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "uid": "u"}]


def with_fields(scenario: Scenario, **fields: Any) -> Scenario:  # noqa: ANN401 — any JSON
    """The same request with other fields."""
    return replace(scenario, review={**scenario.review, "request": scenario.request | fields})


def as_user(scenario: Scenario, who: Json) -> Scenario:
    """The same request of somebody else; who is of the nodes stays so, for mirror pods."""
    nodes = {"system:nodes"} & set(scenario.request["userInfo"].get("groups") or [])
    groups = [*(who.get("groups") or []), *nodes]
    return with_fields(scenario, userInfo={**who, "groups": groups})


def nobody_is_given_less_than_a_deployer(scenario: Scenario, outcome: Outcome) -> None:
    """Who may not deploy something is refused it all: what is allowed is what everybody gets."""
    if outcome.allowed and not expected_of(scenario).dry_run:
        assert ask(as_user(scenario, CONTROLLER)).patch == outcome.patch


def a_deployer_is_never_refused_more(scenario: Scenario, outcome: Outcome) -> None:
    if outcome.allowed:
        assert ask(as_user(scenario, CONTROLLER)).allowed


def owners_are_never_read(scenario: Scenario, outcome: Outcome) -> None:
    """Whoever creates an object writes its `ownerReferences` as they like.

    Into the template of an update they would be a change of it, which does need a deployer.
    """
    claimed = copy.deepcopy(scenario.request["object"])
    claimed["metadata"] = {**(claimed.get("metadata") or {}), "ownerReferences": OWNERS}
    new = scenario.request["operation"] == "CREATE"
    for pod in pods_of({**scenario.request, "object": claimed}, _spec(scenario)) if new else ():
        metadata = pod["object"].get("metadata") or {}
        pod["object"]["metadata"] = metadata | {"ownerReferences": OWNERS}
    again = ask(with_object(scenario, claimed))
    assert (again.allowed, again.message, again.patch) == (
        outcome.allowed,
        outcome.message,
        outcome.patch,
    )


def its_pods_may_be_created(scenario: Scenario, outcome: Outcome) -> None:
    """A new workload is allowed if, and only if, all of its pods are, to the same user."""
    verdicts = [ask(it).allowed for it in creations_of(scenario)]
    if outcome.allowed:
        assert all(verdicts), verdicts
    else:
        assert not all(verdicts), outcome.message


def its_controller_is_given_no_more(scenario: Scenario, outcome: Outcome) -> None:
    """What an allowed workload's controller creates, its author may create, with the same patch."""
    if outcome.allowed:
        for creation in creations_of(scenario):
            by_controller = ask(as_user(creation, CONTROLLER))
            assert by_controller.patch == ask(creation).patch


def creations_of(scenario: Scenario) -> list[Scenario]:
    """The pods of a workload, as the mutating hook sees them when the same user creates them."""
    pods = {"group": "", "version": "v1", "resource": "pods"}
    whole = replace(scenario, hook=Hook.MUTATE)
    who = dict(scenario.request["userInfo"])
    # Only a node's pod is a mirror pod, and workloads have none.
    who["groups"] = [it for it in who.get("groups") or [] if it != "system:nodes"]
    fields: Json = {"resource": pods, "operation": "CREATE", "oldObject": None, "userInfo": who}
    return [
        with_fields(whole, **fields, object=it["object"])
        for it in pods_of(scenario.request, _spec(scenario))
    ]


def _spec(scenario: Scenario) -> Json:
    return governing(scenario.policies, scenario.request["namespace"]) or {}
