"""Who may break it, by RBAC, as the API server itself would answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.drills.cluster import NAMESPACE
from tests.e2e.doctor.kit import RBAC, SLOW, Doctor
from webhook.doctor.areas import areas
from webhook.doctor.rbac import Wanted

Json = Any

pytestmark = SLOW


@contextmanager
def bound(doctor: Doctor, rules: Json, subject: Json, *, inside: str = "") -> Iterator[None]:
    """Give somebody these rights, in the cluster or inside a namespace."""
    name, kind = "given", "rolebinding" if inside else "clusterrolebinding"
    where = f"{RBAC}/namespaces/{inside}/rolebindings" if inside else f"{RBAC}/clusterrolebindings"
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    doctor.plane.api("POST", f"{RBAC}/clusterroles", {"metadata": {"name": name}, "rules": rules})
    answer = doctor.plane.api(
        "POST", where, {"metadata": {"name": name}, "roleRef": role, "subjects": [subject]}
    )
    assert answer.status == 201, answer.message
    try:
        yield
    finally:
        doctor.plane.kubectl("delete", "clusterrole", name)
        doctor.plane.kubectl("delete", kind, name, *(("-n", inside) if inside else ()))


def group(name: str) -> Json:
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": name}


def account(namespace: str, name: str) -> Json:
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}


def rule(group: str, resource: str, *verbs: str, names: tuple[str, ...] = ()) -> Json:
    made = {"apiGroups": [group], "resources": [resource], "verbs": list(verbs)}
    return [{**made, "resourceNames": list(names)} if names else made]


HOOKS = "admissionregistration.k8s.io"
FOUND: dict[str, tuple[Json, str]] = {
    "patch a webhook configuration": (
        rule(HOOKS, "validatingwebhookconfigurations", "patch", names=("noxus-secrets", "x")),
        "change the webhook configurations",
    ),
    "delete all webhook configurations": (
        rule(HOOKS, "mutatingwebhookconfigurations", "deletecollection"),
        "change the webhook configurations",
    ),
    "write the guard": (
        rule(HOOKS, "validatingadmissionpolicies", "update"),
        "change the label guard",
    ),
    "unbind the guard": (
        rule(HOOKS, "validatingadmissionpolicybindings", "delete"),
        "change the label guard",
    ),
    "change labels": (
        rule("secrets.noxus.ai", "injectionlabels", "update"),
        "take the opt-in label off",
    ),
    "change labels of one namespace": (
        rule("secrets.noxus.ai", "injectionlabels", "update", names=("noxus",)),
        "take the opt-in label off",
    ),
    "write policies": (
        rule("secrets.noxus.ai", "secretinjectionpolicies", "create"),
        "change policies",
    ),
    "delete the definition of policies": (
        rule("apiextensions.k8s.io", "*", "delete"),
        "change policies",
    ),
    "read all Secrets": (rule("", "secrets", "list"), "get the CA's key"),
    "make tokens": (rule("", "serviceaccounts/token", "create"), "get the CA's key"),
    "make tokens by a wildcard": (rule("", "*/token", "create"), "get the CA's key"),
    "look into pods": (rule("", "pods/exec", "create"), "get the CA's key"),
    "give rights": (
        rule("rbac.authorization.k8s.io", "clusterroles", "escalate"),
        "take any right",
    ),
    "be somebody else": (rule("", "users", "impersonate"), "take any right"),
}


@pytest.mark.parametrize("what", FOUND)
def test_who_may(doctor: Doctor, what: str) -> None:
    rules, may = FOUND[what]
    with bound(doctor, rules, group("team")):
        (found,) = doctor.findings()
        trusted = doctor.run("--trust", "Group:team")

    assert (found["check"], found["level"]) == ("who may break it", "warning")
    assert found["message"] == f"Group team may {may} (by ClusterRoleBinding given)"
    assert found["mend"] == (
        "--trust group:team, if it is to be trusted; else kubectl delete clusterrolebinding given"
    )
    assert found["may"][0]["by"] == ["ClusterRoleBinding given"]
    assert trusted.code == 0
    assert "and administrators, and 1 subject that you trust" in " ".join(trusted.out.split())


def test_who_may_do_everything_is_one_finding_with_all_of_it(doctor: Doctor) -> None:
    with bound(doctor, rule("*", "*", "*"), account("argocd", "controller")):
        (found,) = doctor.findings()

    assert found["message"] == (
        "ServiceAccount argocd/controller may change the webhook configurations, change the label "
        "guard, take the opt-in label off, change policies, get the CA's key, change what is in "
        "namespace noxus-secrets and take any right (by ClusterRoleBinding given)"
    )
    assert found["subject"] == "serviceaccount:argocd/controller"


@pytest.mark.parametrize(
    "name", ["system:authenticated", "system:serviceaccounts", "system:serviceaccounts:noxus"]
)
def test_what_everybody_may_is_a_failure_and_cannot_be_trusted(doctor: Doctor, name: str) -> None:
    with bound(doctor, rule("secrets.noxus.ai", "*", "*"), group(name)):
        (found,) = doctor.findings()

    assert found["level"] == "failed"
    assert found["message"].startswith(f"Group {name} may take the opt-in label off and change ")
    assert found["mend"] == "kubectl delete clusterrolebinding given"


NOT_FOUND: dict[str, Json] = {
    "patch other configurations": rule(
        HOOKS, "validatingwebhookconfigurations", "patch", names=("other",)
    ),
    "create configurations under a name, which RBAC cannot tell": rule(
        HOOKS, "validatingwebhookconfigurations", "deletecollection", names=("noxus-secrets",)
    ),
    "read configurations": rule(HOOKS, "*", "get", "list", "watch"),
    "read another Secret": rule("", "secrets", "get", names=("other",)),
    "write the status of policies": rule("secrets.noxus.ai", "secretinjectionpolicies/status", "*"),
    "write namespaces, which are guarded": rule("", "configmaps", "create"),
}


@pytest.mark.parametrize("what", NOT_FOUND)
def test_nobody_is_found_who_may_only(doctor: Doctor, what: str) -> None:
    with bound(doctor, NOT_FOUND[what], group("team")):
        found = doctor.findings()

    assert found == []


def test_rights_in_our_namespace_count_and_in_others_do_not(doctor: Doctor) -> None:
    rules = rule("*", "*", "*")
    with bound(doctor, rules, group("team"), inside=NAMESPACE):
        (found,) = doctor.findings()
    with bound(doctor, rules, group("team"), inside="default"):
        elsewhere = doctor.findings()

    assert found["message"] == (
        "Group team may get the CA's key and change what is in namespace noxus-secrets "
        "(by RoleBinding given)"
    )
    assert found["mend"].endswith("; else kubectl delete rolebinding given -n noxus-secrets")
    assert elsewhere == []


def test_an_account_of_kube_system_is_no_component_of_kubernetes_by_its_name(
    doctor: Doctor,
) -> None:
    with bound(doctor, rule("*", "*", "*"), account("kube-system", "namespace-controller")):
        (found,) = doctor.findings()

    assert found["subject"] == "serviceaccount:kube-system/namespace-controller"


@pytest.mark.parametrize(
    "subject", [account(NAMESPACE, "noxus-secret-webhook"), group("system:serviceaccounts")]
)
def test_the_webhook_may_not_read_secrets_either(doctor: Doctor, subject: Json) -> None:
    with bound(doctor, rule("", "secrets", "get"), subject):
        found = {it["check"]: it for it in doctor.findings()}

    assert found["the webhook's own rights"]["level"] == "failed"
    assert found["the webhook's own rights"]["message"] == (
        "the webhook itself may get secrets that are not its own, by ClusterRoleBinding given"
    )


def test_rights_are_read_as_the_api_server_reads_them(doctor: Doctor) -> None:
    # It is asked for every right that counts, whether we found that somebody has it or not.
    every = [*(rules for rules, _ in FOUND.values()), *NOT_FOUND.values()]
    with bound(doctor, [it for rules in every for it in rules], group("team")):
        (found,) = doctor.findings()
        answers = {
            (area.may, f"{verb} {wanted.resource}"): may(doctor, wanted, verb)
            for area in areas(NAMESPACE)
            for wanted in area.wanted
            for verb in wanted.verbs
        }

    read = {(it["what"], right) for it in found["may"] for right in it["rights"]}
    assert read == {it for it, allowed in answers.items() if allowed}
    assert 12 <= len(read) < len(answers)


def may(doctor: Doctor, wanted: Wanted, verb: str) -> bool:
    """Ask the API server whether somebody of the team has a right."""
    resource, _, subresource = wanted.resource.partition("/")
    name = wanted.name or ("noxus" if resource == "injectionlabels" else "")
    attributes = {
        "verb": verb,
        "group": wanted.group,
        "resource": resource,
        "subresource": subresource,
        "name": name if verb not in {"create", "deletecollection"} else "",
        "namespace": NAMESPACE if wanted.inside and resource != "namespaces" else "",
    }
    review = {"spec": {"user": "somebody", "groups": ["team"], "resourceAttributes": attributes}}
    answer = doctor.plane.api("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
    return bool(answer.body["status"]["allowed"])
