"""What `doctor` says of rights that restarts need."""

from dataclasses import replace

from tests.commands.doctor_kit import healthy, said, wrong
from webhook.doctor.findings import Check
from webhook.doctor.restarts import examine_restarts
from webhook.doctor.snapshot import Let, NotRead, Restarts

WELL = Let("noxus", "rolled", (), ())
ACCOUNT = "--serviceaccount=noxus-secrets:noxus-secret-webhook"


def examined(restarts: Restarts | NotRead | None) -> Check:
    return examine_restarts(replace(healthy(), restarts=restarts))


def test_where_it_may_do_everything_there_is_one_good_word() -> None:
    checked = examined(Restarts(("rolled",), listed=True, namespaces=(WELL,)))

    assert [(it.level, it.message) for it in checked.findings] == [
        ("ok", "when a Secret changes, the webhook may restart what is given it, in 1 namespace")
    ]
    assert [it.message for it in examined(None).findings] == ["no policy asks for any"]


def test_without_the_component_nothing_is_restarted() -> None:
    one = examined(Restarts(("rolled",), listed=False, namespaces=()))
    two = examined(Restarts(("a", "b"), listed=False, namespaces=()))

    ends = (
        " reload.mode: Rollout, and the webhook may not list namespaces: nothing is restarted when "
        "a Secret changes"
    )
    assert said(one) == [("failed", f"policy rolled says{ends}")]
    assert said(two) == [("failed", f"policies a, b say{ends}")]
    assert [it.mend for it in wrong(one)] == [
        (
            "kubectl apply -f manifests/components/reload/rbac.yaml; with Helm: --set "
            "reload.enabled=true"
        )
    ]


def test_a_namespace_whose_owner_has_not_let_us_in_is_told_with_the_command_that_does() -> None:
    lacking = (("list", "deployments"), ("patch", "deployments"), ("patch", "daemonsets"))
    let = replace(WELL, lacking=lacking)

    checked = examined(Restarts(("rolled",), listed=True, namespaces=(let,)))

    assert said(checked) == [
        (
            "warning",
            (
                "policy rolled restarts workloads of namespace noxus when a Secret changes, and "
                "the webhook may not list deployments or patch deployments, daemonsets there"
            ),
        )
    ]
    assert [it.mend for it in wrong(checked)] == [
        (
            "kubectl -n noxus create rolebinding noxus-secrets-restarts "
            f"--clusterrole=noxus-secrets-reload {ACCOUNT}"
        )
    ]


def test_what_workloads_are_given_and_it_may_not_get_is_named_with_the_role() -> None:
    let = replace(WELL, unseen=("configmap/settings", "secret/app-env", "secret/worker-env"))

    checked = examined(Restarts(("rolled",), listed=True, namespaces=(let,)))

    assert said(checked) == [
        (
            "warning",
            (
                "workloads of namespace noxus are given configmap/settings, secret/app-env, "
                "secret/worker-env, and are not restarted when that changes: the webhook may not "
                "get it"
            ),
        )
    ]
    there = "(kubectl edit role, where it is there already)"
    role, maps = "noxus-secrets-reload", "noxus-secrets-reload-configmaps"
    assert wrong(checked)[0].mend.split("; ") == [
        (
            f"kubectl -n noxus create role {role} --verb=get --resource=secrets "
            f"--resource-name=app-env --resource-name=worker-env {there}"
        ),
        f"kubectl -n noxus create rolebinding {role} --role={role} {ACCOUNT}",
        (
            f"kubectl -n noxus create role {maps} --verb=get --resource=configmaps "
            f"--resource-name=settings {there}"
        ),
        f"kubectl -n noxus create rolebinding {maps} --role={maps} {ACCOUNT}",
    ]


def test_what_could_not_be_asked_is_named_with_the_right() -> None:
    right = "create subjectaccessreviews.authorization.k8s.io"
    unread = replace(WELL, unseen=NotRead("list deployments -n noxus"))

    assert said(examined(NotRead(right))) == [
        ("not checked", f"rights of the webhook to restart workloads: you may not {right}")
    ]
    assert said(examined(Restarts(("rolled",), listed=True, namespaces=(unread,)))) == [
        (
            "not checked",
            ("what workloads of namespace noxus are given: you may not list deployments -n noxus"),
        )
    ]
