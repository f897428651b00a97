"""Ways around the policy that others were bitten by, each named for what it must not achieve."""

import json
from collections.abc import Iterator
from itertools import product

import pytest

from tests.core.kit import (
    CIRCLES,
    Json,
    ask,
    key_of,
    labelled,
    of_role,
    patched,
    policy,
    refusals,
    secret,
)
from webhook.core.decision import Allow, Decision, Deny, Mutate, Observed, Reason
from webhook.core.words import Hook, NamespaceMode
from webhook.loading.problems import PolicyError


def denied(decision: Decision) -> Deny:
    assert isinstance(decision, Deny)
    return decision


FORBIDDEN = "worker-env"  # to a frontend
LISTS = ["containers", "initContainers", "ephemeralContainers"]
OF_CONTAINERS: dict[str, Json] = {
    "env": {"env": [key_of(FORBIDDEN, "k")]},
    "env optional": {
        "env": [
            {
                "name": "X",
                "valueFrom": {"secretKeyRef": {"name": FORBIDDEN, "key": "k", "optional": True}},
            }
        ]
    },
    "envFrom": {"envFrom": [secret(FORBIDDEN)]},
    "envFrom optional": {"envFrom": [secret(FORBIDDEN, optional=True)]},
    "envFrom prefix": {"envFrom": [secret(FORBIDDEN, "P_")]},
    "envFrom behind others": {"envFrom": [secret("app-env"), secret("x"), secret(FORBIDDEN)]},
    "envFrom in front of its like": {
        "envFrom": [{"configMapRef": {"name": FORBIDDEN}}, secret(FORBIDDEN)]
    },
}
OF_VOLUMES: dict[str, Json] = {
    "secret": {"secret": {"secretName": FORBIDDEN}},
    "secret optional": {"secret": {"secretName": FORBIDDEN, "optional": True}},
    "secret items": {"secret": {"secretName": FORBIDDEN, "items": [{"key": "k", "path": "p"}]}},
    "projected": {"projected": {"sources": [{}, {"secret": {"name": FORBIDDEN}}]}},
    "csi": {"csi": {"nodePublishSecretRef": {"name": FORBIDDEN}}},
    "azureFile": {"azureFile": {"secretName": FORBIDDEN}},
    "cephfs": {"cephfs": {"secretRef": {"name": FORBIDDEN}}},
    "cinder": {"cinder": {"secretRef": {"name": FORBIDDEN}}},
    "flexVolume": {"flexVolume": {"secretRef": {"name": FORBIDDEN}}},
    "iscsi": {"iscsi": {"secretRef": {"name": FORBIDDEN}}},
    "rbd": {"rbd": {"secretRef": {"name": FORBIDDEN}}},
    "scaleIO": {"scaleIO": {"secretRef": {"name": FORBIDDEN}}},
    "storageos": {"storageos": {"secretRef": {"name": FORBIDDEN}}},
}


def with_part(members: str, part: Json) -> Json:
    """Return a frontend of which one container of a list has a part."""
    spec: Json = {"containers": [{"name": "web", "envFrom": [secret("app-env")]}]}
    spec[members] = [*spec.get(members, []), {"name": "hidden", **part}]
    return of_role("frontend", spec)


def with_volume(members: str, volume: Json) -> Json:
    pod = with_part(members, {"volumeMounts": [{"name": "v", "mountPath": "/v"}]})
    pod["spec"]["volumes"] = [{"name": "v", **volume}]
    return pod


def ways() -> Iterator[tuple[str, Json]]:
    for members, (kind, part) in product(LISTS, OF_CONTAINERS.items()):
        yield f"{members} {kind}", with_part(members, part)
    for members, (kind, volume) in product(LISTS, OF_VOLUMES.items()):
        yield f"{members} volume {kind}", with_volume(members, volume)
    for kind, volume in OF_VOLUMES.items():
        unmounted = of_role("frontend", {"volumes": [{"name": "v", **volume}]})
        yield f"nobody volume {kind}", unmounted
    yield "imagePullSecrets", of_role("frontend", {"imagePullSecrets": [{"name": FORBIDDEN}]})


WAYS = dict(ways())
each_way = pytest.mark.parametrize("way", WAYS)
each_hook = pytest.mark.parametrize("hook", list(Hook))


@each_way
@each_hook
def test_a_secret_cannot_be_hidden_in_any_list_of_containers_under_any_kind_of_reference(
    way: str, hook: Hook
) -> None:
    decision = ask(CIRCLES, WAYS[way], hook=hook)
    assert isinstance(decision, Deny)
    assert [f.reason for f in decision.refusals] == [Reason.SECRET_NOT_ENTITLED]
    assert f"may not read Secret '{FORBIDDEN}'" in decision.refusals[0].message


@each_way
def test_a_secret_cannot_be_hidden_by_leaving_out_the_role(way: str) -> None:
    anonymous = {**WAYS[way], "metadata": {"name": "x"}}
    assert isinstance(ask(CIRCLES, anonymous, hook=Hook.VALIDATE), Deny)


@each_way
def test_a_secret_cannot_be_hidden_in_an_excluded_container(way: str) -> None:
    spec = CIRCLES + 'containers: {exclude: ["*"]}'
    assert isinstance(ask(spec, WAYS[way], hook=Hook.VALIDATE), Deny)


@each_way
def test_a_secret_of_a_pool_cannot_be_hidden_from_the_check_of_another_pool(way: str) -> None:
    text = json.dumps(WAYS[way]).replace(FORBIDDEN, "tenant-b-llm").replace("frontend", "worker")
    pod = json.loads(text)
    pod["metadata"]["labels"]["noxus.ai/worker-pool"] = "tenant-a"
    assert isinstance(ask(CIRCLES, pod, hook=Hook.VALIDATE), Deny)


@each_way
def test_what_is_refused_is_reported_in_dry_run_and_nothing_is_changed(way: str) -> None:
    for hook in Hook:
        decision = ask(CIRCLES, WAYS[way], hook=hook, mode=NamespaceMode.DRY_RUN)
        assert isinstance(decision, Observed)
        assert isinstance(decision.would, Deny)
        assert decision.report.warnings[0].startswith("dry run: would refuse: ")


@pytest.mark.parametrize("kind", [*OF_CONTAINERS, *(f"volume {kind}" for kind in OF_VOLUMES)])
@each_hook
def test_a_secret_cannot_be_had_through_a_debug_container(kind: str, hook: Hook) -> None:
    new = WAYS[f"ephemeralContainers {kind}"]
    old = of_role("frontend", {**new["spec"], "ephemeralContainers": []})
    decision = ask(CIRCLES, new, old=old, hook=hook)
    assert isinstance(decision, Deny)
    assert "may not read Secret 'worker-env'" in decision.refusals[0].message


def test_an_empty_name_and_a_configmap_of_that_name_are_no_secret() -> None:
    elements = [secret("", optional=True), {"configMapRef": {"name": FORBIDDEN}}, {"secretRef": {}}]
    pod = with_part("containers", {"envFrom": elements})
    assert isinstance(ask(CIRCLES, pod), Mutate)


def test_a_secret_that_is_named_many_times_is_refused_each_time() -> None:
    pod = with_part("containers", {"envFrom": [secret(FORBIDDEN)] * 3})
    assert len(refusals(ask(CIRCLES, pod))) == 3


def test_a_volume_that_names_a_secret_twice_is_refused_once_and_every_other_volume_too() -> None:
    twice = {"projected": {"sources": [{"secret": {"name": FORBIDDEN}}] * 2}}
    volumes = [{"name": "a", **twice}, {"name": "b", **twice}]
    fields = [
        finding.field
        for finding in denied(ask(CIRCLES, of_role("frontend", {"volumes": volumes}))).refusals
    ]
    assert fields == [f"spec.volumes[{i}].projected.sources[0].secret" for i in (0, 1)]


def test_a_volume_of_other_keys_is_another_ask() -> None:
    spec = """
    scopes:
      - name: keys
        roles: [frontend]
        env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: a}}}]
    """
    sources = [{"secret": {"name": "s", "items": [{"key": k, "path": k}]}} for k in "aab"]
    volume = {"name": "v", "projected": {"sources": sources}}
    decision = denied(ask(spec, of_role("frontend", {"volumes": [volume]})))
    assert [finding.field for finding in decision.refusals] == [
        "spec.volumes[0].projected.sources[2].secret"
    ]


# --- B8: what the webhook writes is never believed


@each_hook
def test_a_forged_annotation_does_not_replace_the_injection(hook: Hook) -> None:
    forged = {"secrets.noxus.ai/injected": "shared,worker,pool/tenant-a"}
    pod = of_role("worker", pool="tenant-a", annotations=forged)
    decision = ask(CIRCLES, pod, hook=hook)
    if hook is Hook.MUTATE:
        names = [
            e["secretRef"]["name"]
            for e in patched(pod, decision)["spec"]["containers"][0]["envFrom"]
        ]
        assert names == ["app-env", "worker-env", "tenant-a-llm"]
    else:
        assert isinstance(decision, Deny)


def test_a_forged_annotation_grants_no_scope() -> None:
    forged = {"secrets.noxus.ai/injected": "worker"}
    pod = of_role(
        "frontend",
        {"containers": [{"name": "c", "envFrom": [secret(FORBIDDEN)]}]},
        annotations=forged,
    )
    assert isinstance(ask(CIRCLES, pod), Deny)


# --- B9, B10: labels are chosen by whoever creates the pod


@pytest.mark.parametrize(
    "labels", [{}, {"noxus.ai/role": "nobody"}, {"secrets.noxus.ai/skip": "true"}]
)
def test_nobody_opts_out_by_a_label(labels: dict[str, str]) -> None:
    pod = labelled(labels, {"containers": [{"name": "c", "envFrom": [secret("worker-env")]}]})
    assert isinstance(ask(CIRCLES, pod, hook=Hook.VALIDATE), Deny)


@pytest.mark.parametrize("condition", ["namespaces: [elsewhere]", "serviceAccounts: [runner]"])
def test_a_role_by_label_alone_does_not_reach_what_is_limited_otherwise(condition: str) -> None:
    spec = f"""
    scopes:
      - name: a
        roles: [worker]
        {condition}
        envFrom: [{{secretRef: {{name: a-env}}}}]
    """
    assert isinstance(ask(spec, of_role("worker")), Allow)
    reading = {"containers": [{"name": "c", "envFrom": [secret("a-env")]}]}
    assert isinstance(ask(spec, of_role("worker", reading), hook=Hook.VALIDATE), Deny)


def test_a_pool_label_of_another_tenant_does_not_reach_across_namespaces() -> None:
    assert isinstance(ask(CIRCLES, of_role("worker", pool="tenant-a"), namespace="tenant-b"), Deny)


# --- B13, B18: the namespace is the request's


def test_the_namespace_of_the_object_is_not_read() -> None:
    spec = (
        "scopes: [{name: a, roles: [worker], namespaces: [a], envFrom: [{secretRef: {name: s}}]}]"
    )
    pod = of_role("worker")
    for told in ("a", "b", "", None):
        pod["metadata"]["namespace"] = told
        assert isinstance(ask(spec, pod, namespace="a"), Mutate)
        assert isinstance(ask(spec, pod, namespace="b"), Allow)


@pytest.mark.parametrize("reference", ["other/llm", "http://x", "../x", "*"])
def test_a_policy_cannot_reach_into_another_namespace_or_beyond(reference: str) -> None:
    with pytest.raises(PolicyError, match="is not an object name"):
        policy(f"worker: {{pools: {{p: {{envSecretRef: '{reference}'}}}}}}")


# --- B15: an object on its way out is judged


def test_an_object_that_is_being_deleted_is_judged_like_any_other() -> None:
    pod = with_part("containers", {"envFrom": [secret(FORBIDDEN)]})
    pod["metadata"] |= {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["x/y"]}
    assert isinstance(ask(CIRCLES, pod, hook=Hook.VALIDATE), Deny)


# --- B11: what other webhooks do after ours


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["app-env"],
        ["app-env", "tenant-a-llm"],
        ["worker-env", "app-env", "tenant-a-llm"],
        ["tenant-a-llm", "app-env", "worker-env"],
        ["app-env", "worker-env", "tenant-a-llm", "app-env"],
    ],
)
def test_a_source_that_another_webhook_removed_moved_or_repeated_is_noticed(
    names: list[str],
) -> None:
    elements = [secret(name) for name in names]
    pod = of_role("worker", {"containers": [{"name": "c", "envFrom": elements}]}, pool="tenant-a")
    decision = ask(CIRCLES, pod, hook=Hook.VALIDATE)
    assert isinstance(decision, Deny)
    assert decision.report.reason is Reason.NOT_INJECTED


# --- B22: mirror pods


@pytest.mark.parametrize("groups", [(), ("system:masters",), ("system:authenticated", "nodes")])
def test_the_annotation_of_mirror_pods_excuses_only_nodes(groups: tuple[str, ...]) -> None:
    forged = {"kubernetes.io/config.mirror": "x"}
    pod = of_role("frontend", annotations=forged)
    assert isinstance(ask(CIRCLES, pod, groups=groups), Mutate)
    assert isinstance(ask(CIRCLES, pod, groups=groups, hook=Hook.VALIDATE), Deny)


def test_a_mirror_pod_of_a_node_may_not_read_more_than_others() -> None:
    pod = with_part("containers", {"envFrom": [secret(FORBIDDEN)]})
    pod["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "x"}
    for hook in Hook:
        assert isinstance(ask(CIRCLES, pod, groups=("system:nodes",), hook=hook), Deny)


# --- managed means managed


def test_a_secret_of_a_pool_that_is_switched_off_is_not_up_for_grabs() -> None:
    spec = "worker: {pools: {old: {enabled: false, envSecretRef: old-env}}}"
    assert "old-env" in policy(spec).managed
    for pod in (
        of_role("worker", {"containers": [{"name": "c", "envFrom": [secret("old-env")]}]}),
        of_role("frontend", {"imagePullSecrets": [{"name": "old-env"}]}),
    ):
        assert isinstance(ask(spec, pod, hook=Hook.VALIDATE), Deny)
