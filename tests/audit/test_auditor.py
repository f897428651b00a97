"""What an audit tells of workloads and pods, and what it folds together."""

import pytest

from tests.audit.kit import (
    audit,
    namespace,
    only,
    only_pod,
    pod,
    policies,
    with_sources,
    workload,
)
from tests.core.kit import labelled, of_role, secret
from webhook.audit.auditor import Auditor
from webhook.audit.report import PodState, Verdict

WORKER = of_role("worker", pool="tenant-a")
SOURCES = ("app-env", "worker-env", "tenant-a-llm")
GREEDY = of_role("frontend", {"containers": [{"name": "web", "envFrom": [secret("worker-env")]}]})
REFUSED = (
    "container 'web' may not read Secret 'worker-env' "
    "(spec.template.spec.containers[0].envFrom[0].secretRef): it belongs to scope 'worker', and "
    "role frontend is not entitled to it (only worker); remove it, or have the policy's owner add "
    "role frontend to it"
)


def test_a_workload_is_told_with_its_role_its_pool_and_what_it_would_be_given() -> None:
    told = only(audit(workload("Deployment", "w", WORKER, replicas=2)))

    assert (told.title, told.role, told.pool) == ("deployment/w", "worker", "tenant-a")
    assert told.recognised_by == "label noxus.ai/role: worker"
    assert (told.mode, told.policy, told.dry_run, told.replicas) == ("enabled", "noxus", False, 2)
    assert told.verdict is Verdict.INJECTED
    assert told.granted == ("shared", "worker", "pool/tenant-a")
    (container,) = told.containers
    assert container.has == ()
    assert [(it.name, it.scope, it.wins) for it in container.gets] == [
        ("app-env", "shared", False),
        ("worker-env", "worker", False),
        ("tenant-a-llm", "pool/tenant-a", True),
    ]


def test_what_is_there_now_is_told_beside_what_would_be() -> None:
    template = with_sources(WORKER, "tenant-a-llm", "custom", "app-env")

    (container,) = only(audit(workload("Deployment", "w", template))).containers

    assert [it.name for it in container.has] == ["tenant-a-llm", "app-env"]
    assert [it.name for it in container.gets] == ["app-env", "custom", "worker-env", "tenant-a-llm"]


def test_a_refused_workload_is_told_with_the_whole_sentence_and_given_nothing() -> None:
    report = audit(workload("Deployment", "greedy", GREEDY))

    told = only(report)
    assert told.verdict is Verdict.REFUSED
    (refusal,) = told.refusals
    assert (refusal.reason, refusal.message) == ("SecretNotEntitled", REFUSED)
    assert [it.name for it in told.containers[0].gets] == ["worker-env"]
    assert report.refused


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("Deployment", "spec.template.spec"),
        ("StatefulSet", "spec.template.spec"),
        ("DaemonSet", "spec.template.spec"),
        ("ReplicaSet", "spec.template.spec"),
        ("ReplicationController", "spec.template.spec"),
        ("Job", "spec.template.spec"),
        ("CronJob", "spec.jobTemplate.spec.template.spec"),
        ("PodTemplate", "template.spec"),
    ],
)
def test_every_kind_is_judged_by_its_template_at_any_scale(kind: str, field: str) -> None:
    told = only(audit(workload(kind, "greedy", GREEDY, replicas=0)))

    assert told.refusals[0].field == f"{field}.containers[0].envFrom[0].secretRef"
    assert told.pods == ()


def test_in_dry_run_what_would_be_refused_counts() -> None:
    report = audit(namespace(mode="dry-run"), workload("Deployment", "greedy", GREEDY))

    assert only(report).dry_run
    assert (report.totals.refused, report.refused) == (1, True)


def test_an_opted_in_namespace_that_no_policy_covers_is_refused() -> None:
    told = only(audit(namespace("other"), workload("Job", "j", WORKER, namespace="other")))

    assert told.verdict is Verdict.REFUSED
    assert (told.policy, told.containers, told.access) == ("", (), ())
    assert told.refusals[0].message == (
        "namespace 'other' is opted in, but no SecretInjectionPolicy covers it: have the policy's "
        "owner add it to spec.namespaces, or the namespace's label secrets.noxus.ai/injection "
        "removed"
    )


def test_a_replica_set_a_job_and_their_pods_are_folded_beneath_who_owns_them() -> None:
    deployment = workload("Deployment", "w", WORKER)
    cron = workload("CronJob", "c", WORKER)
    rs = workload("ReplicaSet", "w-1", WORKER, owner=deployment, replicas=1)
    job = workload("Job", "c-1", WORKER, owner=cron)
    injected = with_sources(WORKER, *SOURCES)

    report = audit(
        *(deployment, cron, rs, job),
        *(pod("w-1-x", injected, owner=rs), pod("c-1-x", injected, owner=job)),
    )

    told = {it.title: [p.name for p in it.pods] for it in report.workloads}
    assert told == {"deployment/w": ["w-1-x"], "cronjob/c": ["c-1-x"]}
    assert (report.totals.entries, report.totals.pods_current) == (2, 2)


def test_what_belongs_to_somebody_who_is_not_listed_is_told_with_its_owner() -> None:
    rollout = {"kind": "Rollout", "metadata": {"name": "r", "uid": "elsewhere"}}
    rs = workload("ReplicaSet", "r-1", WORKER, owner=rollout, replicas=1)

    told = only(audit(rs, pod("r-1-x", with_sources(WORKER, *SOURCES), owner=rs)))

    assert (told.title, told.owner, len(told.pods)) == ("replicaset/r-1", "Rollout/r", 1)


def test_an_owner_that_somebody_forged_hides_nothing() -> None:
    innocent = workload("Deployment", "innocent", of_role("frontend"))
    forged = workload("ReplicaSet", "forged", GREEDY, owner=innocent, replicas=1)

    report = audit(innocent, forged, pod("forged-x", GREEDY, owner=forged))

    assert [it.title for it in report.workloads] == ["deployment/innocent", "replicaset/forged"]
    assert (report.totals.refused, report.totals.pods_refused) == (1, 1)


def test_a_pod_with_a_forged_owner_is_told_as_refused() -> None:
    innocent = workload("Deployment", "innocent", of_role("frontend"))

    report = audit(innocent, pod("forged", GREEDY, owner=innocent))

    assert only_pod(report).state is PodState.REFUSED
    assert only_pod(report).message == (
        f"would be refused: {REFUSED.replace('spec.template.spec', 'spec')}"
    )
    assert report.refused


def test_an_old_revision_is_nobody_and_nothing() -> None:
    deployment = workload("Deployment", "w", WORKER)
    old = workload("ReplicaSet", "w-0", GREEDY, owner=deployment, replicas=0)

    assert only(audit(deployment, old)).title == "deployment/w"


def test_a_pod_without_what_the_policy_gives_it_is_told_with_all_that_it_lacks() -> None:
    owner = workload("StatefulSet", "w", WORKER)

    told = only_pod(audit(owner, pod("w-0", with_sources(WORKER, "worker-env"), owner=owner)))

    assert told.state is PodState.LACKS
    assert [(it.container, it.sources) for it in told.lacks] == [
        ("main", ("app-env", "tenant-a-llm"))
    ]
    assert told.message == (
        "runs without what the policy gives it: container 'main' lacks app-env, tenant-a-llm; "
        "kubectl -n noxus rollout restart statefulset/w"
    )


def test_a_variable_that_is_lacking_is_told_by_its_key() -> None:
    template = of_role("backend", {"containers": [{"name": "api"}]})
    owner = workload("Job", "b", template)

    told = only_pod(audit(owner, pod("b-x", with_sources(template, "app-env"), owner=owner)))

    assert told.message == (
        "runs without what the policy gives it: container 'api' lacks plugin-secrets/KEY; delete "
        "it, so that job/b makes it again"
    )


def test_a_pod_with_its_sources_in_another_order_is_outdated() -> None:
    owner = workload("DaemonSet", "w", WORKER)
    swapped = with_sources(WORKER, "worker-env", "app-env", "tenant-a-llm")

    told = only_pod(audit(owner, pod("w-x", swapped, owner=owner)))

    assert (told.state, told.lacks) == (PodState.OUTDATED, ())
    assert told.message == (
        "has its sources in another order than the policy says, or with another optional; kubectl "
        "-n noxus rollout restart daemonset/w"
    )


def test_what_a_former_policy_injected_is_outdated_and_no_reason_to_fail() -> None:
    owner = workload("Deployment", "f", of_role("frontend"))
    injected = with_sources(
        *(of_role("frontend"), "app-env", "worker-env"),
        annotations={"secrets.noxus.ai/injected": "shared,worker"},
    )

    report = audit(owner, pod("f-x", injected, owner=owner))

    assert only_pod(report).state is PodState.OUTDATED
    assert only_pod(report).message == (
        "still holds what the policy no longer gives it: container 'main' may not read Secret "
        "'worker-env' (spec.containers[0].envFrom[1].secretRef): it belongs to scope 'worker', and "
        "role frontend is not entitled to it (only worker); remove it, or have the policy's owner "
        "add role frontend to it; kubectl -n noxus rollout restart deployment/f"
    )
    assert not report.refused


def test_what_another_webhook_added_to_a_pod_is_refused() -> None:
    owner = workload("Deployment", "f", of_role("frontend"))
    added = with_sources(
        *(of_role("frontend"), "app-env", "worker-env"),
        annotations={"secrets.noxus.ai/injected": "shared"},
    )

    report = audit(owner, pod("f-x", added, owner=owner))

    assert only_pod(report).state is PodState.REFUSED
    assert report.refused


@pytest.mark.parametrize("ended", [{"phase": "Succeeded"}, {"phase": "Failed"}, {"deleted": True}])
def test_of_a_pod_that_has_ended_nothing_is_asked(ended: dict[str, str]) -> None:
    owner = workload("Job", "w", WORKER)

    report = audit(owner, pod("w-x", GREEDY, owner=owner, **ended), pod("bare", GREEDY, **ended))

    assert only_pod(report).state is PodState.FINISHED
    assert (report.totals.pods, report.totals.pods_finished, report.refused) == (2, 2, False)


def test_a_pod_that_nobody_owns_is_an_entry_of_its_own() -> None:
    told = only(audit(pod("bare", WORKER)))

    assert (told.title, told.verdict) == ("pod/bare", Verdict.INJECTED)
    assert told.pods[0].message.endswith("lacks app-env, worker-env, tenant-a-llm; create it again")


def test_a_mirror_pod_is_given_nothing_and_lacks_nothing() -> None:
    node = {"kind": "Node", "metadata": {"name": "n", "uid": "u"}}
    mirrored = with_sources(WORKER, annotations={"kubernetes.io/config.mirror": "hash"})

    told = only_pod(audit(pod("static", mirrored, owner=node)))

    assert told.state is PodState.CURRENT


def test_a_workload_that_looks_like_noxus_in_a_namespace_that_is_not_opted_in_is_told() -> None:
    report = audit(
        namespace("noxus-old", None),
        workload("Deployment", "w", WORKER, namespace="noxus-old"),
        workload("Job", "other", labelled({"app": "x"}), namespace="noxus-old"),
    )

    told = only(report)
    assert (told.verdict, told.mode, told.role) == (Verdict.OUTSIDE, "", "worker")
    assert told.outside == (
        "it is a worker by label noxus.ai/role: worker, under policy 'noxus'; namespace "
        "'noxus-old' is not opted in, so it is given nothing and nothing of it is judged"
    )
    assert (told.containers[0].gets, told.refusals, told.granted) == ((), (), ())
    assert (report.totals.outside, report.totals.skipped, report.refused) == (1, 1, False)
    assert [(it.name, it.mode) for it in report.namespaces] == [("noxus-old", "")]


def test_a_workload_that_names_a_managed_secret_elsewhere_is_told_whatever_its_labels() -> None:
    template = with_sources(labelled({"app": "x"}), "worker-env", "unrelated")

    told = only(
        audit(namespace("legacy", None), workload("Job", "j", template, namespace="legacy"))
    )

    assert told.outside == (
        "it names Secret 'worker-env', which the policy manages, under policy 'noxus'; namespace "
        "'legacy' is not opted in, so it is given nothing and nothing of it is judged"
    )
    assert [(it.secret, str(it.state)) for it in told.access] == [("worker-env", "has")]


def test_what_is_owned_by_another_outside_is_neither_told_nor_counted() -> None:
    owner = workload("Deployment", "w", labelled({"app": "x"}), namespace="legacy")
    owned = pod("w-x", WORKER, namespace="legacy", owner=owner)

    report = audit(namespace("legacy", None), owner, owned)

    assert (report.workloads, report.totals.skipped, report.totals.pods) == ((), 1, 0)


@pytest.mark.parametrize("name", ["kube-system", "kube-node-lease", "noxus-secrets"])
def test_a_label_on_a_namespace_that_the_hooks_leave_out_opts_nothing_in(name: str) -> None:
    report = audit(namespace(name), workload("Deployment", "w", WORKER, namespace=name))

    assert only(report).verdict is Verdict.OUTSIDE


def test_a_label_of_another_value_opts_nothing_in() -> None:
    report = audit(namespace(mode="enable"), workload("Deployment", "w", WORKER))

    assert only(report).verdict is Verdict.OUTSIDE


def test_a_namespace_that_came_while_the_rest_was_listed_is_not_opted_in() -> None:
    assert only(audit(workload("Job", "w", WORKER, namespace="new"))).verdict is Verdict.OUTSIDE


def test_the_order_of_the_report_is_not_that_of_the_listing() -> None:
    report = audit(
        *(namespace("noxus"), namespace("noxus-b", "dry-run")),
        workload("Job", "a", WORKER, namespace="noxus-b"),
        workload("Deployment", "z", WORKER),
        workload("Deployment", "b", WORKER),
        workload("Job", "a", WORKER),
    )

    assert [(it.namespace, it.title) for it in report.workloads] == [
        ("noxus", "deployment/b"),
        ("noxus", "deployment/z"),
        ("noxus", "job/a"),
        ("noxus-b", "job/a"),
    ]


def test_warnings_are_whole_sentences() -> None:
    told = only(audit(workload("Deployment", "x", labelled({"app": "x"}))))

    assert told.verdict is Verdict.NOTHING
    assert told.warnings == (
        "no Noxus role, so nothing is injected: label the pod noxus.ai/role: <role>",
    )


def test_a_policy_in_dry_run_makes_every_verdict_one() -> None:
    observed = policies("mode: DryRun\nscopes: []\n")

    assert only(audit(workload("Job", "j", GREEDY), policy=observed)).dry_run


def test_what_cannot_be_read_is_counted_and_told() -> None:
    auditor = Auditor(policies(), "cluster")
    auditor.add_unreadable("a Pod is not as Kubernetes wants it")

    report = auditor.report()

    assert (report.unreadable, report.totals.unreadable) == (
        ("a Pod is not as Kubernetes wants it",),
        1,
    )
