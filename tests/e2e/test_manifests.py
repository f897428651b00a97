"""The manifests as they are, in a cluster of their own where nobody serves the hooks."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.controlplane.plane import ControlPlane
from tests.e2e.harness import INJECTION, ROOT, create_pod

Json = Any

pytestmark = pytest.mark.cluster

BASE = ROOT / "manifests" / "base"
OWN = "noxus-secrets"
NEVER_MATCHED = ["kube-system", "kube-node-lease", OWN]
HOOKS = "/apis/admissionregistration.k8s.io/v1"
IF_AWAY = {
    "pods.enabled.mutate.secrets.noxus.ai": "Ignore",
    "pods.dry-run.mutate.secrets.noxus.ai": "Ignore",
    "debug.enabled.mutate.secrets.noxus.ai": "Ignore",
    "debug.dry-run.mutate.secrets.noxus.ai": "Ignore",
    "pods.enabled.validate.secrets.noxus.ai": "Fail",
    "pods.dry-run.validate.secrets.noxus.ai": "Ignore",
    "debug.enabled.validate.secrets.noxus.ai": "Fail",
    "debug.dry-run.validate.secrets.noxus.ai": "Ignore",
}


@pytest.fixture(scope="module")
def installed() -> Iterator[ControlPlane]:
    """A control plane with the manifests applied, as one would try them and then mean it."""
    with ControlPlane() as plane:
        apply = ("apply", "--server-side")
        plane.kubectl(*apply, "--dry-run=server", "-f", BASE / "00-namespace.yaml")
        plane.kubectl(*apply, "-f", BASE / "00-namespace.yaml")
        plane.kubectl(*apply, "--dry-run=server", "-k", BASE)
        plane.kubectl(*apply, "-k", BASE)
        yield plane


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


def test_what_is_applied_is_what_is_stored(installed: ControlPlane) -> None:
    done = installed.kubectl("diff", "--server-side", "-k", BASE, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


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
    assert [it["spec"].get("volumes", []) for it in pods] == [
        [
            {"name": "policy", "configMap": {"name": "noxus-secrets-policy", "defaultMode": 420}},
            {
                "name": "tls",
                "secret": {"secretName": "noxus-secret-webhook-tls", "defaultMode": 288},
            },
        ]
    ] * 3


def test_each_entry_fails_closed_or_open_as_its_mode_asks(hooks: dict[str, Json]) -> None:
    assert {name: hook["failurePolicy"] for name, hook in hooks.items()} == IF_AWAY


def test_each_entry_is_quick_free_of_side_effects_and_sees_equivalent_versions(
    hooks: dict[str, Json],
) -> None:
    for hook in hooks.values():
        assert hook["timeoutSeconds"] == 3
        assert hook["sideEffects"] == "None"
        assert hook["matchPolicy"] == "Equivalent"
        assert hook["admissionReviewVersions"] == ["v1"]
        # Whoever writes pods must not be able to opt out of being judged.
        assert hook["objectSelector"] == {}
        assert "matchConditions" not in hook


def test_the_mutating_entries_are_called_again_when_somebody_changes_the_pod(
    hooks: dict[str, Json],
) -> None:
    again = {name: hook.get("reinvocationPolicy") for name, hook in hooks.items()}

    assert again == {name: "IfNeeded" if ".mutate." in name else None for name in IF_AWAY}


def test_the_name_of_an_entry_says_what_it_matches_and_where_it_is_sent(
    hooks: dict[str, Json],
) -> None:
    matched = {"pods": (["CREATE"], ["pods"]), "debug": (["UPDATE"], ["pods/ephemeralcontainers"])}
    for name, hook in hooks.items():
        kind, mode, which = name.split(".")[:3]
        (rule,) = hook["rules"]
        assert (rule["operations"], rule["resources"]) == matched[kind]
        assert (rule["apiGroups"], rule["apiVersions"], rule["scope"]) == (
            [""],
            ["v1"],
            "Namespaced",
        )
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
    labels = {INJECTION: "enabled", "pod-security.kubernetes.io/enforce": "privileged"}
    installed.kubectl("label", "--overwrite", "namespace", name, *_pairs(labels))
    elsewhere = installed.namespace("away", labels)

    def refused() -> bool:
        answer = create_pod(installed, elsewhere, {"metadata": {"name": "one"}}, dry_run=True)
        return answer.status == 500 and "pods.enabled.validate" in answer.message

    installed.wait_for(refused, "call of a hook that nobody answers")
    account = {"metadata": {"name": "default"}}
    installed.api("POST", f"/api/v1/namespaces/{name}/serviceaccounts", account)

    answer = create_pod(installed, name, {"metadata": {"name": "one"}}, dry_run=True)

    assert answer.status == 201, answer.message


def _pairs(labels: dict[str, str]) -> list[str]:
    return [f"{key}={value}" for key, value in labels.items()]
