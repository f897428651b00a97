"""The modes of a namespace, as its users, its controllers and its auditors see them."""

from typing import Any

import pytest

from tests.e2e.conftest import OptedIn
from tests.e2e.harness import Webhook
from tests.e2e.workloads import DEPLOYMENT, started_unjudged
from tests.e2e.world import (
    MUTATE,
    Namespace,
    container,
    frontend,
    frontend_reads_worker_env,
    pod,
    sources,
    worker,
)

Json = Any

MANAGED = "spec.containers[0].envFrom[0].secretRef"
REFUSAL = frontend_reads_worker_env(MANAGED)
WOULD_REFUSE = (
    "dry run: would refuse: container 'app' reads Secret 'worker-env': role frontend is not "
    "entitled to it (only worker)"
)
NO_ROLE = "no Noxus role, so nothing is injected: label the pod noxus.ai/role: <role>"


def deployment(like: Json) -> Json:
    """A Deployment whose pods are like this one."""
    labels = like["metadata"]["labels"] or {"app": "web"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": like["spec"]},
        },
    }


def made_by_controllers(namespace: Namespace, like: Json) -> Json:
    """Apply a Deployment and return the pod that the controllers make of it."""
    namespace.apply(deployment(like))
    (made,) = namespace.plane.wait_for(namespace.listed, "pod of the Deployment")
    owner = made["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["controller"]) == ("ReplicaSet", True)
    return made


def annotations_of(namespace: Namespace) -> dict[str, str]:
    """Return our annotations in the audit log, of the only pod that was asked for."""
    event = namespace.plane.audit_event(
        lambda event: (
            event["objectRef"].get("namespace") == namespace.name
            and event["objectRef"]["resource"] == "pods"
        )
    )
    found: dict[str, str] = event["annotations"]
    return {key: it for key, it in found.items() if "secrets.noxus.ai/" in key}


def test_a_controllers_pod_in_an_opted_in_namespace_is_injected(namespace: Namespace) -> None:
    made = made_by_controllers(namespace, worker())

    assert sources(made) == {"app": ["app-env", "worker-env", "tenant-a-llm"]}


def test_a_controllers_pod_in_a_dry_run_namespace_is_left_alone(
    dry_run_namespace: Namespace,
) -> None:
    greedy = frontend(container("app", "worker-env"))

    assert sources(made_by_controllers(dry_run_namespace, greedy)) == {"app": ["worker-env"]}


def test_a_controllers_pod_in_an_unlabelled_namespace_is_none_of_our_business(
    unlabelled: Namespace, webhook: Webhook
) -> None:
    greedy = frontend(container("app", "worker-env"))

    assert sources(made_by_controllers(unlabelled, greedy)) == {"app": ["worker-env"]}
    assert webhook.decisions(unlabelled.name) == []


def test_a_refused_pod_of_a_controller_is_told_in_conditions_and_events(
    unlabelled: Namespace,
) -> None:
    namespace = unlabelled
    started_unjudged(namespace, DEPLOYMENT, frontend(container("app", "worker-env")))
    plane = namespace.plane
    path = f"/apis/apps/v1/namespaces/{namespace.name}/replicasets"

    def condition() -> Json:
        for replica_set in plane.api("GET", path).body["items"]:
            for it in replica_set["status"].get("conditions") or ():
                return it
        return None

    failure = plane.wait_for(condition, "condition of the ReplicaSet")
    events = plane.wait_for(
        lambda: plane.api("GET", f"/api/v1/namespaces/{namespace.name}/events").body["items"],
        "event of the ReplicaSet",
    )

    assert (failure["type"], failure["status"]) == ("ReplicaFailure", "True")
    assert failure["reason"] == "FailedCreate"
    assert failure["message"].endswith(f"{MUTATE}{REFUSAL}")
    told = next(it for it in events if it["reason"] == "FailedCreate")
    assert (told["involvedObject"]["kind"], told["type"]) == ("ReplicaSet", "Warning")
    assert told["message"].endswith(f"{MUTATE}{REFUSAL}")
    assert namespace.listed() == []


def test_kubectl_shows_the_warnings_of_an_opted_in_namespace(namespace: Namespace) -> None:
    done = namespace.kubectl("create", stdin=pod())

    assert done.stderr == f"Warning: {NO_ROLE}\n"
    assert done.stdout == "pod/one created\n"


def test_kubectl_shows_what_enforcement_would_do_in_a_dry_run_namespace(
    dry_run_namespace: Namespace,
) -> None:
    refused = dry_run_namespace.kubectl("create", stdin=frontend(container("app", "worker-env")))
    injected = dry_run_namespace.kubectl("create", stdin=worker(metadata={"name": "two"}))

    assert refused.stderr == f"Warning: {WOULD_REFUSE}\n"
    assert injected.stderr == "Warning: dry run: would inject shared, worker, pool/tenant-a\n"
    assert [sources(it) for it in dry_run_namespace.listed()] == [
        {"app": ["worker-env"]},
        {"app": []},
    ]


def test_a_policy_in_dry_run_reports_and_applies_nothing(opted_in: OptedIn) -> None:
    namespace = opted_in("observed")

    answer = namespace.create(frontend(container("app", "worker-env")))

    assert (answer.status, answer.warnings) == (201, [WOULD_REFUSE])
    assert sources(answer.body) == {"app": ["worker-env"]}


def test_the_audit_log_holds_the_decisions_of_both_hooks(namespace: Namespace) -> None:
    namespace.created(worker())

    who = {
        "mode": "enforce",
        "role": "worker",
        "pool": "tenant-a",
        "scopes": "shared,worker,pool/tenant-a",
    }
    found = annotations_of(namespace)
    policy = found["pods.enabled.mutate.secrets.noxus.ai/policy"]
    assert policy.startswith("standard/")
    mutated = who | {"decision": "mutate", "reason": "Injected", "policy": policy}
    validated = who | {"decision": "allow", "reason": "NothingToDo", "policy": policy}
    assert found == {
        **{f"pods.enabled.mutate.secrets.noxus.ai/{key}": it for key, it in mutated.items()},
        **{f"pods.enabled.validate.secrets.noxus.ai/{key}": it for key, it in validated.items()},
    }


def test_the_audit_log_holds_why_a_pod_was_refused(namespace: Namespace) -> None:
    refused = namespace.create(frontend(container("app", "worker-env")))

    found = annotations_of(namespace)
    assert refused.status == 403
    assert found["pods.enabled.mutate.secrets.noxus.ai/decision"] == "deny"
    assert found["pods.enabled.mutate.secrets.noxus.ai/reason"] == "SecretNotEntitled"


@pytest.mark.parametrize("like", [worker(), frontend(container("app", "worker-env"))])
def test_the_audit_log_holds_what_enforcement_would_have_done(
    dry_run_namespace: Namespace, like: Json
) -> None:
    dry_run_namespace.created(like)

    found = annotations_of(dry_run_namespace)
    hook = "pods.dry-run.mutate.secrets.noxus.ai"
    would = "mutate" if like["metadata"]["labels"]["noxus.ai/role"] == "worker" else "deny"
    assert found[f"{hook}/mode"] == "dry-run"
    assert found[f"{hook}/decision"] == would


def test_a_server_side_dry_run_is_decided_and_stored_nowhere(
    namespace: Namespace, webhook: Webhook
) -> None:
    done = namespace.kubectl(
        "create", "--dry-run=server", "-o", "jsonpath={.spec.containers[0].envFrom}", stdin=worker()
    )
    refused = namespace.create(frontend(container("app", "worker-env")), query="?dryRun=All")

    assert done.stdout == (
        '[{"secretRef":{"name":"app-env"}},{"secretRef":{"name":"worker-env"}},'
        '{"secretRef":{"name":"tenant-a-llm"}}]'
    )
    assert (refused.status, refused.message) == (403, MUTATE + REFUSAL)
    assert namespace.listed() == []
    assert [it["dry_run"] for it in webhook.decisions(namespace.name)] == [True] * 3


def test_a_pod_without_a_name_is_injected_and_known_by_its_prefix(
    namespace: Namespace, webhook: Webhook
) -> None:
    unnamed = frontend(metadata={"name": None, "generateName": "web-"})

    stored = namespace.created(unnamed)

    assert stored["metadata"]["name"].startswith("web-")
    assert sources(stored) == {"app": ["app-env"]}
    # Whether the name is made before admission or after it is the API server's business.
    assert all(it["name"].startswith("web-") for it in webhook.decisions(namespace.name))


@pytest.mark.parametrize("refused", [False, True])
def test_b16_a_pod_as_large_as_the_api_server_takes_gets_a_real_decision(
    namespace: Namespace, refused: bool
) -> None:
    padding = [{"name": f"PADDING_{i}", "value": "x" * 30_000} for i in range(96)]
    names = ["worker-env"] if refused else []

    # In a server-side dry run: etcd would not store a pod of 2.9 MB.
    answer = namespace.create(frontend(container("app", *names, env=padding)), query="?dryRun=All")

    if refused:
        assert (answer.status, answer.message) == (403, MUTATE + REFUSAL)
        return
    assert answer.status == 201, answer.message[:300]
    assert sources(answer.body) == {"app": ["app-env"]}
    assert len(answer.raw) > 2_880_000
