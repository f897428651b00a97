"""What the API server lets our ServiceAccount do: what the webhook needs, and nothing else."""

import json

import pytest

from tests.controlplane.plane import ControlPlane
from tests.manifests.rendering import BASE, OWN, WEBHOOK, kustomize

pytestmark = pytest.mark.cluster

GROUPS = ["system:serviceaccounts", f"system:serviceaccounts:{OWN}", "system:authenticated"]
TLS = "noxus-secret-webhook-tls"
CERTIFICATE_CONFIGURATIONS = (
    "mutatingwebhookconfigurations.admissionregistration.k8s.io",
    "validatingwebhookconfigurations.admissionregistration.k8s.io",
)
EVERYWHERE = {
    ("secretinjectionpolicies.secrets.noxus.ai", "", "create get list watch"),
    ("secretinjectionpolicies.secrets.noxus.ai/status", "", "patch"),
    ("events.events.k8s.io", "", "create patch"),
    *((kind, OWN, "get list patch watch") for kind in CERTIFICATE_CONFIGURATIONS),
}
AT_HOME = {
    ("leases.coordination.k8s.io", "", "create delete get list patch update"),
    ("controllerrevisions.apps", "", "create delete list"),
    ("secrets", "", "create"),
    ("secrets", TLS, "get list update watch"),
}
# Every ServiceAccount has these: to ask what it may do and who it is, and to read CAs.
ANYBODY = {
    "clustertrustbundles.certificates.k8s.io",
    "selfsubjectaccessreviews.authorization.k8s.io",
    "selfsubjectrulesreviews.authorization.k8s.io",
    "selfsubjectreviews.authentication.k8s.io",
}


def may(plane: ControlPlane, namespace: str) -> set[tuple[str, str, str]]:
    """Return what `kubectl auth can-i --list` lists of resources, by name and verbs."""
    answer = plane.api(
        "POST",
        "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
        {"spec": {"namespace": namespace}},
        user=WEBHOOK,
        groups=GROUPS,
    )
    assert answer.body["status"]["incomplete"] is False
    found: dict[tuple[str, str], set[str]] = {}
    for rule in answer.body["status"]["resourceRules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                kind, _, sub = resource.partition("/")
                full = ".".join(filter(None, (kind, group))) + (f"/{sub}" if sub else "")
                for name in rule.get("resourceNames") or [""]:
                    found.setdefault((full, name), set()).update(rule["verbs"])
    return {
        (*key, " ".join(sorted(verbs))) for key, verbs in found.items() if key[0] not in ANYBODY
    }


def test_in_other_namespaces_it_may_read_policies_and_write_events_and_no_secret_at_all(
    installed: ControlPlane,
) -> None:
    assert may(installed, installed.namespace()) == EVERYWHERE


def test_at_home_it_may_keep_its_leases_and_read_the_one_secret_that_is_its_own(
    installed: ControlPlane,
) -> None:
    assert may(installed, OWN) == EVERYWHERE | AT_HOME


def test_kubectl_says_the_same_to_whoever_asks_it(installed: ControlPlane) -> None:
    listed = installed.kubectl("auth", "can-i", "--list", f"--as={WEBHOOK}", "-n", "kube-system")

    secrets = [line for line in listed.stdout.splitlines() if line.startswith("secrets ")]
    assert secrets == []


@pytest.mark.parametrize("namespace", [OWN, "kube-system"])
@pytest.mark.parametrize("what", ["", "/other", "?watch=1"])
def test_secrets_are_not_given_to_it(installed: ControlPlane, namespace: str, what: str) -> None:
    secret = {"metadata": {"name": "other"}, "stringData": {"key": "value"}}
    installed.api("POST", f"/api/v1/namespaces/{namespace}/secrets", secret)

    answer = installed.api("GET", f"/api/v1/namespaces/{namespace}/secrets{what}", user=WEBHOOK)

    assert answer.status == 403


def test_its_own_secret_can_be_followed_by_its_name(installed: ControlPlane) -> None:
    selected = f"?fieldSelector=metadata.name%3D{TLS}"

    answer = installed.api("GET", f"/api/v1/namespaces/{OWN}/secrets{selected}", user=WEBHOOK)

    assert answer.status == 200, answer.message


def test_it_cannot_give_itself_more(installed: ControlPlane) -> None:
    roles = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{OWN}/roles"
    role = {"metadata": {"name": "more"}, "rules": [{"apiGroups": ["*"], "verbs": ["*"]}]}
    token = f"/api/v1/namespaces/{OWN}/serviceaccounts/default/token"
    service_account = f"/api/v1/namespaces/{OWN}/serviceaccounts"

    asked = [
        installed.api("POST", roles, role, user=WEBHOOK),
        installed.api("POST", token, {}, user=WEBHOOK),
        installed.api("POST", service_account, {"metadata": {"name": "more"}}, user=WEBHOOK),
    ]

    assert [it.status for it in asked] == [403, 403, 403]


def test_no_object_of_ours_gives_rights_to_anybody_else() -> None:
    bindings = [it for it in kustomize(BASE).values() if it["kind"].endswith("RoleBinding")]

    assert len(bindings) == 4
    account = {"kind": "ServiceAccount", "name": "noxus-secret-webhook", "namespace": OWN}
    assert {json.dumps(it["subjects"], sort_keys=True) for it in bindings} == {
        json.dumps([account], sort_keys=True)
    }
