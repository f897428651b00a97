"""decide is total and pure, and applies or observes by hook, mode and policy."""

import copy
import json
from itertools import product

import msgspec
import pytest

from tests.core.kit import (
    CIRCLES,
    Json,
    ask,
    labelled,
    of_role,
    patched,
    pod,
    policy,
    refusals,
    secret,
)
from webhook.core.decide import decide
from webhook.core.decision import Allow, Deny, Mutate, Observed, Reason
from webhook.core.policyset import PolicySet
from webhook.core.request import AdmissionRequest
from webhook.core.words import Hook, NamespaceMode

DRY = NamespaceMode.DRY_RUN
INJECTED = "secrets.noxus.ai/injected"
MIRROR = {"kubernetes.io/config.mirror": "x"}


def container(*elements: Json, name: str = "main") -> Json:
    return {"name": name, "envFrom": list(elements)}


def test_an_object_that_was_not_decoded_is_none_of_our_business() -> None:
    for mode in NamespaceMode:
        request = AdmissionRequest(Hook.VALIDATE, mode, "noxus", "UPDATE", None)
        decision = decide(request, PolicySet([policy(CIRCLES)]))
        assert isinstance(decision, Allow)
        assert decision.report.reason is Reason.NOT_JUDGED


@pytest.mark.parametrize("hook", list(Hook))
def test_in_a_namespace_that_no_policy_covers_pods_are_refused(hook: Hook) -> None:
    decision = ask("namespaces: [other]", of_role("frontend"), hook=hook)
    assert refusals(decision) == [
        (
            "namespace 'noxus' is opted in, but no SecretInjectionPolicy covers it: have the "
            "policy's owner add it to spec.namespaces, or the namespace's label "
            "secrets.noxus.ai/injection removed"
        )
    ]
    assert decision.report.policy == ""


def test_in_a_dry_run_namespace_that_no_policy_covers_it_is_a_warning() -> None:
    decision = ask("namespaces: [other]", of_role("frontend"), mode=DRY)
    assert isinstance(decision, Observed)
    assert isinstance(decision.would, Deny)
    assert decision.report.warnings == (
        (
            "dry run: would refuse: namespace 'noxus' is opted in, but no SecretInjectionPolicy "
            "covers it: have the policy's owner…"
        ),
    )


def test_a_pod_that_is_in_order_is_allowed() -> None:
    obj = of_role("frontend", {"containers": [container(secret("app-env"))]})
    obj["metadata"]["annotations"] = {INJECTED: "shared"}
    decision = ask(CIRCLES, obj)
    assert isinstance(decision, Allow)
    assert decision.report.reason is Reason.NOTHING_TO_DO


def test_a_pod_of_which_only_the_annotation_changes_is_not_called_injected() -> None:
    obj = of_role("frontend", {"containers": [container(secret("app-env"))]})
    decision = ask(CIRCLES, obj)
    assert isinstance(decision, Mutate)
    assert decision.report.reason is Reason.NOTHING_TO_DO
    assert patched(obj, decision)["metadata"]["annotations"] == {INJECTED: "shared"}


def test_what_is_granted_is_reported() -> None:
    decision = ask(CIRCLES, of_role("worker", pool="tenant-a"))
    assert isinstance(decision, Mutate)
    report = decision.report
    assert (report.reason, report.policy, report.role, report.pool, report.scopes) == (
        Reason.INJECTED,
        "noxus/0",
        "worker",
        "tenant-a",
        ("shared", "worker", "pool/tenant-a"),
    )


def test_a_pool_without_a_secret_is_no_scope() -> None:
    decision = ask("worker: {pools: {a: {}}}", of_role("worker", pool="a"))
    assert isinstance(decision, Allow)
    assert (decision.report.pool, decision.report.scopes) == ("a", ())


def test_a_scope_that_is_asked_for_though_it_comes_by_itself_comes_once() -> None:
    obj = of_role("worker", annotations={"secrets.noxus.ai/scopes": "worker,shared"})
    assert ask(CIRCLES, obj).report.scopes == ("shared", "worker")


def test_a_refused_pod_is_not_patched() -> None:
    assert isinstance(ask(CIRCLES, of_role("frontend", pool="tenant-a")), Deny)


# --- mirror pods


@pytest.mark.parametrize("hook", list(Hook))
def test_a_mirror_pod_is_neither_injected_nor_held_to_have_sources(hook: Hook) -> None:
    decision = ask(
        CIRCLES, of_role("frontend", annotations=MIRROR), hook=hook, groups=("system:nodes",)
    )
    assert isinstance(decision, Allow)


@pytest.mark.parametrize("hook", list(Hook))
def test_the_references_of_a_mirror_pod_are_checked(hook: Hook) -> None:
    obj = of_role("frontend", {"containers": [container(secret("worker-env"))]}, annotations=MIRROR)
    assert isinstance(ask(CIRCLES, obj, hook=hook, groups=("system:nodes",)), Deny)


# --- dry run


@pytest.mark.parametrize(
    ("spec", "mode"), [(CIRCLES, DRY), (CIRCLES + "mode: DryRun", NamespaceMode.ENABLED)]
)
def test_dry_run_by_namespace_or_policy_reports_and_applies_nothing(
    spec: str, mode: NamespaceMode
) -> None:
    injection = ask(spec, of_role("worker", pool="tenant-a"), mode=mode)
    assert isinstance(injection, Observed)
    assert isinstance(injection.would, Mutate)
    assert injection.report.warnings == ("dry run: would inject shared, worker, pool/tenant-a",)
    refusal = ask(spec, of_role("frontend", pool="tenant-a"), mode=mode)
    assert isinstance(refusal, Observed)
    assert isinstance(refusal.would, Deny)
    assert refusal.report.warnings == (
        (
            "dry run: would refuse: metadata.labels[noxus.ai/worker-pool] claims worker pool "
            "'tenant-a', but only role worker…"
        ),
    )


def test_dry_run_tells_the_refusal_before_the_warnings() -> None:
    obj = of_role(
        "frontend",
        {"containers": [container(secret("app-env"), secret("worker-env"), secret("x"))]},
    )
    assert ask(CIRCLES, obj, mode=DRY).report.warnings == (
        (
            "dry run: would refuse: container 'main' reads Secret 'worker-env': role frontend is "
            "not entitled to it (only worker)"
        ),
        (
            "dry run: container 'main': spec.containers[0].envFrom[2] comes after managed sources "
            "and may override them"
        ),
    )


def test_dry_run_is_silent_where_nothing_would_happen() -> None:
    obj = of_role("frontend", {"containers": [container(secret("app-env"))]})
    for annotations in (None, {INJECTED: "shared"}):
        obj["metadata"]["annotations"] = annotations
        for hook in Hook:
            assert ask(CIRCLES, obj, mode=DRY, hook=hook).report.warnings == ()


def test_dry_run_of_sources_that_are_only_reordered_says_that_nothing_is_injected() -> None:
    spec = """
    scopes:
      - {name: a, roles: [beat], envFrom: [{configMapRef: {name: a}}, {configMapRef: {name: b}}]}
    """
    elements = [{"configMapRef": {"name": "b"}}, {"configMapRef": {"name": "a"}}]
    obj = of_role("frontend", {"containers": [container(*elements)]})
    assert ask(spec, obj, mode=DRY).report.warnings == ("dry run: would inject nothing",)


def test_the_validating_hook_misses_nothing_in_dry_run() -> None:
    decision = ask(CIRCLES, of_role("worker", pool="tenant-a"), mode=DRY, hook=Hook.VALIDATE)
    assert isinstance(decision, Observed)
    assert isinstance(decision.would, Allow)
    assert decision.report.warnings == ()


# --- the validating hook


def test_the_validating_hook_allows_what_the_mutating_hook_made() -> None:
    obj = of_role("worker", pool="tenant-a")
    final = patched(obj, ask(CIRCLES, obj))
    decision = ask(CIRCLES, final, hook=Hook.VALIDATE)
    assert isinstance(decision, Allow)
    assert decision.report.scopes == ("shared", "worker", "pool/tenant-a")


def test_the_validating_hook_names_a_refusal_before_what_is_missing() -> None:
    obj = of_role("frontend", {"containers": [container(secret("worker-env"))]})
    (message,) = refusals(ask(CIRCLES, obj, hook=Hook.VALIDATE))
    assert "may not read Secret 'worker-env'" in message


def test_the_validating_hook_does_not_ask_for_the_annotation() -> None:
    obj = of_role("frontend", {"containers": [container(secret("app-env"))]})
    assert isinstance(ask(CIRCLES, obj, hook=Hook.VALIDATE), Allow)


# --- debug containers

INJECT = CIRCLES + "containers: {ephemeral: Inject}"


def debugged(*ephemeral: Json, role: str = "worker", pool: str = "tenant-a") -> Json:
    spec = {"containers": [{"name": "main"}], "ephemeralContainers": list(ephemeral)}
    return of_role(role, spec, pool=pool)


@pytest.mark.parametrize("hook", list(Hook))
def test_debug_containers_are_given_nothing_unless_the_policy_says_so(hook: Hook) -> None:
    new = debugged(container(name="d"))
    assert isinstance(ask(CIRCLES, new, old=debugged(), hook=hook), Allow)


def test_a_new_debug_container_is_injected_where_the_policy_says_so() -> None:
    first, second = container(name="one"), container(name="two")
    new, old = debugged(first, second), debugged(first)
    decision = ask(INJECT, new, old=old)
    assert isinstance(decision, Mutate)
    stored = patched(new, decision)
    assert stored["spec"]["ephemeralContainers"] == [
        first,
        container(secret("app-env"), secret("worker-env"), secret("tenant-a-llm"), name="two"),
    ]
    assert (
        stored["metadata"] == new["metadata"]
    )  # the annotation speaks of the pod's own containers
    assert isinstance(ask(INJECT, stored, old=old), Allow)
    assert isinstance(ask(INJECT, stored, old=old, hook=Hook.VALIDATE), Allow)


def test_a_new_debug_container_must_have_its_sources_where_the_policy_injects() -> None:
    (message,) = refusals(
        ask(INJECT, debugged(container(name="d")), old=debugged(), hook=Hook.VALIDATE)
    )
    assert message.startswith("container 'd' (spec.ephemeralContainers[0]) was not injected; ")


def test_in_dry_run_the_sources_of_a_debug_container_are_not_demanded() -> None:
    new = debugged(container(name="d"))

    decision = ask(INJECT, new, old=debugged(), hook=Hook.VALIDATE, mode=DRY)

    assert isinstance(decision, Observed)
    assert isinstance(decision.would, Allow)


@pytest.mark.parametrize("spec", [CIRCLES, INJECT])
@pytest.mark.parametrize("hook", list(Hook))
def test_a_new_debug_container_is_held_to_the_same_entitlement(spec: str, hook: Hook) -> None:
    new = debugged(container(secret("tenant-b-llm"), name="d"))
    assert refusals(ask(spec, new, old=debugged(), hook=hook)) == [
        (
            "container 'd' may not read Secret 'tenant-b-llm' "
            "(spec.ephemeralContainers[0].envFrom[0].secretRef): it belongs to worker pool "
            "'tenant-b', and this pod is of pool 'tenant-a'; remove it, or correct the pod's pool"
        )
    ]


def test_debug_containers_of_before_and_the_rest_of_the_pod_are_not_on_trial() -> None:
    before = container(secret("tenant-b-llm"), name="before")
    new, old = debugged(before, container(name="d")), debugged(before)
    for obj in (new, old):
        obj["spec"]["containers"] = [container(secret("tenant-b-llm"))]
    assert isinstance(ask(CIRCLES, new, old=old, hook=Hook.VALIDATE), Allow)


def test_a_debug_container_that_changed_is_judged_as_new() -> None:
    new = debugged(container(secret("tenant-b-llm"), name="d"))
    old = debugged(container(name="d"))
    assert isinstance(ask(CIRCLES, new, old=old, hook=Hook.VALIDATE), Deny)


def test_a_pod_that_claims_what_it_may_not_can_be_debugged_all_the_same() -> None:
    new, old = debugged(container(name="d"), pool="unlisted"), debugged(pool="unlisted")
    assert isinstance(ask(CIRCLES, new, old=old, hook=Hook.VALIDATE), Allow)


def test_who_a_debugged_pod_is_is_read_from_the_object_as_it_was() -> None:
    new = debugged(container(secret("tenant-b-llm"), name="d"), pool="tenant-b")
    assert isinstance(ask(CIRCLES, new, old=debugged(), hook=Hook.VALIDATE), Deny)


def test_the_service_account_of_a_debugged_pod_is_read_from_the_object_as_it_was() -> None:
    spec = """
    scopes: [{name: a, roles: [worker], serviceAccounts: [sa], envFrom: [{secretRef: {name: s}}]}]
    """
    new, old = debugged(container(secret("s"), name="d"), pool=""), debugged(pool="")
    new["spec"]["serviceAccountName"] = "sa"
    assert isinstance(ask(spec, new, old=old, hook=Hook.VALIDATE), Deny)
    old["spec"]["serviceAccountName"] = "sa"
    assert isinstance(ask(spec, new, old=old, hook=Hook.VALIDATE), Allow)


def test_debugging_a_pod_without_ephemeral_containers_at_all_is_allowed() -> None:
    assert isinstance(ask(INJECT, {}, old={}), Allow)


def test_a_debug_container_of_a_pod_without_a_role_that_reads_a_secret_is_refused_with_a_rule() -> (
    None
):
    spec = {"ephemeralContainers": [container(secret("app-env"), name="d")]}
    new, old = labelled({"app": "x"}, spec), labelled({"app": "x"})
    (message,) = refusals(ask(CIRCLES, new, old=old, hook=Hook.VALIDATE))
    assert message.endswith('{selector: {matchLabels: {"app":"x"}}, role: <role>})')


# --- total and pure

SHAPES: list[Json] = [
    {},
    {"metadata": None, "spec": None},
    {"metadata": {}, "spec": {}},
    {"metadata": {"labels": None, "annotations": None}, "spec": {"containers": None}},
    {"spec": {"containers": [{}], "initContainers": [{}], "ephemeralContainers": [{}]}},
    {"spec": {"containers": [{"name": None, "env": [{}], "envFrom": [{}]}], "volumes": [{}]}},
    of_role("worker", {}, pool="tenant-a"),
    of_role("worker", {"containers": []}),
]


@pytest.mark.parametrize(
    ("obj", "old", "hook", "mode"), list(product(SHAPES, [None, *SHAPES], Hook, NamespaceMode))
)
def test_every_shape_of_a_pod_is_decided_the_same_way_twice_and_left_as_it_was(
    obj: Json, old: Json, hook: Hook, mode: NamespaceMode
) -> None:
    before = copy.deepcopy((obj, old))
    one = ask(INJECT, obj, old=old, hook=hook, mode=mode)
    two = ask(INJECT, obj, old=old, hook=hook, mode=mode)
    assert msgspec.json.encode(one) == msgspec.json.encode(two)
    assert (obj, old) == before
    if mode is DRY:
        assert isinstance(one, Observed)
    elif isinstance(one, Mutate):
        target = json.loads(json.dumps(obj))
        assert isinstance(ask(INJECT, patched(target, one), old=old, hook=hook), Allow)


def test_of_a_template_that_is_judged_as_a_pod_all_is_named_where_it_stands() -> None:
    spec = {"containers": [container(secret("app-env"), secret("x"))]}
    spec["initContainers"] = [container(secret("worker-env"), name="init")]
    request = AdmissionRequest(
        Hook.MUTATE,
        NamespaceMode.ENABLED,
        "noxus",
        "CREATE",
        pod(of_role("frontend", spec)),
        root="spec.template.spec",
    )

    decision = decide(request, PolicySet([policy(CIRCLES)]))

    (told,) = refusals(decision)
    assert "(spec.template.spec.initContainers[0].envFrom[0].secretRef)" in told
    assert decision.report.warnings == (
        (
            "container 'main': spec.template.spec.containers[0].envFrom[1] comes after managed "
            "sources and may override them"
        ),
    )
