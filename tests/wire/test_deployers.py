"""Deployers: the one condition that the author of a pod cannot choose, at every place of it."""

import copy
from typing import Any

import pytest

from tests.core.kit import of_role, secret
from tests.wire.kit import response, review, send
from tests.wire.test_workloads import message, workload
from webhook.core.deployers import CONTROLLERS
from webhook.core.words import Hook, NamespaceMode
from webhook.wire.answer import Answer

Json = Any

SPEC = """
scopes:
  - name: shared
    roles: [frontend, worker]
    envFrom: [{secretRef: {name: app-env}}]
  - name: vault
    roles: [worker]
    deployers:
      users: [root@example.com]
      groups: [noxus-deployers]
      serviceAccounts: [argocd/argocd-application-controller]
    envFrom: [{secretRef: {name: vault-env}}]
  - name: asked
    roles: [frontend]
    onRequest: true
    deployers: {groups: [noxus-deployers]}
    envFrom: [{secretRef: {name: asked-env}}]
worker:
  pools:
    tenant-a: {envSecretRef: tenant-a-llm, deployers: {groups: [tenant-a]}}
"""
WORKER, FRONTEND = of_role("worker"), of_role("frontend")
JANE = {"username": "jane", "groups": ["system:authenticated"]}
DEPLOYER = {"username": "joe", "groups": ["noxus-deployers"]}
EVERYBODY = {"username": "all", "groups": ["noxus-deployers", "tenant-a"]}
ARGO = {"username": "system:serviceaccount:argocd:argocd-application-controller", "groups": []}
REPLICA_SETS = {"username": "system:serviceaccount:kube-system:replicaset-controller"}
NOT_AMONG = (
    "user 'jane' is not among the deployers of what role worker is given in namespace 'noxus'; "
    "have one of them deploy this, or correct the role in metadata.labels"
)
RESTART = "kubectl.kubernetes.io/restartedAt"


def create(pod: Json, who: Json, *, hook: Hook = Hook.MUTATE, **more: Any) -> Answer:  # noqa: ANN401
    return send(review(pod, userInfo=who), hook=hook, spec=SPEC, **more)


def update(template: Json, old: Json, who: Json) -> Answer:
    given = review(
        workload(template),
        oldObject=workload(old),
        operation="UPDATE",
        resource={"group": "apps", "version": "v1", "resource": "deployments"},
        userInfo=who,
    )
    return send(given, hook=Hook.VALIDATE, spec=SPEC)


@pytest.mark.parametrize("hook", list(Hook))
def test_who_may_not_deploy_is_refused_and_never_silently_given_less(hook: Hook) -> None:
    given = create(WORKER, JANE, hook=hook)

    assert message(given) == NOT_AMONG
    assert given.record.reason == "DeployerNotEntitled"
    assert "vault" not in str(message(given))  # the pod named no scope, and is told of none


@pytest.mark.parametrize(
    "who", [{"username": "root@example.com"}, DEPLOYER, ARGO], ids=["user", "group", "account"]
)
def test_who_may_deploy_is_given_it(who: Json) -> None:
    assert create(WORKER, who).record.scopes == ("shared", "vault")


@pytest.mark.parametrize(
    "who",
    [
        {"username": "root@example.com.evil.org"},
        {"username": "argocd/argocd-application-controller"},
        {"username": "x", "groups": ["system:serviceaccounts:argocd"]},
        {"username": "noxus-deployers", "groups": []},
        {"username": None, "groups": None},
        None,
    ],
)
def test_who_only_looks_like_a_deployer_is_refused(who: Json) -> None:
    assert not response(create(WORKER, who))["allowed"]


@pytest.mark.parametrize("user", sorted(CONTROLLERS))
def test_what_the_controllers_of_kubernetes_create_inherits_the_check_of_its_workload(
    user: str,
) -> None:
    assert response(create(WORKER, {"username": user}))["allowed"]


@pytest.mark.parametrize(
    "user",
    [
        "system:serviceaccount:other:replicaset-controller",
        "system:serviceaccount:kube-system:generic-garbage-collector",
        "system:serviceaccount:argo-rollouts:argo-rollouts",
        "system:kube-controller-manager",
        "replicaset-controller",
    ],
)
def test_every_other_creator_is_held_to_it(user: str) -> None:
    owned = copy.deepcopy(WORKER)
    owned["metadata"]["ownerReferences"] = [
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "x", "uid": "u", "controller": True}
    ]

    assert not response(create(owned, {"username": user}))["allowed"]


def test_where_controllers_act_under_another_name_a_setting_says_so() -> None:
    given = review(WORKER, userInfo={"username": "system:kube-controller-manager"})

    answered = send(given, spec=SPEC, controllers={"system:kube-controller-manager"})

    assert response(answered)["allowed"]


def test_a_scope_that_is_asked_for_is_named_in_the_refusal() -> None:
    pod = of_role("frontend", annotations={"secrets.noxus.ai/scopes": "asked"})

    assert message(create(pod, JANE)) == (
        "metadata.annotations[secrets.noxus.ai/scopes] asks for scope 'asked': user 'jane' is not "
        "among its deployers; remove it from the annotation, or have one of its deployers deploy "
        "this"
    )
    assert create(pod, JANE).record.reason == "DeployerNotEntitled"
    assert create(pod, DEPLOYER).record.scopes == ("shared", "asked")


def test_a_pool_has_deployers_of_its_own() -> None:
    pod = of_role("worker", pool="tenant-a")

    assert message(create(pod, DEPLOYER)) == (
        "metadata.labels[noxus.ai/worker-pool] claims worker pool 'tenant-a': user 'joe' is not "
        "among its deployers; remove the pool, or have one of its deployers deploy this"
    )
    assert response(create(pod, EVERYBODY))["allowed"]


def test_a_secret_that_is_named_needs_its_deployers() -> None:
    spec = {"containers": [{"name": "main", "envFrom": [secret("asked-env")]}]}
    pod = of_role("frontend", spec)

    assert message(create(pod, JANE)) == (
        "container 'main' may not read Secret 'asked-env' (spec.containers[0].envFrom[0]"
        ".secretRef): it belongs to scope 'asked', and user 'jane' is not among its deployers; "
        "remove it, or have one of its deployers deploy this"
    )


def test_who_deploys_makes_no_difference_to_roles_without_deployers() -> None:
    assert response(create(FRONTEND, JANE))["allowed"]


def test_a_mirror_pod_is_given_nothing_and_held_to_what_it_names() -> None:
    node = {"username": "system:node:n", "groups": ["system:nodes"]}
    mirror = copy.deepcopy(WORKER)
    mirror["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "x"}
    naming = copy.deepcopy(mirror)
    naming["spec"] = {"containers": [{"name": "main", "envFrom": [secret("vault-env")]}]}

    assert response(create(mirror, node))["allowed"]
    assert not response(create(naming, node))["allowed"]


def test_in_dry_run_it_is_told_and_allowed() -> None:
    answered = response(create(WORKER, JANE, mode=NamespaceMode.DRY_RUN))

    assert answered["allowed"]
    assert answered["warnings"] == [
        "dry run: would refuse: user 'jane' is not among the deployers of what role worker is given"
    ]


CHANGES = {
    "an image": ("spec", {"containers": [{"name": "main", "image": "evil"}]}),
    "a command": ("spec", {"containers": [{"name": "main", "command": ["env"]}]}),
    "a field that we do not know": ("spec", {"containers": [{"name": "main"}], "newField": 1}),
    "another annotation": (
        "metadata",
        WORKER["metadata"] | {"annotations": {"a": "b", RESTART: "now"}},
    ),
    "a label": ("metadata", WORKER["metadata"] | {"labels": {"noxus.ai/role": "worker", "a": "b"}}),
    "a member beside the two": ("more", {}),
}


@pytest.mark.parametrize(("part", "value"), CHANGES.values(), ids=CHANGES.keys())
def test_any_change_of_the_template_needs_a_deployer(part: str, value: Json) -> None:
    changed = WORKER | {part: value}

    assert message(update(changed, WORKER, JANE)) == NOT_AMONG.replace(
        "metadata.labels", "spec.template.metadata.labels"
    )
    assert response(update(changed, WORKER, DEPLOYER))["allowed"]


@pytest.mark.parametrize("before", [None, {}, {RESTART: "yesterday"}, {RESTART: "x", "a": "b"}])
def test_everybody_may_restart_a_workload(before: Json) -> None:
    old = WORKER | {"metadata": WORKER["metadata"] | {"annotations": before}}
    new = WORKER | {
        "metadata": WORKER["metadata"] | {"annotations": (before or {}) | {RESTART: "today"}}
    }
    bare = WORKER | {
        "metadata": {k: v for k, v in WORKER["metadata"].items() if k != "annotations"}
    }

    assert response(update(new, old, JANE))["allowed"]
    assert response(update(bare, bare, JANE))["allowed"]


def test_a_template_that_is_new_in_an_update_needs_a_deployer() -> None:
    given = review(
        workload(WORKER),
        oldObject={"spec": {}},
        operation="UPDATE",
        resource={"group": "apps", "version": "v1", "resource": "deployments"},
        userInfo=JANE,
    )

    assert not response(send(given, hook=Hook.VALIDATE, spec=SPEC))["allowed"]


def stored(image: str = "app:1", **metadata: Json) -> Json:
    """Return a worker's pod as it was injected when one of the deployers deployed it."""
    sources = [secret("app-env"), secret("vault-env")]
    spec = {"containers": [{"name": "main", "image": image, "envFrom": sources}]}
    pod = of_role("worker", spec)
    pod["metadata"] |= metadata
    return pod


def change(new: Json, old: Json, who: Json, sub: str | None = None) -> Answer:
    given = review(new, oldObject=old, operation="UPDATE", userInfo=who, subResource=sub)
    return send(given, hook=Hook.VALIDATE, spec=SPEC)


def test_another_image_in_a_running_pod_needs_a_deployer() -> None:
    given = change(stored("evil"), stored(), JANE)

    assert message(given) == (
        "user 'jane' may not change the images of this pod: container 'main' reads Secret "
        "'vault-env' (spec.containers[0].envFrom[1].secretRef) of scope 'vault', and this user is "
        "not among its deployers; have one of them do it"
    )
    assert response(change(stored("app:2"), stored(), DEPLOYER))["allowed"]


def test_it_is_refused_also_where_the_labels_were_changed_before() -> None:
    nobody = stored(labels={})

    assert not response(change(nobody | {"spec": stored("evil")["spec"]}, nobody, JANE))["allowed"]


def test_an_init_container_has_an_image_too() -> None:
    old, new = stored(), stored()
    old["spec"]["initContainers"] = [{"name": "init", "image": "a"}]
    new["spec"]["initContainers"] = [{"name": "init", "image": "b"}]

    assert not response(change(new, old, JANE))["allowed"]


def test_removing_a_finalizer_or_changing_a_label_never_depends_on_us() -> None:
    given = change(stored(finalizers=[], labels={}), stored(finalizers=["x"]), JANE)

    assert response(given)["allowed"]
    assert given.record.reason == "NotJudged"


def test_images_are_nobodys_business_where_no_policy_has_deployers_or_covers_the_namespace() -> (
    None
):
    given = review(stored("b"), oldObject=stored("a"), operation="UPDATE", userInfo=JANE)

    without = send(given, hook=Hook.VALIDATE)
    elsewhere = send(given, hook=Hook.VALIDATE, spec="namespaces: [elsewhere]\n" + SPEC)

    assert (without.record.decision, without.record.reason) == ("allow", "NothingToDo")
    assert (elsewhere.record.decision, elsewhere.record.reason) == ("allow", "NotJudged")


def test_a_secret_that_is_read_twice_is_told_once() -> None:
    old, new = stored(), stored("evil")
    for pod in (old, new):
        pod["spec"]["containers"].append({"name": "more", "envFrom": [secret("vault-env")]})

    assert str(message(change(new, old, JANE))).count("vault-env") == 1


def test_a_controller_may_change_images() -> None:
    assert response(change(stored("b"), stored("a"), REPLICA_SETS))["allowed"]


def test_a_secret_that_a_scope_without_deployers_gives_too_needs_none() -> None:
    spec = SPEC + "\n"
    spec = spec.replace(
        "scopes:",
        "scopes:\n  - {name: open, roles: [worker], envFrom: [{secretRef: {name: vault-env}}]}",
        1,
    )
    given = review(stored("b"), oldObject=stored("a"), operation="UPDATE", userInfo=JANE)

    assert response(send(given, hook=Hook.VALIDATE, spec=spec))["allowed"]


@pytest.mark.parametrize("hook", list(Hook))
def test_debugging_an_entitled_pod_needs_a_deployer(hook: Hook) -> None:
    new = stored()
    new["spec"]["ephemeralContainers"] = [{"name": "debugger", "image": "busybox"}]
    given = review(
        new,
        oldObject=stored(),
        operation="UPDATE",
        userInfo=JANE,
        subResource="ephemeralcontainers",
    )

    assert message(send(given, hook=hook, spec=SPEC)) == (
        "user 'jane' may not debug this pod: container 'main' reads Secret 'vault-env' "
        "(spec.containers[0].envFrom[1].secretRef) of scope 'vault', and this user is not among "
        "its deployers; have one of them do it"
    )
    given["request"]["userInfo"] = DEPLOYER
    assert response(send(given, hook=hook, spec=SPEC))["allowed"]


ONE_KEY = """
  - name: one-key
    roles: [worker]
    env: [{name: HOST, valueFrom: {secretKeyRef: {name: vault-env, key: HOST}}}]
"""


def test_a_scope_for_everybody_that_gives_another_key_is_no_right_to_the_whole() -> None:
    spec = SPEC.replace("scopes:", f"scopes:{ONE_KEY.rstrip()}", 1)
    given = review(stored("b"), oldObject=stored("a"), operation="UPDATE", userInfo=JANE)

    assert "of scope 'vault'" in str(message(send(given, hook=Hook.VALIDATE, spec=spec)))


def test_a_debug_container_is_never_silently_given_less() -> None:
    """Nothing of the pod reads the Secret yet: the debug container would be the first."""
    new = copy.deepcopy(WORKER)
    new["spec"]["ephemeralContainers"] = [{"name": "debugger", "image": "busybox"}]
    given = review(
        new,
        oldObject=WORKER,
        operation="UPDATE",
        userInfo=JANE,
        subResource="ephemeralcontainers",
    )

    answered = send(given, spec=SPEC + "\ncontainers: {ephemeral: Inject}\n")

    assert message(answered) == NOT_AMONG


def test_a_workload_of_someone_who_is_no_deployer_is_refused_when_it_is_created() -> None:
    resource = {"group": "apps", "version": "v1", "resource": "deployments"}
    given = review(workload(WORKER), resource=resource, userInfo=JANE)

    assert not response(send(given, hook=Hook.VALIDATE, spec=SPEC))["allowed"]
    given["request"]["userInfo"] = {
        "username": "system:serviceaccount:kube-system:deployment-controller"
    }
    assert response(send(given, hook=Hook.VALIDATE, spec=SPEC))["allowed"]


LAB = """
scopes:
  - name: here
    roles: [worker]
    namespaces: [noxus]
    deployers: {groups: [noxus-deployers]}
    envFrom: [{secretRef: {name: llm}}]
  - name: elsewhere
    roles: [worker]
    namespaces: [lab]
    envFrom: [{secretRef: {name: llm}}]
worker:
  pools:
    old: {enabled: false, envSecretRef: old-llm}
"""


def relabelled(image: str, labels: dict[str, str]) -> Json:
    spec = {"containers": [{"name": "main", "image": image, "envFrom": [secret("llm")]}]}
    return {"metadata": {"name": "w", "labels": labels}, "spec": spec}


@pytest.mark.parametrize("sub", [None, "ephemeralcontainers"])
def test_labels_that_were_changed_in_a_running_pod_open_nothing(sub: str | None) -> None:
    old = relabelled("app:1", {"noxus.ai/role": "worker"})
    new = relabelled("evil", {})
    new["spec"]["ephemeralContainers"] = [{"name": "d", "image": "busybox"}] if sub else []
    given = review(new, oldObject=old, operation="UPDATE", userInfo=JANE, subResource=sub)
    nobody = review(
        new,
        oldObject=old | {"metadata": new["metadata"]},
        operation="UPDATE",
        userInfo=JANE,
        subResource=sub,
    )

    assert not response(send(given, hook=Hook.VALIDATE, spec=LAB))["allowed"]
    assert not response(send(nobody, hook=Hook.VALIDATE, spec=LAB))["allowed"]
    nobody["request"]["userInfo"] = DEPLOYER
    assert response(send(nobody, hook=Hook.VALIDATE, spec=LAB))["allowed"]


def test_a_scope_that_no_pod_here_can_have_is_no_right_to_touch_one() -> None:
    spec = LAB.replace("  - name: elsewhere", "  - name: more", 1).replace("[lab]", "[noxus, lab]")
    old = relabelled("app:1", {})
    given = review(relabelled("b", {}), oldObject=old, operation="UPDATE", userInfo=JANE)

    assert response(send(given, hook=Hook.VALIDATE, spec=spec))["allowed"]  # anybody could have it
    assert not response(send(given, hook=Hook.VALIDATE, spec=LAB))["allowed"]


ROLES = """
scopes:
  - name: guarded
    roles: [worker]
    deployers: {groups: [noxus-deployers]}
    envFrom: [{secretRef: {name: llm}}]
  - name: free
    roles: [backend]
    envFrom: [{secretRef: {name: llm}}]
"""


@pytest.mark.parametrize("sub", [None, "ephemeralcontainers"])
def test_that_another_role_may_have_it_from_anybody_is_no_right_to_touch_this_pod(
    sub: str | None,
) -> None:
    old = relabelled("app:1", {"noxus.ai/role": "worker"})
    new = relabelled("app:1" if sub else "app:2", {"noxus.ai/role": "worker"})
    new["spec"]["ephemeralContainers"] = [{"name": "d", "image": "busybox"}] if sub else []
    given = review(new, oldObject=old, operation="UPDATE", userInfo=JANE, subResource=sub)

    assert "of scope 'guarded'" in str(message(send(given, hook=Hook.VALIDATE, spec=ROLES)))


def test_a_scope_for_another_service_account_is_no_right_to_touch_a_pod() -> None:
    spec = LAB.replace("namespaces: [lab]", "serviceAccounts: [other]")
    old = relabelled("app:1", {})
    given = review(relabelled("b", {}), oldObject=old, operation="UPDATE", userInfo=JANE)

    assert not response(send(given, hook=Hook.VALIDATE, spec=spec))["allowed"]


def test_what_was_read_in_a_way_that_no_scope_gives_needs_all_deployers() -> None:
    keys = SPEC.replace(
        "envFrom: [{secretRef: {name: asked-env}}]",
        "env: [{name: A, valueFrom: {secretKeyRef: {name: asked-env, key: A}}}]",
    )
    whole = {"containers": [{"name": "main", "image": "a", "envFrom": [secret("asked-env")]}]}
    old = of_role("frontend", whole)
    new = copy.deepcopy(old)
    new["spec"]["containers"][0]["image"] = "b"
    given = review(new, oldObject=old, operation="UPDATE", userInfo=JANE)

    assert not response(send(given, hook=Hook.VALIDATE, spec=keys))["allowed"]
    given["request"]["userInfo"] = DEPLOYER
    assert response(send(given, hook=Hook.VALIDATE, spec=keys))["allowed"]


REVISIONS = {"group": "apps", "version": "v1", "resource": "controllerrevisions"}


def revision(who: Json, spec: str = SPEC) -> Answer:
    data = {"spec": {"template": {"$patch": "replace", "spec": {"containers": []}}}}
    given = review({"data": data, "revision": 1}, resource=REVISIONS, userInfo=who)
    return send(given, hook=Hook.VALIDATE, spec=spec)


def test_a_revision_is_written_by_controllers_and_by_who_may_deploy_everything() -> None:
    assert message(revision(JANE)) == (
        "user 'jane' may not write ControllerRevisions: controllers make pods of them, and this "
        "user is not among the deployers of all that needs one in this policy; leave them to "
        "Kubernetes' own controllers"
    )
    assert not response(revision(DEPLOYER))["allowed"]
    assert response(revision(EVERYBODY))["allowed"]
    account = "system:serviceaccount:kube-system:statefulset-controller"
    assert response(revision({"username": account}))["allowed"]
    assert response(revision(JANE, "scopes: []"))["allowed"]


BACKEND = """
scopes:
  - name: one-key
    roles: [backend]
    env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: A}}}]
  - name: all-of-it
    roles: [backend]
    onRequest: true
    deployers: {groups: [noxus-deployers]}
    envFrom: [{secretRef: {name: s}}]
"""


def test_what_only_a_deployer_would_be_granted_is_not_grandfathered() -> None:
    spec = {"containers": [{"name": "main", "envFrom": [secret("s")]}]}
    old = {"metadata": {"labels": {}}, "spec": spec}
    given = review(
        workload(of_role("backend", spec)),
        oldObject=workload(old),
        operation="UPDATE",
        resource={"group": "apps", "version": "v1", "resource": "deployments"},
        userInfo=JANE,
    )

    assert not response(send(given, hook=Hook.VALIDATE, spec=BACKEND))["allowed"]
    given["request"]["userInfo"] = DEPLOYER
    assert response(send(given, hook=Hook.VALIDATE, spec=BACKEND))["allowed"]
