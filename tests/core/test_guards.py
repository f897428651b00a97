"""The cases that a policy may allow, warn about or deny."""

import pytest

from tests.core.kit import (
    CIRCLES,
    Json,
    ask,
    key_of,
    labelled,
    of_role,
    pod,
    policy,
    refusals,
    secret,
)
from webhook.core import guards
from webhook.core.decision import Allow, Decision, Deny, Finding, Mutate, Reason
from webhook.core.identity import identify

REACTIONS = ["Allow", "Warn", "Deny"]
KEYS = """
scopes:
  - name: keys
    roles: [backend]
    env: [{name: API_KEY, valueFrom: {secretKeyRef: {name: keys, key: api}}}]
"""


def guarded(spec: str, guard: str, reaction: str) -> str:
    return f"{spec}\nguard: {{{guard}: {reaction}}}\n"


def told(decision: Decision, reaction: str) -> tuple[str, ...]:
    """Return what was said, where the reaction says that it is: in warnings, or as refusals."""
    if reaction == "Deny":
        return tuple(refusals(decision))
    assert not isinstance(decision, Deny)
    return decision.report.warnings


def expected(message: str, reaction: str) -> tuple[str, ...]:
    return () if reaction == "Allow" else (message,)


# --- unknownRole


@pytest.mark.parametrize("reaction", REACTIONS)
@pytest.mark.parametrize(
    ("identity", "labels", "message"),
    [
        (
            "",
            {},
            "no Noxus role, so nothing is injected: label the pod noxus.ai/role: <role>",
        ),
        (
            "identity: {roleLabels: [a/b, c]}",
            {"noxus.ai/role": "worker"},
            "no Noxus role, so nothing is injected: label the pod a/b: <role>",
        ),
        (
            "identity: {roleLabels: []}",
            {},
            "no Noxus role, so nothing is injected: no rule matches its labels",
        ),
        (
            "",
            {"noxus.ai/role": "wroker"},
            "label noxus.ai/role: 'wroker' is no known role; did you mean 'worker'?",
        ),
        ("", {"noxus.ai/role": "x"}, "label noxus.ai/role: 'x' is no known role"),
        ("", {"noxus.ai/role": ""}, "label noxus.ai/role: '' is no known role"),
    ],
)
def test_a_pod_of_unknown_role_is_told_how_to_say_it(
    identity: str, labels: dict[str, str], message: str, reaction: str
) -> None:
    decision = ask(guarded(identity, "unknownRole", reaction), labelled(labels))
    assert told(decision, reaction) == expected(message, reaction)
    if reaction == "Deny":
        assert decision.report.reason is Reason.UNKNOWN_ROLE


@pytest.mark.parametrize("members", ["containers", "initContainers"])
@pytest.mark.parametrize(
    ("identity", "hint"),
    [
        ("", "label it noxus.ai/role: worker"),
        ("identity: {roleLabels: [a]}", "label it a: worker"),
        ("identity: {roleLabels: []}", "have a rule match its labels"),
        ("identity: {roles: [runner]}\nworker: {role: runner}", "label it noxus.ai/role: runner"),
    ],
)
def test_a_variable_of_workers_is_a_hint_and_grants_nothing(
    members: str, identity: str, hint: str
) -> None:
    container = {"name": "c", "env": [{"name": "A"}, {"name": "WORKER_SUBSCRIBE", "value": "x"}]}
    decision = ask(identity or "scopes: []", labelled({}, {members: [container]}))
    assert isinstance(decision, Allow)
    assert decision.report.warnings == (
        f"no Noxus role, but WORKER_SUBSCRIBE is set: if this is a worker, {hint}",
    )


def test_a_pod_without_a_spec_is_of_unknown_role_like_any_other() -> None:
    decision = ask("scopes: []", {})
    assert isinstance(decision, Allow)
    assert decision.report.reason is Reason.UNKNOWN_ROLE


def test_a_mirror_pod_needs_no_role() -> None:
    pod = labelled({}, annotations={"kubernetes.io/config.mirror": "x"})
    decision = ask("guard: {unknownRole: Deny}", pod, groups=("system:nodes",))
    assert isinstance(decision, Allow)
    assert decision.report.warnings == ()


# --- a rule for those who ask without a role


def asking(labels: dict[str, str]) -> str:
    pod = labelled(labels, {"containers": [{"name": "c", "envFrom": [secret("app-env")]}]})
    (message,) = refusals(ask(CIRCLES, pod))
    start = (
        "container 'c' may not read Secret 'app-env' (spec.containers[0].envFrom[0].secretRef): it "
        "belongs to scope 'shared', and a pod of unknown role is not entitled to it (only backend, "
        "frontend, worker); remove it, or label the pod with its role ("
    )
    assert message.startswith(start)
    return message.removeprefix(start).removesuffix(")")


def test_a_pod_of_unknown_role_is_refused_with_a_rule_that_would_match_it() -> None:
    labels = {"app": "x", "pod-template-hash": "abc", "controller-uid": "u", "tier": "web"}
    assert asking(labels) == (
        "an entry for identity.rules that matches it: "
        '{selector: {matchLabels: {"app":"x","tier":"web"}}, role: <role>}'
    )


def test_of_many_labels_the_rule_shows_six() -> None:
    message = asking({f"l{n}": "x" for n in range(9)})
    assert message.count('":"x"') == 6


@pytest.mark.parametrize("labels", [{}, {"pod-template-hash": "abc", "job-name": "j"}])
def test_a_pod_without_labels_of_its_own_is_told_so(labels: dict[str, str]) -> None:
    assert asking(labels) == "the pod has no label of its own that a rule could select"


def test_the_rule_is_given_once_also_where_another_refusal_comes_first() -> None:
    spec = {"containers": [{"name": "c", "envFrom": [secret("app-env"), secret("worker-env")]}]}
    pod = labelled({"noxus.ai/worker-pool": "tenant-a"}, spec)
    messages = refusals(ask(CIRCLES, pod))
    assert ["identity.rules" in message for message in messages] == [False, True, False]


# --- unknownPool


@pytest.mark.parametrize("reaction", REACTIONS)
def test_a_worker_of_an_unlisted_pool_is_told_so(reaction: str) -> None:
    decision = ask(guarded(CIRCLES, "unknownPool", reaction), of_role("worker", pool="x"))
    message = (
        "metadata.labels[noxus.ai/worker-pool] claims worker pool 'x', which policy 'noxus' does "
        "not list; correct it, or have the policy's owner add the pool"
    )
    brief = message.removesuffix(" the policy's owner add the pool") + "…"
    shown = message if reaction == "Deny" else brief
    assert told(decision, reaction) == expected(shown, reaction)
    assert decision.report.scopes == ("shared", "worker")


def test_an_unlisted_pool_of_a_rule_is_said_to_be_the_rule_s() -> None:
    spec = "identity: {rules: [{selector: {matchLabels: {a: b}}, role: worker, pool: x}]}"
    assert refusals(ask(spec, labelled({"a": "b"}))) == [
        (
            "rule 0 of spec.identity claims worker pool 'x', which policy 'noxus' does not list; "
            "correct it, or have the policy's owner add the pool"
        )
    ]


def test_a_pool_label_that_a_rule_leaves_unread_is_warned_about() -> None:
    spec = "identity: {rules: [{selector: {matchLabels: {a: b}}, role: worker}]}"
    decision = ask(spec, labelled({"a": "b", "noxus.ai/worker-pool": "x"}))
    assert decision.report.warnings == (
        (
            "metadata.labels[noxus.ai/worker-pool] is not read: rule 0 decides, and gives no pool; "
            "add poolFrom to it"
        ),
    )
    assert ask(spec, labelled({"a": "b"})).report.warnings == ()
    assert ask(spec, labelled({"a": "b", "noxus.ai/worker-pool": ""})).report.warnings == ()


# --- shadowing


def setting(*variables: Json) -> Json:
    return of_role("backend", {"containers": [{"name": "c", "env": list(variables)}]})


OTHERS: list[dict[str, Json]] = [
    {"name": "API_KEY", "value": "x"},
    {"name": "API_KEY"},
    {"name": "API_KEY", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
    {"name": "API_KEY", "valueFrom": {"secretKeyRef": {"name": "mine", "key": "api"}}},
    {
        "name": "API_KEY",
        "valueFrom": {"secretKeyRef": {"name": "keys", "key": "api", "optional": True}},
    },
]


@pytest.mark.parametrize("reaction", REACTIONS)
@pytest.mark.parametrize("variable", OTHERS)
def test_a_variable_with_the_name_of_a_managed_one_shadows_it(
    variable: Json, reaction: str
) -> None:
    decision = ask(guarded(KEYS, "shadowing", reaction), setting({"name": "A"}, variable))
    message = (
        "container 'c' sets variable 'API_KEY' (spec.containers[0].env[1]), which a scope provides"
        "; remove it to get the managed value"
    )
    shown = message if reaction == "Deny" else message.removesuffix(" managed value") + "…"
    assert told(decision, reaction) == expected(shown, reaction)


@pytest.mark.parametrize("optional", [None, False])
def test_a_variable_that_reads_what_the_scope_provides_shadows_nothing(
    optional: bool | None,
) -> None:
    same = key_of("keys", "api", "API_KEY")
    if optional is not None:
        same["valueFrom"]["secretKeyRef"]["optional"] = optional
    decision = ask(guarded(KEYS, "shadowing", "Deny"), setting(same))
    assert not isinstance(decision, Deny)
    assert decision.report.warnings == ()


def test_of_repeated_variables_the_last_counts() -> None:
    same, other = key_of("keys", "api", "API_KEY"), {"name": "API_KEY", "value": "x"}
    deny = guarded(KEYS, "shadowing", "Deny")
    assert not isinstance(ask(deny, setting(other, same)), Deny)
    assert isinstance(ask(deny, setting(same, other)), Deny)


def behind(*elements: Json, reaction: str = "Warn") -> tuple[str, ...]:
    pod = of_role("worker", {"containers": [{"name": "c", "envFrom": list(elements)}]})
    decision = ask(guarded(CIRCLES, "shadowing", reaction), pod)
    assert isinstance(decision, Allow | Mutate)
    return decision.report.warnings


def may_override(index: int) -> tuple[str, ...]:
    field = f"spec.containers[0].envFrom[{index}]"
    return (f"container 'c': {field} comes after managed sources and may override them",)


def test_a_source_of_the_pod_behind_a_managed_one_may_override_it() -> None:
    shared, custom = secret("app-env"), secret("custom")
    assert behind(shared, custom) == may_override(1)
    assert behind(shared, {"configMapRef": {"name": "cm"}}) == may_override(1)
    assert behind(shared, secret("app-env", "P_")) == may_override(1)
    assert behind(shared, custom, secret("worker-env")) == may_override(1)
    assert behind(shared, custom, custom) == may_override(2)


def test_a_source_of_the_pod_in_front_overrides_nothing() -> None:
    shared, custom = secret("app-env"), secret("custom")
    assert behind(custom, shared) == ()
    assert behind(shared, custom, shared) == ()  # of the repeated ones the last stays
    assert behind(custom) == ()  # managed ones are put behind it
    assert behind(shared) == ()


def test_a_source_behind_is_at_most_a_warning() -> None:
    elements = (secret("app-env"), secret("custom"))
    assert behind(*elements, reaction="Allow") == ()
    assert behind(*elements, reaction="Deny") == may_override(1)


def test_nothing_is_shadowed_in_a_container_that_is_given_nothing() -> None:
    spec = {
        "containers": [
            {"name": "daprd", "env": [{"name": "API_KEY", "value": "x"}]},
            {"name": "c", "env": [{"name": "OTHER", "value": "x"}]},
        ]
    }
    assert ask(guarded(KEYS, "shadowing", "Deny"), of_role("backend", spec)).report.warnings == ()


# --- unmanagedSecrets


@pytest.mark.parametrize("reaction", REACTIONS)
@pytest.mark.parametrize(
    ("spec", "subject", "field"),
    [
        (
            {"containers": [{"name": "c", "envFrom": [secret("mine")]}]},
            "container 'c'",
            "spec.containers[0].envFrom[0].secretRef",
        ),
        (
            {"containers": [{"name": "c", "env": [key_of("mine", "k")]}]},
            "container 'c'",
            "spec.containers[0].env[0].valueFrom.secretKeyRef",
        ),
        (
            {"volumes": [{"name": "v", "secret": {"secretName": "mine"}}]},
            "volume 'v'",
            "spec.volumes[0].secret.secretName",
        ),
    ],
)
def test_a_secret_that_the_policy_does_not_name_is_told(
    spec: Json, subject: str, field: str, reaction: str
) -> None:
    decision = ask(guarded(CIRCLES, "unmanagedSecrets", reaction), of_role("relay", spec))
    message = (
        f"{subject} reads Secret 'mine' ({field}), which policy 'noxus' does not name; remove it, "
        "or have the policy's owner give it a scope"
        if reaction == "Deny"
        else f"{subject} reads Secret 'mine', which the policy does not name"
    )
    assert told(decision, reaction) == expected(message, reaction)


def test_image_pull_secrets_are_apart() -> None:
    spec = {"imagePullSecrets": [{"name": "mine"}]}
    decision = ask(guarded(CIRCLES, "unmanagedSecrets", "Deny"), of_role("relay", spec))
    assert isinstance(decision, Allow)


def test_a_managed_secret_is_no_unmanaged_one() -> None:
    spec = {"containers": [{"name": "c", "envFrom": [secret("app-env", "P_")]}]}
    decision = ask(guarded(CIRCLES, "unmanagedSecrets", "Deny"), of_role("frontend", spec))
    assert isinstance(decision, Mutate)


# --- whole findings: what the dry run, audit and explanations make sentences of


def test_findings_say_where_and_in_a_word_why() -> None:
    both = KEYS.replace(
        "env: [{name: API_KEY",
        "env: [{name: FIRST, valueFrom: {secretKeyRef: {name: keys, key: f}}}, {name: API_KEY",
    )
    overriding = {"containers": [{"name": "api", "env": [{"name": "API_KEY", "value": "mine"}]}]}

    # FIRST is a variable of the scope, too, and the pod does not set it.
    decision = ask(guarded(both, "shadowing", "Deny"), of_role("backend", overriding))

    assert isinstance(decision, Deny)
    assert decision.refusals == (
        Finding(
            Reason.SHADOWING,
            "container 'api' sets variable 'API_KEY' (spec.containers[0].env[0]), which a scope "
            "provides; remove it to get the managed value",
            "spec.containers[0].env[0]",
            about="'api' sets 'API_KEY'",
        ),
    )


def test_a_label_that_is_not_read_is_a_finding_about_the_pool() -> None:
    compiled = policy("identity: {rules: [{selector: {matchLabels: {a: b}}, role: worker}]}")
    obj = pod(labelled({"a": "b", "noxus.ai/worker-pool": "x"}))

    assert guards.unread_pool(obj, identify(obj, compiled), compiled) == Finding(
        Reason.UNKNOWN_POOL,
        "metadata.labels[noxus.ai/worker-pool] is not read: rule 0 decides, and gives no pool; add "
        "poolFrom to it",
        "metadata.labels[noxus.ai/worker-pool]",
    )


def test_a_source_behind_is_a_finding_about_shadowing() -> None:
    elements = pod(
        of_role("frontend", {"containers": [{"envFrom": [secret("app-env"), secret("x")]}]})
    )
    assert elements.spec
    (container,) = elements.spec.containers or ()

    assert guards.source_behind("web", container.envFrom or (), policy(CIRCLES), "here") == Finding(
        Reason.SHADOWING,
        "container 'web': here.envFrom[1] comes after managed sources and may override them",
        "here.envFrom[1]",
    )
