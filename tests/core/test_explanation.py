"""An explanation tells why, and never something else than what is decided."""

import pytest

from tests.core.kit import CIRCLES, Json, key_of, labelled, of_role, patched, pod, policy, secret
from webhook.core.container_views import ContainerView, Element, Variable
from webhook.core.decide import decide
from webhook.core.decision import Allow, Deny, Mutate, Observed
from webhook.core.deployers import Deployer
from webhook.core.explanation import Ask, Explanation, Grant, LeftOut, explain
from webhook.core.policyset import PolicySet
from webhook.core.request import AdmissionRequest
from webhook.core.words import Hook, NamespaceMode

SCOPES = "secrets.noxus.ai/scopes"
MORE = """
scopes:
  - name: shared
    roles: [backend, worker]
    envFrom: [{configMapRef: {name: config}}, {secretRef: {name: app-env, optional: true}}]
  - name: keys
    roles: [backend]
    containers: [api]
    env: [{name: K, valueFrom: {secretKeyRef: {name: keys, key: k}}}]
  - name: extra
    roles: [backend]
    onRequest: true
    envFrom: [{secretRef: {name: extra-env}}]
  - name: elsewhere
    roles: [backend]
    namespaces: [elsewhere]
    envFrom: [{secretRef: {name: elsewhere-env}}]
  - name: workers
    roles: [worker]
    envFrom: [{secretRef: {name: worker-env}}]
"""


def why(
    spec: str,
    obj: Json,
    *,
    mode: NamespaceMode = NamespaceMode.ENABLED,
    groups: tuple[str, ...] = (),
    deployer: Deployer | None = None,
    root: str = "spec",
) -> Explanation:
    policies = PolicySet([policy(spec)])
    request = AdmissionRequest(
        Hook.MUTATE,
        mode,
        "noxus",
        "CREATE",
        pod(obj),
        groups=groups,
        deployer=deployer,
        root=root,
    )
    decision = decide(request, policies)
    would = decision.would if isinstance(decision, Observed) else decision
    stored = patched(obj, would) if isinstance(would, Mutate) else obj
    explained = explain(request, pod(stored), policies)
    assert explained.decision == decision
    assert explained.verdict == would
    return explained


def api(*elements: Json, env: Json = None, name: str = "api") -> Json:
    return {"containers": [{"name": name, "envFrom": list(elements), "env": env or []}]}


def view(explained: Explanation, index: int = 0) -> ContainerView:
    return explained.containers[index]


# --- the whole


def test_where_no_policy_covers_the_namespace_there_is_only_the_decision() -> None:
    explained = why("namespaces: [other]", of_role("worker"))
    assert isinstance(explained.verdict, Deny)
    assert (explained.policy, explained.assessment, explained.asks) == (None, None, ())


def test_an_object_that_is_not_judged_has_only_the_decision() -> None:
    request = AdmissionRequest(Hook.VALIDATE, NamespaceMode.ENABLED, "noxus", "UPDATE", None)
    explained = explain(request, pod({}), PolicySet([policy(CIRCLES)]))
    assert isinstance(explained.verdict, Allow)
    assert explained.containers == ()


def test_in_dry_run_the_verdict_is_what_would_be_decided() -> None:
    explained = why(CIRCLES, of_role("worker"), mode=NamespaceMode.DRY_RUN)
    assert isinstance(explained.decision, Observed)
    assert isinstance(explained.verdict, Mutate)


def test_notes_are_whole_sentences_where_warnings_are_clipped() -> None:
    explained = why(CIRCLES + "guard: {unknownPool: Warn}", of_role("worker", pool="x"))
    assert explained.notes == (
        (
            "metadata.labels[noxus.ai/worker-pool] claims worker pool 'x', which policy 'noxus' "
            "does not list; correct it, or have the policy's owner add the pool"
        ),
    )


def test_notes_tell_what_is_overridden() -> None:
    obj = of_role("worker", api(secret("app-env"), secret("mine")))
    template = why(CIRCLES, obj, root="spec.template.spec")
    assert template.notes == (
        (
            "container 'api': spec.template.spec.containers[0].envFrom[1] comes after managed "
            "sources and may override them"
        ),
    )


def test_a_mirror_pod_is_said_to_be_one() -> None:
    obj = of_role("worker", annotations={"kubernetes.io/config.mirror": "x"})
    assert why(CIRCLES, obj, groups=("system:nodes",)).mirror
    assert not why(CIRCLES, obj).mirror


GUARDED = """
scopes:
  - name: guarded
    roles: [backend]
    deployers: {users: [joe]}
    envFrom: [{secretRef: {name: vault-env}}]
"""


def test_who_deploys_decides_and_is_said_to_be_missing_where_nobody_says() -> None:
    obj = of_role("backend", api(secret("vault-env")))
    joe, jane = (
        why(GUARDED, obj, deployer=Deployer("joe")),
        why(GUARDED, obj, deployer=Deployer("x")),
    )

    assert why(GUARDED, obj).undecided == ("guarded",)
    assert (joe.undecided, jane.undecided) == ((), ())
    assert [it.scope for it in joe.granted] == ["guarded"]
    assert (jane.granted, [it.scope for it in jane.left_out]) == ((), ["guarded"])
    assert jane.asks[0].refusal.endswith("or have one of its deployers deploy this")


def test_a_mirror_pod_is_explained_without_what_it_would_be_given() -> None:
    obj = of_role("nobody", annotations={"kubernetes.io/config.mirror": "x"})
    warned = "label noxus.ai/role: 'nobody' is no known role"

    assert why(CIRCLES, obj).notes == (warned,)
    assert why(CIRCLES, obj, groups=("system:nodes",)).notes == ()


def test_what_there_is_no_policy_for_is_explained_with_nothing() -> None:
    explained = why("namespaces: [other]", of_role("worker"))

    assert explained == Explanation(explained.decision, None, None, False, (), (), (), (), ())


# --- asks


def test_the_asks_of_a_template_are_named_where_they_stand_in_it() -> None:
    obj = of_role("frontend", pool="x", annotations={SCOPES: "workers"})
    asks = why(MORE, obj, root="spec.template.spec").asks

    assert [it.field for it in asks] == [
        "spec.template.metadata.labels[noxus.ai/worker-pool]",
        f"spec.template.metadata.annotations[{SCOPES}]",
    ]
    assert all(it.refusal.startswith("spec.template.metadata.") for it in asks)


@pytest.mark.parametrize(
    ("pool", "expected"),
    [
        ("tenant-a", {"scopes": ("pool/tenant-a",)}),
        (
            "x",
            {
                "refusal": "metadata.labels[noxus.ai/worker-pool] claims worker pool 'x', which "
                "policy 'noxus' does not list; correct it, or have the policy's owner add the pool"
            },
        ),
    ],
)
def test_a_pool_is_an_ask(pool: str, expected: Json) -> None:
    explained = why(CIRCLES, of_role("worker", pool=pool))
    assert explained.asks == (
        Ask(f"pool {pool}", "metadata.labels[noxus.ai/worker-pool]", **expected),
    )


def test_a_pool_that_is_let_pass_is_said_to_be_unlisted() -> None:
    explained = why(CIRCLES + "guard: {unknownPool: Allow}", of_role("worker", pool="x"))
    assert explained.asks == (
        Ask(
            "pool x",
            "metadata.labels[noxus.ai/worker-pool]",
            passed="the policy does not list it",
        ),
    )


def test_a_pool_of_another_role_is_refused_by_the_decision_s_own_sentence() -> None:
    explained = why(CIRCLES, of_role("frontend", pool="tenant-a"))
    assert isinstance(explained.verdict, Deny)
    assert [ask.refusal for ask in explained.asks] == [explained.verdict.refusals[0].message]


def test_a_pool_by_a_rule_is_the_ask_of_the_rule() -> None:
    spec = (
        CIRCLES
        + """
identity: {rules: [{selector: {matchLabels: {a: b}}, role: worker, pool: tenant-a}]}
"""
    )
    assert why(spec, labelled({"a": "b"})).asks == (
        Ask("pool tenant-a", "rule 0 of spec.identity", ("pool/tenant-a",)),
    )


def test_scopes_by_annotation_are_asks() -> None:
    explained = why(MORE, of_role("backend", annotations={SCOPES: "extra,workers"}))
    field = "metadata.annotations[secrets.noxus.ai/scopes]"
    assert isinstance(explained.verdict, Deny)
    assert explained.asks == (
        Ask("scope extra", field, ("extra",)),
        Ask("scope workers", field, refusal=explained.verdict.refusals[0].message),
    )


def test_managed_secrets_that_are_named_are_asks_with_the_scopes_that_grant_them() -> None:
    obj = of_role("backend", api(secret("app-env", optional=True), secret("worker-env")))
    explained = why(MORE, obj)
    assert isinstance(explained.verdict, Deny)
    assert explained.asks == (
        Ask("Secret app-env", "spec.containers[0].envFrom[0].secretRef", ("shared",)),
        Ask(
            "Secret worker-env",
            "spec.containers[0].envFrom[1].secretRef",
            refusal=explained.verdict.refusals[0].message,
        ),
    )


# --- grants


def test_each_grant_says_by_what_and_which_secrets() -> None:
    explained = why(MORE, of_role("backend", annotations={SCOPES: "extra"}))
    assert explained.granted == (
        Grant("shared", 0, None, "role backend", ("config", "app-env")),
        Grant("keys", 1, None, "role backend", ("keys/k",)),
        Grant("extra", 2, None, "asked for by annotation", ("extra-env",)),
    )
    assert why(CIRCLES, of_role("worker", pool="tenant-a")).granted[-1] == Grant(
        "pool/tenant-a", None, "tenant-a", "its pool", ("tenant-a-llm",)
    )


def test_scopes_of_the_role_that_the_pod_does_not_get_are_told_with_the_reason() -> None:
    assert why(MORE, of_role("backend")).left_out == (
        LeftOut("extra", 2, "only given to pods that ask by annotation"),
        LeftOut("elsewhere", 3, "it is not meant for namespace 'noxus'"),
    )
    assert why(MORE, of_role("worker")).left_out == ()


# --- containers


def element(name: str, origin: str, **more: Json) -> Element:
    given = {"kind": "Secret", "prefix": "", "optional": False, "scope": "", "corrected": False}
    return Element(**{**given, "name": name, "origin": origin, "wins": False, **more})


def test_each_container_shows_its_final_order_with_the_winner_last() -> None:
    obj = of_role(
        "worker", api(secret("tenant-a-llm"), secret("mine"), secret("app-env")), pool="tenant-a"
    )
    assert view(why(CIRCLES, obj)) == ContainerView(
        list="containers",
        name="api",
        excluded=False,
        repeated=(),
        env_from=(
            element("app-env", "moved", scope="shared"),
            element("mine", "the pod's own"),
            element("worker-env", "injected", scope="worker"),
            element("tenant-a-llm", "moved", scope="pool/tenant-a", wins=True),
        ),
        variables=(),
    )


def test_what_was_there_in_order_is_said_to_have_been_there_before() -> None:
    config = {"configMapRef": {"name": "config"}}
    obj = of_role("worker", api(config, secret("app-env"), secret("app-env", "P_")))
    assert view(why(MORE, obj)).env_from == (
        element("config", "there before", kind="ConfigMap", scope="shared"),
        element("app-env", "there before", scope="shared", optional=True, corrected=True),
        element("app-env", "the pod's own", prefix="P_"),
        element("worker-env", "injected", scope="workers", wins=True),
    )


def test_what_was_there_twice_is_told() -> None:
    obj = of_role("frontend", api(secret("app-env"), secret("mine"), secret("app-env")))
    shown = view(why(CIRCLES, obj))
    assert shown.repeated == ("app-env",)
    assert shown.env_from == (
        element("mine", "the pod's own"),
        element("app-env", "there before", scope="shared", wins=True),
    )


def test_an_element_that_is_no_proper_source_is_the_pod_s_own() -> None:
    obj = of_role("frontend", api({"prefix": "P"}, secret("app-env")))
    assert view(why(CIRCLES, obj)).env_from[0] == element(
        "", "the pod's own", kind="ConfigMap", prefix="P"
    )


def test_excluded_containers_and_debug_containers_are_said_to_be_so() -> None:
    spec = {
        "containers": [{"name": "istio-proxy"}, {"name": "web"}],
        "ephemeralContainers": [{"name": "debugger"}],
    }
    for policy_text, debugger in ((MORE, True), (MORE + "containers: {ephemeral: Inject}", False)):
        shown = why(policy_text, of_role("backend", spec)).containers
        assert [(c.list, c.name, c.excluded) for c in shown] == [
            ("containers", "istio-proxy", True),
            ("containers", "web", False),
            ("ephemeralContainers", "debugger", debugger),
        ]


@pytest.mark.parametrize(
    ("env", "origin"),
    [
        ([], "injected"),
        ([key_of("keys", "k", "K")], "there before"),
        ([{"name": "K", "value": "x"}], "overridden by the pod's own"),
        ([key_of("mine", "k", "K")], "overridden by the pod's own"),
    ],
)
def test_each_variable_of_a_scope_says_where_it_comes_from(env: list[Json], origin: str) -> None:
    shown = view(why(MORE, of_role("backend", api(env=env))))
    assert shown.variables == (Variable("K", "keys", "k", "keys", origin),)


def test_a_variable_of_a_refused_pod_is_not_given() -> None:
    shown = view(why(MORE, of_role("backend", api(), pool="x")))
    assert shown.variables == (Variable("K", "keys", "k", "keys", "not given here"),)


def test_a_scope_for_other_containers_shows_no_variable() -> None:
    assert view(why(MORE, of_role("backend", api(name="other")))).variables == ()


def test_a_scope_of_the_role_that_is_also_asked_for_comes_by_the_role() -> None:
    by = {
        it.scope: it.by
        for it in why(MORE, of_role("backend", annotations={SCOPES: "keys, extra"})).granted
    }

    assert by == {
        "shared": "role backend",
        "keys": "role backend",
        "extra": "asked for by annotation",
    }


def test_of_three_that_were_there_only_those_in_another_place_are_moved() -> None:
    there = api(secret("app-env"), secret("tenant-a-llm"), secret("worker-env"))

    shown = view(why(CIRCLES, of_role("worker", there, pool="tenant-a"))).env_from

    assert [(it.name, it.origin) for it in shown] == [
        ("app-env", "there before"),
        ("worker-env", "moved"),
        ("tenant-a-llm", "moved"),
    ]


def test_an_excluded_container_is_shown_without_the_variables_of_scopes() -> None:
    excluding = MORE + "containers: {exclude: [api]}"

    assert view(why(excluding, of_role("backend", api()))).variables == ()


OPTIONAL = """
scopes:
  - name: keys
    roles: [backend]
    env: [{name: K, valueFrom: {secretKeyRef: {name: keys, key: k, optional: true}}}]
"""


def test_a_variable_that_may_be_missing_as_in_the_scope_was_there_before() -> None:
    mine = key_of("keys", "k", "K")
    mine["valueFrom"]["secretKeyRef"]["optional"] = True

    (variable,) = view(why(OPTIONAL, of_role("backend", api(env=[mine])))).variables

    assert variable.origin == "there before"


def test_a_template_s_refusals_and_notes_stand_where_the_template_is() -> None:
    pooled = of_role("worker", pool="x")
    explained = why(CIRCLES + "guard: {unknownPool: Warn}", pooled, root="spec.template.spec")

    assert explained.notes[0].startswith("spec.template.metadata.labels[noxus.ai/worker-pool]")
