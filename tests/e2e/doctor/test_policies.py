"""Policies that are not in force, or cover nothing; and a pod that is tried under each."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.e2e.doctor.kit import EVERYTHING, POLICIES, SLOW, TRUSTED, Doctor, user
from tests.e2e.harness import INJECTION, ROOT

Json = Any

pytestmark = SLOW


@contextmanager
def spec(doctor: Doctor, change: Callable[[Json], Any]) -> Iterator[None]:
    """Change the spec of the policy, and wait until its status speaks of it."""
    path = f"{POLICIES}/noxus"
    before = doctor.plane.api("GET", path).body["spec"]

    def judged() -> bool:
        policy = doctor.plane.api("GET", path).body
        generation = policy["metadata"]["generation"]
        return bool(policy["status"]["observedGeneration"] == generation)

    doctor.change(path, lambda policy: change(policy["spec"]))
    doctor.plane.wait_for(judged, "status of the policy")
    try:
        yield
    finally:
        doctor.change(path, lambda policy: policy.update(spec=before))
        doctor.wait_until_well()


def test_a_policy_that_does_not_load(doctor: Doctor) -> None:
    with spec(doctor, lambda it: it.update(scops=[])):
        (found,) = doctor.findings()

    assert (found["check"], found["level"]) == ("policies", "failed")
    assert found["message"].startswith("policy noxus is not in force as it is written: ")
    assert found["mend"] == "kubectl describe secretinjectionpolicy noxus"


def test_a_policy_that_only_observes(doctor: Doctor) -> None:
    with spec(doctor, lambda it: it.update(mode="DryRun")):
        found = doctor.said()

    assert (
        "policies",
        "warning",
        "policy noxus has mode DryRun: nothing is enforced where it governs",
    ) in found


WEB: Json = {
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 0,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web", "noxus.ai/role": "frontend"}},
            "spec": {"containers": [{"name": "main", "image": "none"}]},
        },
    },
}
RELOAD = ROOT / "manifests" / "components" / "reload" / "rbac.yaml"


def test_a_policy_that_restarts_and_a_webhook_that_may_not_until_it_is_let_in(
    doctor: Doctor,
) -> None:
    name = doctor.plane.namespace("rolled", {INJECTION: "enabled"})
    made = doctor.plane.api("POST", f"/apis/apps/v1/namespaces/{name}/deployments", WEB)
    assert made.status == 201, made.message
    with spec(doctor, lambda it: it.update(reload={"mode": "Rollout"})):
        before = [it for it in doctor.findings() if it["check"] == "restarts"]
        doctor.plane.kubectl("apply", "-f", RELOAD)
        for it in before[1:]:
            if f" -n {name} " in it["mend"]:
                for command in it["mend"].split("; "):
                    doctor.plane.kubectl(*command.partition(" (")[0].split()[1:])
        after = doctor.findings()
        doctor.plane.kubectl("delete", "namespace", name)
        doctor.plane.kubectl("delete", "-f", RELOAD)

    assert before[0]["message"].startswith("policy noxus says reload.mode: Rollout, and the ")
    assert [it["message"] for it in before if f" {name} " in it["message"]] == [
        (
            f"policy noxus restarts workloads of namespace {name} when a Secret changes, and the "
            "webhook may not list deployments, statefulsets, daemonsets, poddisruptionbudgets or "
            "patch deployments, statefulsets, daemonsets there"
        ),
        (
            f"workloads of namespace {name} are given secret/app-env, and are not restarted when "
            "that changes: the webhook may not get it"
        ),
    ]
    assert [it for it in after if f" {name} " in it["message"]] == []


def test_a_namespace_that_no_policy_covers(doctor: Doctor) -> None:
    name = doctor.plane.namespace("uncovered", {INJECTION: "enabled"})
    with spec(doctor, lambda it: it.update(namespaces=["noxus-*"])):
        found = doctor.said()
        doctor.plane.api("DELETE", f"/api/v1/namespaces/{name}")

    assert found == [
        (
            "namespaces",
            "warning",
            f"namespace {name} is opted in, and no policy covers it: its new pods are refused",
        )
    ]


def test_the_strictest_policy_pod_security_and_quota_let_the_tried_pod_pass(
    doctor: Doctor,
) -> None:
    labels = {INJECTION: "enabled", "pod-security.kubernetes.io/enforce": "restricted"}
    name = doctor.plane.namespace("strict", labels)
    quota = {"metadata": {"name": "q"}, "spec": {"hard": {"limits.cpu": "1", "pods": "1"}}}
    doctor.plane.api("POST", f"/api/v1/namespaces/{name}/resourcequotas", quota)
    guard = {"unknownRole": "Deny", "unmanagedSecrets": "Deny", "shadowing": "Deny"}
    with spec(doctor, lambda it: it.update(guard=guard)):
        found = doctor.findings("--probe", name)
        pods = doctor.plane.api("GET", f"/api/v1/namespaces/{name}/pods").body["items"]
        doctor.plane.kubectl("delete", "namespace", name)

    assert found == []
    assert pods == []


def test_where_all_is_dry_run_the_api_servers_counts_tell(doctor: Doctor) -> None:
    name = doctor.plane.namespace("observed", {INJECTION: "dry-run"})
    with user(doctor, [it for it in EVERYTHING if "nonResourceURLs" not in it], name) as limited:
        with_counts = doctor.findings("--probe", name, TRUSTED)
        without = doctor.findings("--probe", name, TRUSTED, kubeconfig=limited)
    doctor.plane.kubectl("delete", "namespace", name)

    assert with_counts == []
    assert [(it["check"], it["level"], it["message"], it["missingRight"]) for it in without] == [
        *(
            (
                "reachable",
                "not checked",
                (
                    f"whether the {hook} hook answers: nothing shows it in namespace {name} "
                    "(label dry-run)"
                ),
                None,
            )
            for hook in ("mutating", "validating")
        ),
        (
            "passed over",
            "not checked",
            "the API server's counts of calls: you may not get /metrics",
            "get /metrics",
        ),
    ]


def test_a_namespace_that_is_not_opted_in_is_no_place_to_try(doctor: Doctor) -> None:
    (found,) = doctor.findings("--probe", "default")

    assert found["message"] == (
        "calls from the API server: namespace default, named by --probe, is not opted in"
    )
