"""What a pod asks for is granted by the policy, or refused with a sentence that helps."""

from textwrap import indent

import pytest

from tests.core.kit import CIRCLES, Json, ask, key_of, labelled, of_role, policy, refusals, secret
from webhook.core.decision import Deny, Finding, Mutate, Reason
from webhook.core.deployers import Deployer
from webhook.core.entitlement import Who, automatic_scopes, judge_pool, not_a_deployer

KEYS = """
scopes:
  - name: keys
    roles: [backend]
    containers: [api, "plugin-*"]
    env:
      - {name: A, valueFrom: {secretKeyRef: {name: keys, key: a}}}
      - {name: B, valueFrom: {secretKeyRef: {name: keys, key: b}}}
  - name: others
    roles: [backend]
    env: [{name: C, valueFrom: {secretKeyRef: {name: others, key: c}}}]
  - name: whole
    roles: [backend]
    containers: [api]
    envFrom: [{secretRef: {name: whole}}]
"""
LIMITED = """
scopes:
  - name: billing
    roles: [frontend, backend]
    onRequest: true
    namespaces: [noxus, "noxus-*"]
    serviceAccounts: [billing]
    envFrom: [{secretRef: {name: billing-env}}]
"""
SCOPES = "secrets.noxus.ai/scopes"


def reading(*elements: Json, container: str = "main", **spec: Json) -> Json:
    return {"containers": [{"name": container, "envFrom": list(elements)}]} | spec


def with_variable(variable: Json, container: str = "api") -> Json:
    return {"containers": [{"name": container, "env": [variable]}]}


def mounted(items: list[str], *containers: str) -> Json:
    volume = {"secretName": "keys", "items": [{"key": key, "path": key} for key in items]}
    mounts = [{"name": "v", "mountPath": "/v"}]
    return {
        "containers": [{"name": name, "volumeMounts": mounts} for name in containers],
        "volumes": [{"name": "v", "secret": volume}],
    }


def may_not(subject: str, name: str, field: str, rest: str) -> list[str]:
    return [f"{subject} may not read Secret {name!r} ({field}): it belongs to {rest}"]


# --- conditions


@pytest.mark.parametrize(
    ("role", "namespace", "account", "why"),
    [
        (
            "worker",
            "noxus",
            "billing",
            (
                "role worker is not entitled to it (only backend, frontend); remove it from the "
                "annotation, or have the policy's owner add role worker to it"
            ),
        ),
        (
            "",
            "noxus",
            "billing",
            (
                "a pod of unknown role is not entitled to it (only backend, frontend); remove it "
                "from the annotation, or label the pod with its role"
            ),
        ),
        (
            "frontend",
            "shop",
            "billing",
            (
                "it is not meant for namespace 'shop'; remove it from the annotation, or deploy "
                "where it is meant for, or have the policy's owner add the namespace"
            ),
        ),
        (
            "frontend",
            "noxus-eu",
            "other",
            (
                "it is not meant for ServiceAccount 'other'; remove it from the annotation, or set "
                "spec.serviceAccountName to one that it is meant for"
            ),
        ),
        (
            "frontend",
            "noxus",
            "",
            (
                "it is not meant for ServiceAccount 'default'; remove it from the annotation, or "
                "set spec.serviceAccountName to one that it is meant for"
            ),
        ),
    ],
)
def test_every_condition_of_a_scope_that_is_asked_for_must_hold(
    role: str, namespace: str, account: str, why: str
) -> None:
    spec = {"containers": [{"name": "main"}], "serviceAccountName": account}
    pod = of_role(role, spec, annotations={SCOPES: "billing"})
    assert refusals(ask(LIMITED, pod, namespace=namespace)) == [
        f"metadata.annotations[secrets.noxus.ai/scopes] asks for scope 'billing': {why}"
    ]


@pytest.mark.parametrize("field", ["serviceAccountName", "serviceAccount"])
def test_a_scope_is_granted_where_all_conditions_hold(field: str) -> None:
    spec = {"containers": [{"name": "main"}], field: "billing"}
    pod = of_role("frontend", spec, annotations={SCOPES: "billing"})
    decision = ask(LIMITED, pod, namespace="noxus-eu")
    assert isinstance(decision, Mutate)
    assert decision.report.scopes == ("billing",)


def test_conditions_of_what_comes_by_itself_leave_out_in_silence() -> None:
    by_itself = LIMITED.replace("onRequest: true", "onRequest: false")
    compiled = policy(by_itself)
    fits = Who("frontend", None, "noxus", "billing")
    assert [scope.name for scope in automatic_scopes(compiled, fits)[0]] == ["billing"]
    for who in (
        Who("worker", None, "noxus", "billing"),
        Who(None, None, "noxus", "billing"),
        Who("frontend", None, "shop", "billing"),
        Who("frontend", None, "noxus", "default"),
    ):
        assert automatic_scopes(compiled, who) == ([], True)


def test_an_unknown_scope_is_refused_and_none_is_suggested() -> None:
    assert refusals(ask(LIMITED, of_role("frontend", annotations={SCOPES: "biling"}))) == [
        (
            "metadata.annotations[secrets.noxus.ai/scopes] asks for scope 'biling': policy 'noxus' "
            "has no scope of that name; remove or correct it"
        )
    ]


def test_the_annotation_may_not_name_pools() -> None:
    pod = of_role("worker", pool="tenant-a", annotations={SCOPES: "pool/tenant-a"})
    assert refusals(ask(CIRCLES, pod)) == [
        (
            "metadata.annotations[secrets.noxus.ai/scopes] asks for scope 'pool/tenant-a': pools "
            "are claimed by the pool label, not by this annotation; remove or correct it"
        )
    ]


# --- pools


def test_a_pool_is_refused_to_any_role_but_the_workers() -> None:
    claim = "metadata.labels[noxus.ai/worker-pool] claims worker pool 'tenant-a'"
    assert refusals(ask(CIRCLES, of_role("frontend", pool="tenant-a"))) == [
        (
            f"{claim}, but only role worker belongs to pools, and this pod is a frontend; remove "
            "the pool, or correct the role"
        )
    ]
    assert refusals(ask(CIRCLES, labelled({"noxus.ai/worker-pool": "tenant-a"}))) == [
        (
            f"{claim}, but only role worker belongs to pools, and this pod has no known role; "
            "remove the pool, or correct the role"
        )
    ]


@pytest.mark.parametrize("pool", ["tenant-z", "tenant-a"])
def test_a_pool_is_refused_to_other_roles_also_where_it_is_unknown(pool: str) -> None:
    spec = CIRCLES + "guard: {unknownPool: Allow}"
    assert len(refusals(ask(spec, of_role("backend", pool=pool)))) == 1


def test_the_role_that_belongs_to_pools_is_the_policy_s() -> None:
    spec = """
    identity: {roles: [runner]}
    worker: {role: runner, pools: {a: {envSecretRef: a-env}}}
    """
    granted = ask(spec, of_role("runner", pool="a"))
    assert isinstance(granted, Mutate)
    assert granted.report.scopes == ("pool/a",)
    assert refusals(ask(spec, of_role("worker", pool="a"))) == [
        (
            "metadata.labels[noxus.ai/worker-pool] claims worker pool 'a', but only role runner "
            "belongs to pools, and this pod is a worker; remove the pool, or correct the role"
        )
    ]


def test_the_conditions_of_a_pool_must_hold() -> None:
    assert refusals(ask(CIRCLES, of_role("worker", pool="tenant-a"), namespace="shop")) == [
        (
            "metadata.labels[noxus.ai/worker-pool] claims worker pool 'tenant-a': it is not meant "
            "for namespace 'shop'; remove the pool, or deploy where it is meant for, or have the "
            "policy's owner add the namespace"
        )
    ]


def test_the_service_account_of_a_pool_must_fit() -> None:
    spec = "worker: {pools: {a: {envSecretRef: a-env, serviceAccounts: [runner]}}}"
    assert refusals(ask(spec, of_role("worker", pool="a"))) == [
        (
            "metadata.labels[noxus.ai/worker-pool] claims worker pool 'a': it is not meant for "
            "ServiceAccount 'default'; remove the pool, or set spec.serviceAccountName to one that "
            "it is meant for"
        )
    ]


def test_who_claims_no_pool_is_granted_none() -> None:
    assert judge_pool(policy(CIRCLES), Who("worker", None, "noxus", "default"), "") is None


# --- Secrets named directly


def test_a_secret_of_another_role_is_refused() -> None:
    assert refusals(ask(CIRCLES, of_role("frontend", reading(secret("worker-env"))))) == may_not(
        "container 'main'",
        "worker-env",
        "spec.containers[0].envFrom[0].secretRef",
        "scope 'worker', and role frontend is not entitled to it (only worker); remove it, or have "
        "the policy's owner add role frontend to it",
    )


@pytest.mark.parametrize(("pool", "own"), [("tenant-a", "of pool 'tenant-a'"), ("", "of no pool")])
def test_a_secret_of_another_pool_is_refused(pool: str, own: str) -> None:
    pod = of_role("worker", reading(secret("tenant-b-llm")), pool=pool)
    assert refusals(ask(CIRCLES, pod)) == may_not(
        "container 'main'",
        "tenant-b-llm",
        "spec.containers[0].envFrom[0].secretRef",
        f"worker pool 'tenant-b', and this pod is {own}; remove it, or correct the pod's pool",
    )


@pytest.mark.parametrize("reaction", ["Allow", "Warn"])
def test_the_secret_of_a_pool_that_is_switched_off_is_refused_to_its_own_pods(
    reaction: str,
) -> None:
    spec = f"""
    worker: {{pools: {{old: {{enabled: false, envSecretRef: old-env}}}}}}
    guard: {{unknownPool: {reaction}}}
    """
    pod = of_role("worker", reading(secret("old-env")), pool="old")
    assert refusals(ask(spec, pod)) == may_not(
        "container 'main'",
        "old-env",
        "spec.containers[0].envFrom[0].secretRef",
        "worker pool 'old', and that pool is switched off; remove it, or have the policy's owner "
        "enable it",
    )


def test_a_secret_of_several_scopes_is_granted_by_any_of_them() -> None:
    spec = """
    scopes:
      - {name: a, roles: [worker], envFrom: [{secretRef: {name: s}}]}
      - {name: b, roles: [frontend], onRequest: true, envFrom: [{secretRef: {name: s}}]}
    """
    decision = ask(spec, of_role("frontend", reading(secret("s"))))
    assert not isinstance(decision, Deny)
    assert decision.report.scopes == ()  # to name a Secret brings in nothing else


def test_a_refusal_names_the_scope_that_comes_nearest() -> None:
    spec = """
    scopes:
      - {name: a, roles: [worker], envFrom: [{secretRef: {name: s}}]}
      - {name: b, roles: [frontend], serviceAccounts: [x], envFrom: [{secretRef: {name: s}}]}
      - {name: c, roles: [frontend], namespaces: [x], envFrom: [{secretRef: {name: s}}]}
    """
    assert refusals(ask(spec, of_role("frontend", reading(secret("s"))))) == may_not(
        "container 'main'",
        "s",
        "spec.containers[0].envFrom[0].secretRef",
        "scope 'b', and it is not meant for ServiceAccount 'default'; remove it, or set "
        "spec.serviceAccountName to one that it is meant for",
    )


def test_the_scope_of_a_key_allows_that_key_under_any_name_in_its_containers() -> None:
    for container in ("api", "plugin-x"):
        pod = of_role("backend", with_variable(key_of("keys", "b", "MINE"), container))
        assert not isinstance(ask(KEYS, pod), Deny)


@pytest.mark.parametrize(
    ("spec", "subject", "field"),
    [
        (
            with_variable(key_of("keys", "z")),
            "container 'api'",
            "spec.containers[0].env[0].valueFrom.secretKeyRef",
        ),
        (
            with_variable(key_of("keys", "")),
            "container 'api'",
            "spec.containers[0].env[0].valueFrom.secretKeyRef",
        ),
        (
            with_variable(key_of("keys", "a"), "other"),
            "container 'other'",
            "spec.containers[0].env[0].valueFrom.secretKeyRef",
        ),
        (
            reading(secret("keys"), container="api"),
            "container 'api'",
            "spec.containers[0].envFrom[0].secretRef",
        ),
        (mounted([], "api"), "volume 'v'", "spec.volumes[0].secret.secretName"),
        (mounted(["a", "z"], "api"), "volume 'v'", "spec.volumes[0].secret.secretName"),
        (mounted(["a"], "api", "other"), "volume 'v'", "spec.volumes[0].secret.secretName"),
        (mounted([]), "volume 'v'", "spec.volumes[0].secret.secretName"),
        (
            {"containers": [{"name": "api"}], "imagePullSecrets": [{"name": "keys"}]},
            "the pod",
            "spec.imagePullSecrets[0]",
        ),
    ],
)
def test_the_scope_of_a_key_allows_nothing_more(spec: Json, subject: str, field: str) -> None:
    assert refusals(ask(KEYS, of_role("backend", spec))) == may_not(
        subject,
        "keys",
        field,
        "scope 'keys', which gives certain keys to certain containers only; remove it, or read "
        "single keys that are granted, by env with secretKeyRef",
    )


def test_a_scope_of_keys_for_all_containers_is_said_to_give_keys_only() -> None:
    assert refusals(ask(KEYS, of_role("backend", reading(secret("others"))))) == may_not(
        "container 'main'",
        "others",
        "spec.containers[0].envFrom[0].secretRef",
        "scope 'others', which gives certain keys of it only; remove it, or read single keys that "
        "are granted, by env with secretKeyRef",
    )


@pytest.mark.parametrize(
    "spec",
    [mounted(["a"], "api"), mounted(["b", "a"], "api", "plugin-x"), mounted(["a", "b"])],
)
def test_a_volume_of_granted_keys_is_allowed_where_no_other_container_mounts_it(spec: Json) -> None:
    assert not isinstance(ask(KEYS, of_role("backend", spec)), Deny)


def test_keys_of_several_scopes_add_up() -> None:
    spec = f"""
{indent(KEYS.strip(), "    ")}
      - name: more
        roles: [backend]
        env: [{{name: D, valueFrom: {{secretKeyRef: {{name: keys, key: z}}}}}}]
    """
    assert not isinstance(ask(spec, of_role("backend", mounted(["a", "z"], "api"))), Deny)
    assert isinstance(ask(spec, of_role("backend", mounted(["a", "z"], "other"))), Deny)
    assert not isinstance(ask(spec, of_role("backend", mounted(["z"], "other"))), Deny)


@pytest.mark.parametrize(
    ("spec", "subject", "field"),
    [
        (
            reading(secret("whole"), container="other"),
            "container 'other'",
            "spec.containers[0].envFrom[0].secretRef",
        ),
        (
            {"containers": [{"name": "api"}], "imagePullSecrets": [{"name": "whole"}]},
            "the pod",
            "spec.imagePullSecrets[0]",
        ),
    ],
)
def test_a_scope_for_named_containers_allows_its_secret_only_there(
    spec: Json, subject: str, field: str
) -> None:
    assert refusals(ask(KEYS, of_role("backend", spec))) == may_not(
        subject,
        "whole",
        field,
        "scope 'whole', which gives it to certain containers only; remove it, or read it in those "
        "alone",
    )


@pytest.mark.parametrize(
    "spec",
    [
        reading(secret("app-env", "P_")),
        reading(secret("app-env", optional=True)),
        with_variable(key_of("app-env", "any"), "main"),
        reading(imagePullSecrets=[{"name": "app-env"}]),
        reading(volumes=[{"name": "v", "secret": {"secretName": "app-env"}}]),
    ],
)
def test_who_is_entitled_to_a_secret_may_read_it_in_every_way(spec: Json) -> None:
    assert not isinstance(ask(CIRCLES, of_role("frontend", spec)), Deny)


def test_every_refusal_is_told_each_with_its_field() -> None:
    pod = of_role(
        "frontend", reading(secret("worker-env"), secret("tenant-a-llm")), pool="tenant-a"
    )
    decision = ask(CIRCLES, pod)
    assert isinstance(decision, Deny)
    assert [(finding.reason, finding.field) for finding in decision.refusals] == [
        ("PoolNotEntitled", "metadata.labels[noxus.ai/worker-pool]"),
        ("SecretNotEntitled", "spec.containers[0].envFrom[0].secretRef"),
        ("SecretNotEntitled", "spec.containers[0].envFrom[1].secretRef"),
    ]


def test_a_refusal_names_no_scope_and_no_secret_that_the_pod_did_not_mention() -> None:
    for pod in (
        of_role("frontend", reading(secret("worker-env"))),
        of_role("frontend", pool="tenant-a"),
        of_role("worker", pool="tenant-z"),
        of_role("worker", annotations={SCOPES: "nothing"}),
        labelled({}, reading(secret("worker-env"))),
    ):
        message = " ".join(refusals(ask(CIRCLES, pod)))
        for other in ("app-env", "tenant-a-llm", "tenant-b", "shared"):
            assert other not in message


PULLING = """
scopes:
  - name: whole
    roles: [backend]
    onRequest: true
    envFrom: [{secretRef: {name: s}}]
  - name: keys
    roles: [frontend]
    onRequest: true
    env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: a}}}]
  - name: some
    roles: [worker]
    onRequest: true
    containers: [api]
    envFrom: [{secretRef: {name: s}}]
"""


@pytest.mark.parametrize(
    ("role", "may"), [("backend", True), ("frontend", False), ("worker", False)]
)
def test_an_image_is_pulled_only_with_a_secret_that_is_held_whole_and_by_all_containers(
    role: str, may: bool
) -> None:
    pod = of_role(role, {"containers": [{"name": "api"}], "imagePullSecrets": [{"name": "s"}]})

    assert isinstance(ask(PULLING, pod), Deny) is not may


NEAREST = """
scopes:
  - {{name: far, roles: [{role}], envFrom: [{{secretRef: {{name: s}}}}]}}
  - name: near
    roles: [worker]
    {condition}
    envFrom: [{{secretRef: {{name: s}}}}]
worker:
  pools:
    a: {{envSecretRef: a-llm}}
    off: {{envSecretRef: off-llm, enabled: false}}
"""


@pytest.mark.parametrize("role", ["frontend", "sandbox"])
@pytest.mark.parametrize(
    "condition", ["namespaces: [elsewhere]", "serviceAccounts: [other]", "containers: [other]"]
)
def test_what_fits_in_role_is_nearer_than_what_does_not(role: str, condition: str) -> None:
    pod = of_role("worker", reading(secret("s")))

    (told,) = refusals(ask(NEAREST.format(role=role, condition=condition), pod))

    assert "it belongs to scope 'near'" in told


OWN = "a: {envSecretRef: shared-llm, namespaces: [elsewhere]}"
OFF = "a: {envSecretRef: shared-llm, enabled: false}"
ANOTHER = "b: {envSecretRef: shared-llm}"


@pytest.mark.parametrize(
    ("pools", "why"),
    [
        ([OWN, ANOTHER], "it is not meant for namespace 'noxus'"),
        ([ANOTHER, OWN], "it is not meant for namespace 'noxus'"),
        ([OFF, ANOTHER], "that pool is switched off"),
    ],
)
def test_the_own_pool_is_nearer_than_another(pools: list[str], why: str) -> None:
    spec = f"worker: {{pools: {{{', '.join(pools)}}}}}"

    told = refusals(ask(spec, of_role("worker", reading(secret("shared-llm")), pool="a")))

    assert why in told[-1]


def test_a_secret_of_a_scope_for_some_containers_is_told_briefly_in_dry_run() -> None:
    pod = of_role("backend", reading(secret("whole")))

    decision = ask(KEYS + "mode: DryRun\n", pod)

    assert decision.report.warnings[0] == (
        "dry run: would refuse: container 'main' reads Secret 'whole' of scope 'whole', which "
        "gives it to certain containers only"
    )


TO_SOME = """
scopes:
  - name: some
    roles: [backend]
    onRequest: true
    containers: [api]
    envFrom: [{secretRef: {name: s}}, {secretRef: {name: t}}]
  - name: others
    roles: [backend]
    onRequest: true
    containers: [web]
    envFrom: [{secretRef: {name: t}}]
"""


@pytest.mark.parametrize("order", [["api", "web"], ["web", "api"]])
def test_that_one_container_may_read_a_secret_is_no_right_of_the_next(order: list[str]) -> None:
    pod = of_role(
        "backend", {"containers": [{"name": it, "envFrom": [secret("s")]} for it in order]}
    )

    (told,) = refusals(ask(TO_SOME, pod))

    assert told.startswith("container 'web' may not read Secret 's'")


@pytest.mark.parametrize("order", [["s", "t"], ["t", "s"]])
def test_that_one_volume_may_be_mounted_is_no_right_to_mount_the_next(order: list[str]) -> None:
    volumes = [{"name": f"v-{it}", "secret": {"secretName": it}} for it in order]
    mounts = [{"name": f"v-{it}", "mountPath": f"/{it}"} for it in order]
    pod = of_role(
        "backend",
        {
            "containers": [{"name": "api"}, {"name": "web", "volumeMounts": mounts}],
            "volumes": volumes,
        },
    )

    (told,) = refusals(ask(TO_SOME, pod))

    assert told.startswith("volume 'v-s' may not read Secret 's'")


STAGES = """
scopes:
  - {name: far, roles: [worker], namespaces: [elsewhere], envFrom: [{secretRef: {name: s}}]}
  - {name: near, roles: [worker], serviceAccounts: [other], envFrom: [{secretRef: {name: s}}]}
"""


def test_a_scope_for_another_account_is_nearer_than_one_for_another_namespace() -> None:
    (told,) = refusals(ask(STAGES, of_role("worker", reading(secret("s")))))

    assert "it belongs to scope 'near'" in told


KEYS_FIRST = """
scopes:
  - name: one-key
    roles: [backend]
    env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: a}}}]
  - name: all-keys
    roles: [backend]
    containers: [api]
    envFrom: [{secretRef: {name: s}}]
"""


def test_of_two_scopes_that_fit_the_one_that_gives_all_keys_is_named() -> None:
    (told,) = refusals(ask(KEYS_FIRST, of_role("backend", reading(secret("s")))))

    assert "it belongs to scope 'all-keys', which gives it to certain containers only" in told


def test_what_only_a_deployer_is_given_is_refused_at_the_labels() -> None:
    who = Who("worker", None, "noxus", "default", Deployer("jane"))

    assert not_a_deployer(who, "spec.template.metadata") == Finding(
        Reason.DEPLOYER_NOT_ENTITLED,
        "user 'jane' is not among the deployers of what role worker is given in namespace 'noxus'; "
        "have one of them deploy this, or correct the role in spec.template.metadata.labels",
        "spec.template.metadata.labels",
        "user 'jane' is not among the deployers of what role worker is given",
    )
