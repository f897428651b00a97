"""Workloads: the asks of their templates are judged, and an update only for what it adds."""

import copy
import json
from typing import Any

import pytest

from tests.core.kit import CIRCLES, key_of, of_role, secret
from tests.wire.kit import response, review, send
from webhook.core.words import Hook, NamespaceMode
from webhook.wire.answer import Answer, Malformed

Json = Any

# Where each kind has its template, by its API group and plural.
KINDS = {
    ("apps", "deployments"): "spec.template",
    ("apps", "statefulsets"): "spec.template",
    ("apps", "daemonsets"): "spec.template",
    ("apps", "replicasets"): "spec.template",
    ("", "replicationcontrollers"): "spec.template",
    ("", "podtemplates"): "template",
    ("batch", "jobs"): "spec.template",
    ("batch", "cronjobs"): "spec.jobTemplate.spec.template",
    ("apps", "controllerrevisions"): "data.spec.template",
}
DEPLOYMENTS = ("apps", "deployments")
GREEDY = of_role("frontend", {"containers": [{"name": "main", "envFrom": [secret("worker-env")]}]})
WHY = (
    "container 'main' may not read Secret 'worker-env' "
    "(spec.template.spec.containers[0].envFrom[0].secretRef): it belongs to scope 'worker', and "
    "role frontend is not entitled to it (only worker); remove it, or have the policy's owner add "
    "role frontend to it"
)


def workload(template: Json, path: str = "spec.template") -> Json:
    for step in reversed(path.split(".")):
        template = {step: template}
    return {"metadata": {"name": "web"}} | template


def ask(
    template: Json,
    old: Json = None,
    kind: tuple[str, str] = DEPLOYMENTS,
    *,
    hook: Hook = Hook.VALIDATE,
    spec: str = CIRCLES,
    mode: NamespaceMode = NamespaceMode.ENABLED,
    **request: Json,
) -> Answer:
    path = KINDS[kind]
    group, resource = kind
    fields = {
        "resource": {"group": group, "version": "v1", "resource": resource},
        "operation": "CREATE" if old is None else "UPDATE",
        "oldObject": None if old is None else workload(old, path),
    }
    given = review(workload(template, path), **(fields | request))
    return send(given, hook=hook, spec=spec, mode=mode)


def message(given: Answer) -> str | None:
    status = response(given).get("status")
    return status and str(status["message"])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind[1])
def test_a_template_that_asks_for_more_is_refused_where_it_is_written(
    kind: tuple[str, str],
) -> None:
    given = ask(GREEDY, kind=kind)

    assert message(given) == WHY.replace("spec.template.spec", f"{KINDS[kind]}.spec")
    assert given.record.resource == kind[1]
    assert (given.record.role, given.record.name) == ("frontend", "")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind[1])
def test_a_template_that_obeys_is_allowed_without_the_sources_that_come_with_the_pod(
    kind: tuple[str, str],
) -> None:
    given = ask(of_role("worker", pool="tenant-a"), kind=kind)

    assert response(given)["allowed"]
    assert given.record.reason == "NothingToDo"
    assert given.record.scopes == ("shared", "worker", "pool/tenant-a")


def test_labels_and_annotations_are_named_where_they_stand_in_the_template() -> None:
    pool = ask(of_role("frontend", pool="tenant-a"))
    scope = ask(of_role("frontend", annotations={"secrets.noxus.ai/scopes": "worker"}))

    assert message(pool) == (
        "spec.template.metadata.labels[noxus.ai/worker-pool] claims worker pool 'tenant-a', but "
        "only role worker belongs to pools, and this pod is a frontend; remove the pool, or "
        "correct the role"
    )
    assert str(message(scope)).startswith(
        "spec.template.metadata.annotations[secrets.noxus.ai/scopes] asks for scope 'worker': "
    )


def test_what_was_so_before_is_not_held_against_an_update() -> None:
    scaled = copy.deepcopy(GREEDY)
    scaled["spec"]["containers"][0]["image"] = "app:2"

    assert response(ask(scaled, GREEDY))["allowed"]


def test_not_even_where_it_moved_to_another_place_of_its_list() -> None:
    moved = copy.deepcopy(GREEDY)
    moved["spec"]["containers"].insert(0, {"name": "first"})

    assert response(ask(moved, GREEDY))["allowed"]


ONE_KEY = {"name": "main", "env": [key_of("worker-env", "A")]}
ADDED = {
    "another Secret": {"name": "main", "envFrom": [secret("worker-env"), secret("tenant-a-llm")]},
    "another container": {"name": "other", "envFrom": [secret("worker-env")]},
    "another way": {"name": "main", "env": [key_of("worker-env", "A")]},
}


@pytest.mark.parametrize("container", ADDED.values(), ids=ADDED.keys())
def test_what_an_update_adds_is_refused(container: Json) -> None:
    more = of_role("frontend", {"containers": [container]})

    assert not response(ask(more, GREEDY))["allowed"]


def test_another_key_of_the_same_secret_is_an_addition() -> None:
    before = of_role("frontend", {"containers": [ONE_KEY]})
    after = copy.deepcopy(before)
    after["spec"]["containers"][0]["env"] = [key_of("worker-env", "B")]

    assert response(ask(before, before))["allowed"]
    assert not response(ask(after, before))["allowed"]


def test_a_volume_that_another_container_mounts_is_an_addition() -> None:
    volume = {"name": "v", "secret": {"secretName": "worker-env"}}
    mounting = {"volumeMounts": [{"name": "v", "mountPath": "/v"}]}
    before = of_role(
        "frontend", {"containers": [{"name": "a"} | mounting, {"name": "b"}], "volumes": [volume]}
    )
    after = copy.deepcopy(before)
    after["spec"]["containers"][1] |= mounting

    assert response(ask(before, before))["allowed"]
    assert not response(ask(after, before))["allowed"]


def test_another_role_is_held_to_what_was_there_before() -> None:
    entitled = copy.deepcopy(GREEDY)
    entitled["metadata"]["labels"]["noxus.ai/role"] = "worker"

    assert response(ask(entitled, GREEDY))["allowed"]
    assert message(ask(GREEDY, entitled)) == WHY


def test_shadowing_is_told_and_refused_as_the_policy_has_it_and_only_if_new() -> None:
    spec = CIRCLES + "\nguard: {shadowing: Deny}\n"
    spec = spec.replace(
        "envFrom: [{secretRef: {name: worker-env}}]",
        "env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: worker-env, key: TOKEN}}}]",
    )
    plain = of_role("worker", {"containers": [{"name": "main"}]})
    shadows = copy.deepcopy(plain)
    shadows["spec"]["containers"][0]["env"] = [{"name": "TOKEN", "value": "mine"}]

    assert "TOKEN" in str(message(ask(shadows, plain, spec=spec)))
    assert response(ask(shadows, shadows, spec=spec))["allowed"]


def test_a_template_that_was_nobody_before_may_stay_nobody() -> None:
    spec = CIRCLES + "\nguard: {unknownRole: Deny, unmanagedSecrets: Deny}\n"
    nobody = {"metadata": {}, "spec": {"containers": [{"name": "main"}]}}
    greedy = {"metadata": {}, "spec": {"containers": [{"name": "m", "envFrom": [secret("own")]}]}}
    hinted = copy.deepcopy(nobody)
    hinted["spec"]["containers"][0]["env"] = [{"name": "WORKER_SUBSCRIBE", "value": "x"}]

    assert response(ask(nobody, greedy, spec=spec))["allowed"]
    assert response(ask(hinted, nobody, spec=spec))["allowed"]
    assert not response(ask(nobody, of_role("worker"), spec=spec))["allowed"]


def test_what_a_template_overrides_is_told_where_it_stands() -> None:
    shadowing = CIRCLES + "\nguard: {shadowing: Deny}\n"
    spec = shadowing.replace(
        "envFrom: [{secretRef: {name: worker-env}}]",
        "env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: worker-env, key: TOKEN}}}]",
    )
    env = [{"name": "TOKEN", "value": "mine"}]
    shadows = of_role("worker", {"containers": [{"name": "main", "env": env}]})

    assert message(ask(shadows, spec=spec)) == (
        "container 'main' sets variable 'TOKEN' (spec.template.spec.containers[0].env[0]), which a "
        "scope provides; remove it to get the managed value"
    )


def test_of_several_templates_all_warnings_are_given() -> None:
    behind = of_role(
        "frontend", {"containers": [{"name": "a", "envFrom": [secret("app-env"), secret("x")]}]}
    )
    steps = {"spec": {"steps": [{"template": behind}, {"template": of_role("x")}]}}

    warnings = response(of_rollout(steps))["warnings"]

    assert [it.split(":")[0] for it in warnings] == ["container 'a'", "label noxus.ai/role"]


def test_what_is_shadowed_may_move_to_another_place_of_its_list() -> None:
    spec = CIRCLES + "\nguard: {shadowing: Deny}\n"
    spec = spec.replace(
        "envFrom: [{secretRef: {name: worker-env}}]",
        "env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: worker-env, key: TOKEN}}}]",
    )
    shadows = {"name": "main", "env": [{"name": "TOKEN", "value": "mine"}]}
    before = of_role("worker", {"containers": [shadows, {"name": "b"}]})
    after = of_role("worker", {"containers": [{"name": "b"}, shadows]})
    more = of_role("worker", {"containers": [shadows, shadows | {"name": "b"}]})

    assert response(ask(after, before, spec=spec))["allowed"]
    assert not response(ask(more, before, spec=spec))["allowed"]


def test_in_dry_run_it_is_told_and_allowed() -> None:
    answered = response(ask(GREEDY, mode=NamespaceMode.DRY_RUN))

    assert answered["allowed"]
    assert answered["warnings"] == [
        (
            "dry run: would refuse: container 'main' reads Secret 'worker-env': role frontend is "
            "not entitled to it (only worker)"
        )
    ]


def test_where_no_policy_covers_the_namespace_the_author_is_warned() -> None:
    spec = "namespaces: [elsewhere]\n" + CIRCLES

    answered = response(ask(GREEDY, spec=spec))

    assert answered["allowed"]
    assert answered["warnings"] == [
        "its pods will be refused: no SecretInjectionPolicy covers namespace 'noxus'"
    ]
    assert answered["auditAnnotations"]["reason"] == "NoPolicyForNamespace"


@pytest.mark.parametrize(
    "request_",
    [
        {"subResource": "scale"},
        {"subResource": "status"},
        {"operation": "DELETE"},
        {"resource": {"group": "example.com", "version": "v1", "resource": "deployments"}},
    ],
)
def test_what_leaves_the_template_alone_is_not_judged(request_: Json) -> None:
    answered = response(ask(GREEDY, GREEDY, **request_))

    assert answered["allowed"]
    assert answered["auditAnnotations"]["reason"] == "NotJudged"


def test_the_mutating_hook_has_nothing_to_say_of_workloads() -> None:
    answered = response(ask(GREEDY, hook=Hook.MUTATE))

    assert answered["allowed"]
    assert "patch" not in answered


def test_a_template_that_is_missing_or_null_asks_for_nothing() -> None:
    deployments = {"group": "apps", "version": "v1", "resource": "deployments"}
    for body in ({}, {"spec": None}, {"spec": {}}, {"spec": {"template": None}}, None):
        given = send(review(body or {}, resource=deployments), hook=Hook.VALIDATE)
        assert response(given)["allowed"]


@pytest.mark.parametrize("body", [{"spec": 1}, {"spec": "x"}, {"spec": {"template": 3}}])
def test_what_is_no_workload_is_malformed(body: Json) -> None:
    deployments = {"group": "apps", "version": "v1", "resource": "deployments"}
    with pytest.raises(Malformed, match=r"^request\.object has no pod template that makes sense"):
        send(review(body, resource=deployments), hook=Hook.VALIDATE)


ROLLOUTS = (
    CIRCLES
    + """
workloads:
  - group: argoproj.io
    kind: Rollout
    resource: rollouts
    templates: [spec.template, "spec.steps.*.template", "spec.replicas.*.template"]
"""
)


def of_rollout(obj: Json, old: Json = None, spec: str = ROLLOUTS) -> Answer:
    resource = {"group": "argoproj.io", "version": "v1alpha1", "resource": "rollouts"}
    operation = "CREATE" if old is None else "UPDATE"
    given = review(obj, resource=resource, operation=operation, oldObject=old)
    return send(given, hook=Hook.VALIDATE, spec=spec)


@pytest.mark.parametrize(
    ("obj", "place"),
    [
        ({"spec": {"template": GREEDY}}, "spec.template"),
        ({"spec": {"steps": [{}, {"template": GREEDY}]}}, "spec.steps[1].template"),
        ({"spec": {"replicas": {"Worker": {"template": GREEDY}}}}, "spec.replicas.Worker.template"),
    ],
)
def test_other_kinds_are_judged_where_the_policy_says_their_templates_are(
    obj: Json, place: str
) -> None:
    assert message(of_rollout(obj)) == WHY.replace("spec.template.spec", f"{place}.spec")
    assert response(of_rollout(obj, obj))["allowed"]


def test_of_several_templates_each_is_judged_and_all_is_told() -> None:
    obj = {"spec": {"template": GREEDY, "steps": [{"template": GREEDY}]}}

    assert str(message(of_rollout(obj))).startswith("2 reasons: (1) container 'main'")


def test_other_kinds_that_no_policy_lists_are_not_judged() -> None:
    answered = response(of_rollout({"spec": {"template": GREEDY}}, spec=CIRCLES))

    assert answered["allowed"]
    assert answered["auditAnnotations"]["reason"] == "NotJudged"


def test_a_kind_without_the_place_that_was_listed_asks_for_nothing() -> None:
    for obj in ({}, {"spec": {"steps": {}}}, {"spec": {"steps": None, "replicas": []}}):
        assert response(of_rollout(obj))["allowed"]


def test_templates_beyond_a_limit_are_malformed() -> None:
    obj = {"spec": {"steps": [{"template": {}}] * 257}}

    with pytest.raises(Malformed, match="more than 256 pod templates"):
        of_rollout(obj)


@pytest.mark.parametrize(
    ("paths", "obj"),
    [
        (
            '["spec.*.*.template"]',
            {"spec": {"a.b": {"c": {"template": GREEDY}}, "a": {"b.c": {"template": {}}}}},
        ),
        (
            '["spec.*.template", "spec.a.b.template"]',
            {"spec": {"a.b": {"template": GREEDY}, "a": {"b": {"template": {}}}}},
        ),
    ],
)
def test_a_template_cannot_hide_behind_another_by_a_dot_in_a_key(paths: str, obj: Json) -> None:
    rollout = "group: argoproj.io, kind: Rollout, resource: rollouts"
    spec = f"{CIRCLES}\nworkloads: [{{{rollout}, templates: {paths}}}]\n"

    assert not response(of_rollout(obj, spec=spec))["allowed"]


def test_no_value_of_a_variable_is_ever_told() -> None:
    canary = copy.deepcopy(GREEDY)
    canary["spec"]["containers"][0]["env"] = [{"name": "X", "value": "canary-value"}]

    given = ask(canary)

    assert b"canary-value" not in given.body
    assert "canary-value" not in json.dumps([str(given.record), str(given.decision)])


def test_what_no_policy_names_may_move_to_another_place_of_its_list() -> None:
    spec = CIRCLES + "\nguard: {unmanagedSecrets: Deny}\n"
    before = of_role("frontend", {"containers": [{"name": "a", "envFrom": [secret("x")]}]})
    moved = copy.deepcopy(before)
    moved["spec"]["containers"][0]["envFrom"].insert(0, secret("app-env"))

    assert response(ask(moved, before, spec=spec))["allowed"]
    assert not response(ask(before, spec=spec))["allowed"]
