"""What the API server has of the manifests, in a cluster where nobody serves the hooks."""

from typing import Any

import pytest

from tests.controlplane.plane import ControlPlane
from tests.e2e.harness import INJECTION, create_pod
from tests.manifests.rendering import OWN

Json = Any

pytestmark = pytest.mark.cluster

NEVER_MATCHED = ["kube-system", "kube-node-lease", OWN]
HOOKS = "/apis/admissionregistration.k8s.io/v1"
# A pod that the strictest Pod Security allows, as our own namespace demands.
RESTRICTED: Json = {
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [
        {
            "name": "app",
            "image": "example/app:1",
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
            },
        }
    ],
}
IF_AWAY = {
    "pods.enabled.mutate.secrets.noxus.ai": "Ignore",
    "pods.dry-run.mutate.secrets.noxus.ai": "Ignore",
    "debug.enabled.mutate.secrets.noxus.ai": "Ignore",
    "debug.dry-run.mutate.secrets.noxus.ai": "Ignore",
    "reload.enabled.mutate.secrets.noxus.ai": "Ignore",
    "reload.dry-run.mutate.secrets.noxus.ai": "Ignore",
    "pods.enabled.validate.secrets.noxus.ai": "Fail",
    "pods.dry-run.validate.secrets.noxus.ai": "Ignore",
    "debug.enabled.validate.secrets.noxus.ai": "Fail",
    "debug.dry-run.validate.secrets.noxus.ai": "Ignore",
    "workloads.enabled.validate.secrets.noxus.ai": "Ignore",
    "workloads.dry-run.validate.secrets.noxus.ai": "Ignore",
}
CONDITIONS = {
    "pods": [],
    "debug": ["debug-containers-were-added"],
    "workloads": ["new-or-with-another-template"],
    "reload": ["new-or-with-another-template-or-annotation-of-reloader"],
}
WRITES = ["CREATE", "UPDATE"]
MATCHED = {
    "pods": [("", ["CREATE"], ["pods"])],
    "debug": [("", ["UPDATE"], ["pods/ephemeralcontainers"])],
    "workloads": [
        ("", WRITES, ["replicationcontrollers", "podtemplates"]),
        ("apps", WRITES, ["deployments", "statefulsets", "daemonsets", "replicasets"]),
        ("batch", WRITES, ["jobs", "cronjobs"]),
    ],
    "reload": [("apps", WRITES, ["deployments", "statefulsets", "daemonsets"])],
}


@pytest.fixture
def hooks(installed: ControlPlane) -> dict[str, Json]:
    """The entries of both hooks by name, as the API server has them."""
    return {
        hook["name"]: hook
        for kind in ("mutating", "validating")
        for hook in installed.api("GET", f"{HOOKS}/{kind}webhookconfigurations/{OWN}").body[
            "webhooks"
        ]
    }


def test_the_webhooks_own_pods_are_made_under_the_strictest_pod_security(
    installed: ControlPlane,
) -> None:
    # Its own namespace enforces it, and no hook of ours is asked, though none would answer.
    pods = installed.wait_for(
        lambda: (
            found
            if len(found := installed.api("GET", f"/api/v1/namespaces/{OWN}/pods").body["items"])
            == 3
            else None
        ),
        "pods of the webhook",
    )

    assert {it["spec"]["priorityClassName"] for it in pods} == {"system-cluster-critical"}


def test_the_webhooks_pods_hold_the_token_that_we_mount_and_no_other(
    installed: ControlPlane,
) -> None:
    pods = installed.api("GET", f"/api/v1/namespaces/{OWN}/pods").body["items"]

    for pod in pods:
        volumes = {it["name"]: it for it in pod["spec"]["volumes"]}
        assert set(volumes) == {"initial-policy", "token"}
        token = volumes["token"]["projected"]
        assert token["sources"][0] == {
            "serviceAccountToken": {"path": "token", "expirationSeconds": 3600}
        }
        (container,) = pod["spec"]["containers"]
        assert [it["mountPath"] for it in container["volumeMounts"] if it["name"] == "token"] == [
            "/var/run/secrets/kubernetes.io/serviceaccount"
        ]


def test_each_entry_fails_closed_or_open_as_its_mode_asks(hooks: dict[str, Json]) -> None:
    assert {name: hook["failurePolicy"] for name, hook in hooks.items()} == IF_AWAY


def test_each_entry_is_quick_leaves_no_trace_of_a_dry_run_and_sees_equivalent_versions(
    hooks: dict[str, Json],
) -> None:
    for hook in hooks.values():
        assert hook["timeoutSeconds"] == 3
        assert hook["sideEffects"] == "NoneOnDryRun"
        assert hook["matchPolicy"] == "Equivalent"
        assert hook["admissionReviewVersions"] == ["v1"]
        # Whoever writes pods must not be able to opt out of being judged.
        assert hook["objectSelector"] == {}
        names = [it["name"] for it in hook.get("matchConditions", ())]
        assert names == CONDITIONS[hook["name"].split(".")[0]]


def test_of_pods_both_hooks_have_the_same_entries_but_for_what_tells_them_apart(
    hooks: dict[str, Json],
) -> None:
    def comparable(hook: Json) -> Json:
        apart = {"name", "clientConfig", "failurePolicy", "reinvocationPolicy"}
        return {key: value for key, value in hook.items() if key not in apart}

    mutating = {name: comparable(it) for name, it in hooks.items() if ".mutate." in name}
    validating = {name: comparable(it) for name, it in hooks.items() if ".validate." in name}

    expected = {
        it.replace(".mutate.", ".validate."): hook
        for it, hook in mutating.items()
        if not it.startswith("reload.")
    }
    assert expected.items() <= validating.items()
    # Of a workload only an annotation is changed: what comes to its pods comes with the pods.
    assert {it.split(".")[0] for it in validating.keys() - expected.keys()} == {"workloads"}


def test_the_mutating_entries_are_called_again_when_somebody_changes_the_pod(
    hooks: dict[str, Json],
) -> None:
    again = {name: hook.get("reinvocationPolicy") for name, hook in hooks.items()}

    assert again == {name: "IfNeeded" if ".mutate." in name else None for name in IF_AWAY}


def test_the_name_of_an_entry_says_what_it_matches_and_where_it_is_sent(
    hooks: dict[str, Json],
) -> None:
    for name, hook in hooks.items():
        kind, mode, which = name.split(".")[:3]
        assert hook["rules"] == [
            {
                "apiGroups": [group],
                "apiVersions": ["v1"],
                "operations": operations,
                "resources": resources,
                "scope": "Namespaced",
            }
            for group, operations, resources in MATCHED[kind]
        ]
        assert hook["clientConfig"]["service"] == {
            "name": "noxus-secret-webhook",
            "namespace": OWN,
            "path": f"/{which}/{mode}",
            "port": 443,
        }
        assert hook["namespaceSelector"]["matchLabels"] == {INJECTION: mode}


@pytest.mark.parametrize("name", NEVER_MATCHED)
def test_where_the_cluster_starts_from_pods_never_wait_for_us_even_if_opted_in(
    installed: ControlPlane, name: str
) -> None:
    installed.kubectl("label", "--overwrite", "namespace", name, f"{INJECTION}=enabled")
    elsewhere = installed.namespace("away", {INJECTION: "enabled"})
    pod = {"metadata": {"name": "one"}, "spec": RESTRICTED}

    def refused() -> bool:
        answer = create_pod(installed, elsewhere, pod, dry_run=True)
        return answer.status == 500 and "pods.enabled.validate" in answer.message

    installed.wait_for(refused, "call of a hook that nobody answers")
    account = {"metadata": {"name": "default"}}
    installed.api("POST", f"/api/v1/namespaces/{name}/serviceaccounts", account)

    answer = create_pod(installed, name, pod, dry_run=True)

    assert answer.status == 201, answer.message
