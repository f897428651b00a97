"""What becomes of an object is what becomes of it in a cluster."""

import pytest

from tests.policytests.kit import (
    EXAMPLE,
    Json,
    become,
    deployment,
    entrusted,
    pod,
    secrets,
    template,
)
from webhook.core.decision import Reason
from webhook.core.words import NamespaceMode
from webhook.policytests.kinds import Unusable, kind_of, title
from webhook.policytests.model import HookChoice, Verdict
from webhook.policytests.outcome import groups_of

ALL = ("app-env", "worker-env", "tenant-a-llm")
GREEDY = pod("frontend", envFrom=secrets("worker-env"))


def test_a_pod_is_injected_and_then_judged_as_it_is_stored() -> None:
    got = become(pod("worker", "tenant-a"))

    assert (got.verdict, got.reason) == (Verdict.INJECTED, Reason.INJECTED)
    assert (got.role, got.pool) == ("worker", "tenant-a")
    assert got.scopes == ("shared", "worker", "pool/tenant-a")
    assert got.env_from == {"app": ALL}
    assert (got.message, got.warnings) == ("", ())


def test_of_a_refused_pod_nothing_is_stored() -> None:
    got = become(GREEDY)

    assert (got.verdict, got.reason) == (Verdict.REFUSED, Reason.SECRET_NOT_ENTITLED)
    assert got.message.startswith("container 'app' may not read Secret 'worker-env' (spec.")
    assert (got.env_from, got.env) == (None, None)


def test_the_annotation_alone_is_no_injection() -> None:
    got = become(pod("frontend", envFrom=secrets("app-env")))

    assert (got.verdict, got.reason) == (Verdict.ALLOWED, Reason.NOTHING_TO_DO)


def test_the_validating_hook_alone_sees_what_was_not_injected() -> None:
    got = become(pod("frontend"), hook=HookChoice.VALIDATE)

    assert (got.verdict, got.reason) == (Verdict.REFUSED, Reason.NOT_INJECTED)


def test_the_mutating_hook_alone_injects() -> None:
    assert become(pod("frontend"), hook=HookChoice.MUTATE).env_from == {"app": ("app-env",)}


def test_in_dry_run_what_is_stored_is_what_was_sent() -> None:
    given = become(pod("frontend"), mode=NamespaceMode.DRY_RUN)
    refused = become(GREEDY, mode=NamespaceMode.DRY_RUN)

    assert (given.verdict, given.env_from) == (Verdict.WOULD_INJECT, {"app": ()})
    assert given.warnings == ("dry run: would inject shared",)
    assert (refused.verdict, refused.env_from) == (Verdict.WOULD_REFUSE, {"app": ("worker-env",)})
    assert "may not read Secret 'worker-env'" in refused.message


def test_a_warning_that_both_hooks_have_is_shown_once() -> None:
    got = become(pod("frontend", envFrom=secrets("app-env", "own")))

    assert got.warnings == (
        (
            "container 'app': spec.containers[0].envFrom[1] comes after managed sources and may "
            "override them"
        ),
    )


def test_sources_are_told_apart_by_kind_prefix_and_optional() -> None:
    given = [
        {"configMapRef": {"name": "cm"}},
        {"secretRef": {"name": "own", "optional": True}, "prefix": "A_"},
    ]

    got = become(pod("frontend", envFrom=given, env=[{"name": "LEVEL", "value": "x"}]))

    assert got.env_from == {"app": ("ConfigMap cm", "own, prefix A_, optional", "app-env")}
    assert got.env == {"app": ("LEVEL",)}


def test_a_workloads_pods_are_given_what_its_template_asks_for() -> None:
    got = become(deployment(pod("worker", "tenant-a")))

    assert (got.verdict, got.env_from) == (Verdict.INJECTED, {"app": ALL})


def test_a_workload_is_refused_to_its_author_in_the_words_of_its_own_fields() -> None:
    got = become(deployment(GREEDY))

    assert got.verdict is Verdict.REFUSED
    assert "(spec.template.spec.containers[0].envFrom[0].secretRef)" in got.message


def test_what_the_controller_is_told_is_not_shown_to_the_author() -> None:
    whole = become(deployment(pod("frontend")), mode=NamespaceMode.DRY_RUN)
    pods = become(deployment(pod("frontend")), mode=NamespaceMode.DRY_RUN, hook=HookChoice.MUTATE)

    assert (whole.verdict, whole.warnings) == (Verdict.WOULD_INJECT, ())
    assert pods.warnings == ("dry run: would inject shared",)


def test_the_validating_hook_of_a_workload_is_about_its_template() -> None:
    got = become(deployment(pod("frontend")), hook=HookChoice.VALIDATE)

    assert (got.verdict, got.env_from) == (Verdict.ALLOWED, {"app": ()})


def test_pods_are_refused_where_their_workload_only_warns() -> None:
    got = become(deployment(pod("frontend")), namespace="uncovered")

    assert (got.verdict, got.reason) == (Verdict.REFUSED, Reason.NO_POLICY_HERE)
    assert got.warnings[0].startswith("its pods will be refused: ")


@pytest.mark.parametrize(
    ("kind", "api_version", "path"),
    [
        ("PodTemplate", "v1", ("template",)),
        ("ReplicationController", "v1", ("spec", "template")),
        ("StatefulSet", "apps/v1", ("spec", "template")),
        ("DaemonSet", "apps/v1", ("spec", "template")),
        ("ReplicaSet", "apps/v1", ("spec", "template")),
        ("Job", "batch/v1", ("spec", "template")),
        ("CronJob", "batch/v1", ("spec", "jobTemplate", "spec", "template")),
    ],
)
def test_every_kind_of_workload_can_be_sent(
    kind: str, api_version: str, path: tuple[str, ...]
) -> None:
    inner: Json = template(pod("worker", "tenant-a"))
    for step in reversed(path):
        inner = {step: inner}
    value = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "w"}, **inner}

    assert become(value).env_from == {"app": ALL}


def training(**templates: Json) -> Json:
    replicas = {name: {"template": template(it)} for name, it in templates.items()}
    return {
        "apiVersion": "training.example/v1",
        "kind": "TrainingJob",
        "metadata": {"name": "t"},
        "spec": {"replicas": replicas},
    }


def test_a_kind_that_the_policy_names_makes_the_pods_of_all_its_templates() -> None:
    value = training(Master=pod("worker"), Worker=pod("worker", "tenant-a"))

    got = become(value, entrusted())

    assert got.env_from == {
        "spec.replicas.Master.template/app": ("app-env",),
        "spec.replicas.Worker.template/app": ("app-env", "tenant-a-llm"),
    }


def test_a_path_may_lead_through_a_list() -> None:
    value = training()
    value["spec"]["replicas"] = [{"template": template(pod("worker"))}]

    assert become(value, entrusted()).env_from == {"app": ("app-env",)}


def test_one_refused_template_is_a_refusal_of_all() -> None:
    value = training(Master=pod("worker"), Worker=pod("frontend", "tenant-a"))

    got = become(value, entrusted(), hook=HookChoice.MUTATE)

    assert (got.verdict, got.env_from) == (Verdict.REFUSED, None)


def test_who_is_entrusted_deploys() -> None:
    got = become(
        deployment(pod("worker", "tenant-a")),
        entrusted(),
        user="mia",
        groups=("noxus-deployers",),
    )

    assert (got.verdict, got.undecided) == (Verdict.INJECTED, False)


@pytest.mark.parametrize(
    "value", [pod("worker", "tenant-a"), deployment(pod("worker", "tenant-a"))]
)
def test_who_is_not_entrusted_does_not(value: Json) -> None:
    got = become(value, entrusted(), user="max")

    assert (got.verdict, got.reason) == (Verdict.REFUSED, Reason.DEPLOYER_NOT_ENTITLED)


def test_without_a_user_deployers_are_undecided_and_that_is_said() -> None:
    asked = become(pod("worker", "tenant-a"), entrusted())
    not_asked = become(pod("worker"), entrusted())

    assert (asked.verdict, asked.undecided) == (Verdict.INJECTED, True)
    assert not_asked.undecided is False
    assert become(pod("worker", "tenant-a"), EXAMPLE).undecided is False


def test_the_api_server_adds_groups_by_itself() -> None:
    account = "system:serviceaccount:argocd:controller"

    assert become(pod("worker", "tenant-a"), entrusted(), user=account).verdict is Verdict.INJECTED
    assert groups_of(account, ()) == (
        "system:serviceaccounts",
        "system:serviceaccounts:argocd",
        "system:authenticated",
    )
    assert groups_of("mia", ("a",)) == ("a", "system:authenticated")
    assert groups_of("system:anonymous", ()) == ("system:unauthenticated",)


def test_a_mirror_pod_is_one_by_its_user() -> None:
    mirror = pod("frontend")
    mirror["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "hash"}

    got = become(mirror, user="system:node:n1", groups=("system:nodes",))

    assert (got.verdict, got.env_from) == (Verdict.ALLOWED, {"app": ()})


def test_what_kubernetes_would_not_take_cannot_be_sent() -> None:
    crooked = pod("frontend")
    crooked["spec"]["containers"] = "app"

    with pytest.raises(Unusable) as error:
        become(crooked)

    assert str(error.value).startswith("pod/p is not as Kubernetes wants it: request.object")


@pytest.mark.parametrize("spec", [{}, {"template": None}, None])
def test_a_workload_without_a_template_cannot_be_sent(spec: Json) -> None:
    with pytest.raises(Unusable) as error:
        become({**deployment(GREEDY), "spec": spec})

    assert str(error.value) == ("deployment/d has no pod template: it is expected at spec.template")


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {"kind": "Pod"},
        {"apiVersion": "v1"},
        {"apiVersion": "v1", "kind": "Service"},
        {"apiVersion": "serving.example/v1", "kind": "Deployment"},
    ],
)
def test_other_objects_have_no_kind(value: Json) -> None:
    assert kind_of(value) is None


def test_objects_are_named_as_kubectl_names_them() -> None:
    assert title(deployment(GREEDY)) == "deployment/d"
    assert title({"kind": "Pod", "metadata": {"generateName": "p-"}}) == "pod/p-"
    assert title({"kind": "Pod", "metadata": None}) == "pod/"
