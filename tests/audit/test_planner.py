"""What changes for each workload when one policy becomes another."""

import json

from tests.audit.kit import Json, namespace, pod, with_sources, workload
from tests.core.kit import of_role, secret, text
from webhook.audit.changes import ContainerChange, Order, Plan, WorkloadChange
from webhook.audit.planner import Planner, Side
from webhook.audit.stored import stored, stored_namespace
from webhook.loading.load import load_text

BEFORE = """
scopes:
  - {name: shared, roles: [frontend, backend, worker], envFrom: [{secretRef: {name: app-env}}]}
  - {name: worker, roles: [worker], envFrom: [{secretRef: {name: worker-env}}]}
  - name: keys
    roles: [backend]
    env: [{name: KEY, valueFrom: {secretKeyRef: {name: plugin-secrets, key: KEY}}}]
worker:
  pools:
    tenant-a: {envSecretRef: tenant-a-llm}
"""
WORKER = of_role("worker", pool="tenant-a")


def side(spec: str, name: str) -> Side:
    loaded = load_text(text(spec))
    return Side(name, loaded.policies, tuple(source.policy for source in loaded.sources))


def plan(after: str, *objects: Json, before: str = BEFORE) -> Plan:
    planner = Planner(side(before, "a.yaml"), side(after, "b.yaml"), "cluster")
    if not any(it["kind"] == "Namespace" for it in objects):
        objects = (namespace(), *objects)
    for it in objects:
        content = json.dumps(it).encode()
        if it["kind"] == "Namespace":
            planner.add_namespace(stored_namespace(content))
        else:
            planner.add(stored(it["kind"], content))
    return planner.plan()


def only(made: Plan) -> WorkloadChange:
    (change,) = made.changes
    return change


def test_a_policy_that_is_the_same_changes_nothing() -> None:
    made = plan(BEFORE, workload("Deployment", "w", WORKER), workload("Job", "j", of_role("beat")))

    assert made.is_empty
    assert (made.entries, made.changes, made.widenings) == (2, (), ())


def test_gains_and_losses_are_told_for_each_container() -> None:
    after = BEFORE.replace("name: worker-env", "name: queue-env").replace("key: KEY", "key: NEW")
    backend = of_role("backend", {"containers": [{"name": "a"}, {"name": "b"}]})

    made = plan(after, workload("Deployment", "w", WORKER), workload("Job", "b", backend))

    first, second = made.changes
    assert (first.title, first.containers) == (
        "deployment/w",
        (
            ContainerChange(
                *("main", ("queue-env",), ("worker-env",)),
                before=("app-env", "worker-env", "tenant-a-llm"),
                after=("app-env", "queue-env", "tenant-a-llm"),
            ),
        ),
    )
    assert second.containers == tuple(
        ContainerChange(
            *(name, ("plugin-secrets/NEW",), ("plugin-secrets/KEY",), ("app-env",), ("app-env",))
        )
        for name in ("a", "b")
    )


def test_another_order_is_told_by_both_orders() -> None:
    lines = BEFORE.strip().splitlines()
    after = "\n".join([lines[0], lines[2], lines[1], *lines[3:]])

    change = only(plan(after, workload("Deployment", "w", WORKER)))

    assert change.containers == ()
    assert change.orders == (
        Order(
            "main",
            ("app-env", "worker-env", "tenant-a-llm"),
            ("worker-env", "app-env", "tenant-a-llm"),
        ),
    )


def test_a_source_that_comes_between_is_gained_and_leaves_the_order() -> None:
    after = BEFORE.replace(
        "[{secretRef: {name: app-env}}]",
        "[{secretRef: {name: app-env}}, {configMapRef: {name: settings}}]",
    )

    change = only(plan(after, workload("Deployment", "w", WORKER)))

    assert (change.containers, change.orders) == (
        (
            ContainerChange(
                *("main", ("ConfigMap settings",), ()),
                before=("app-env", "worker-env", "tenant-a-llm"),
                after=("app-env", "ConfigMap settings", "worker-env", "tenant-a-llm"),
            ),
        ),
        (),
    )


def test_what_is_newly_refused_or_no_longer_so_is_told_with_the_sentence() -> None:
    frontend = of_role(
        "frontend", {"containers": [{"name": "web", "envFrom": [secret("app-env")]}]}
    )
    narrower = BEFORE.replace("[frontend, backend, worker]", "[backend, worker]")
    deployment = workload("Deployment", "f", frontend, replicas=0)

    newly, no_longer = (
        only(plan(narrower, deployment)),
        only(plan(BEFORE, deployment, before=narrower)),
    )

    assert (newly.newly_refused, newly.no_longer_refused, newly.replicas) == (True, False, 0)
    assert newly.refused_after[0].message == (
        "container 'web' may not read Secret 'app-env' "
        "(spec.template.spec.containers[0].envFrom[0].secretRef): it belongs to scope 'shared', "
        "and role frontend is not entitled to it (only backend, worker); remove it, or have the "
        "policy's owner add role frontend to it"
    )
    assert (no_longer.newly_refused, no_longer.no_longer_refused) == (False, True)
    assert no_longer.refused_before == newly.refused_after
    assert newly.containers == no_longer.containers == ()


def test_another_role_or_pool_is_told_where_it_makes_a_difference() -> None:
    after = BEFORE + "identity: {aliases: {worker: frontend}}\n"

    change = only(plan(after, workload("Deployment", "w", of_role("worker"))))

    assert (change.role_before, change.role_after) == ("worker", "frontend")
    assert change.containers == (
        ContainerChange("main", (), ("worker-env",), ("app-env", "worker-env"), ("app-env",)),
    )


def test_enforcing_what_was_only_reported_is_a_change() -> None:
    change = only(plan("mode: DryRun\n" + BEFORE, workload("Deployment", "w", WORKER)))

    assert (change.dry_run_before, change.dry_run_after) == (False, True)
    assert (change.containers, change.orders) == ((), ())


def test_what_is_owned_has_ended_or_is_not_opted_in_is_not_compared() -> None:
    owner = workload("Deployment", "w", WORKER)

    made = plan(
        "scopes: []",
        *(namespace(), namespace("legacy", None)),
        owner,
        pod("w-x", with_sources(WORKER, "app-env"), owner=owner),
        pod("done", WORKER, phase="Succeeded"),
        workload("Deployment", "old", WORKER, namespace="legacy"),
        pod("bare", of_role("frontend")),
    )

    assert made.entries == 2
    assert [it.title for it in made.changes] == ["deployment/w", "pod/bare"]


def test_a_widening_is_told_whatever_there_is() -> None:
    made = plan(BEFORE.replace("roles: [backend]", "roles: [backend, relay]"))

    assert not made.is_empty
    assert [it.message for it in made.widenings] == [
        "key 'KEY' of Secret 'plugin-secrets' reaches role relay, which it did not reach"
    ]


def test_a_namespace_that_another_policy_covers_is_judged_by_that_one() -> None:
    change = only(plan("namespaces: [elsewhere]\n" + BEFORE, workload("Job", "w", WORKER)))

    assert (change.policy_before, change.policy_after) == ("noxus", "")
    assert change.refused_after[0].reason == "NoPolicyForNamespace"


def test_what_cannot_be_read_is_told() -> None:
    planner = Planner(side(BEFORE, "a"), side(BEFORE, "b"), "cluster")
    planner.add_unreadable("a Pod is not as Kubernetes wants it")

    assert planner.plan().unreadable == ("a Pod is not as Kubernetes wants it",)
