"""Ephemeral containers, as `kubectl debug` and others add them to pods that are there."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import OptedIn
from tests.e2e.world import (
    DEBUG_MUTATE,
    Namespace,
    container,
    debugger,
    frontend,
    frontend_reads_worker_env,
    sources,
    worker,
)

Json = Any

WORKER = ["app-env", "worker-env", "tenant-a-llm"]
FIRST = "spec.ephemeralContainers[0]"


def kubectl_debug(namespace: Namespace, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `kubectl debug`; without a terminal it does not wait for the container to run."""
    words = ("--namespace", namespace.name, "debug", "one", "--image=busybox", *arguments)
    return namespace.plane.kubectl(*words, check=False)


def replaced_raw(namespace: Namespace, pod: Json) -> subprocess.CompletedProcess[str]:
    """Write ephemeral containers as somebody does who has no `kubectl debug`."""
    path = f"{namespace.pods}/one/ephemeralcontainers"
    words = ("replace", "--raw", path, "-f-")
    return namespace.plane.kubectl(*words, stdin=json.dumps(pod), check=False)


def added(pod: Json, *debuggers: Json) -> Json:
    return {**pod, "spec": {**pod["spec"], "ephemeralContainers": list(debuggers)}}


def test_kubectl_debug_gives_nothing_by_default(namespace: Namespace) -> None:
    namespace.created(worker())

    done = kubectl_debug(namespace, "--container=shell")

    assert done.returncode == 0, done.stderr
    assert sources(namespace.read("one")) == {"app": WORKER, "shell": []}


def test_where_the_policy_says_so_kubectl_debug_gives_what_the_pod_is_entitled_to(
    opted_in: OptedIn,
) -> None:
    namespace = opted_in("debugged")
    namespace.created(worker())

    first = kubectl_debug(namespace, "--container=shell")
    second = kubectl_debug(namespace, "--container=shell-2", "--target=app")

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    stored = sources(namespace.read("one"))
    assert stored == {"app": WORKER, "shell": WORKER, "shell-2": WORKER}


def test_a_debug_container_of_a_frontend_may_not_read_the_workers_secret(
    namespace: Namespace,
) -> None:
    pod = namespace.created(frontend())

    answer = namespace.debug(pod, debugger("shell", "worker-env"))

    sentence = frontend_reads_worker_env(f"{FIRST}.envFrom[0].secretRef", "container 'shell'")
    assert (answer.status, answer.message) == (403, DEBUG_MUTATE + sentence)
    assert sources(namespace.read("one")) == {"app": ["app-env"]}


def test_neither_may_one_that_is_written_past_kubectl_debug(namespace: Namespace) -> None:
    pod = namespace.created(frontend())

    done = replaced_raw(namespace, added(pod, debugger("shell", "worker-env")))

    sentence = frontend_reads_worker_env(f"{FIRST}.envFrom[0].secretRef", "container 'shell'")
    assert done.stderr == f"Error from server (Forbidden): {DEBUG_MUTATE}{sentence}\n"


def test_neither_may_one_that_is_patched_in(namespace: Namespace) -> None:
    namespace.created(frontend())
    body = {"spec": {"ephemeralContainers": [debugger("shell", "worker-env")]}}

    answer = namespace.plane.api(
        "PATCH",
        f"{namespace.pods}/one/ephemeralcontainers",
        body,
        content_type="application/strategic-merge-patch+json",
    )

    assert answer.status == 403
    assert answer.message.startswith(f"{DEBUG_MUTATE}container 'shell' may not read Secret")


def test_a_profile_of_kubectl_debug_with_a_secret_is_judged_like_any_container(
    namespace: Namespace, tmp_path: Path
) -> None:
    namespace.created(frontend())
    profile = tmp_path / "profile.json"
    reads = {"secretKeyRef": {"name": "worker-env", "key": "TOKEN"}}
    profile.write_text(json.dumps({"env": [{"name": "TOKEN", "valueFrom": reads}]}))

    done = kubectl_debug(namespace, "--container=shell", f"--custom={profile}")

    field = f"{FIRST}.env[0].valueFrom.secretKeyRef"
    assert done.returncode == 1
    assert frontend_reads_worker_env(field, "container 'shell'") in done.stderr


def test_an_entitled_pod_may_be_debugged_with_the_secrets_that_it_has(
    namespace: Namespace,
) -> None:
    pod = namespace.created(worker())

    answer = namespace.debug(pod, debugger("shell", "worker-env"))

    assert answer.status == 200, answer.message
    assert sources(answer.body)["shell"] == ["worker-env"]


def test_a_debug_container_may_not_mount_a_volume_with_a_secret_that_is_not_granted(
    unlabelled: Namespace,
) -> None:
    # The pod was there before the namespace was opted in: nobody judged its volume.
    volumes = [{"name": "keys", "secret": {"secretName": "worker-env"}}, {"name": "own"}]
    pod = unlabelled.created(frontend(volumes=volumes))
    unlabelled.opt_in()
    mount = {"volumeMounts": [{"name": "keys", "mountPath": "/keys"}]}
    harmless = {"volumeMounts": [{"name": "own", "mountPath": "/own"}]}

    refused = unlabelled.debug(pod, debugger("shell", **mount))
    allowed = unlabelled.debug(pod, debugger("shell", **harmless))

    sentence = frontend_reads_worker_env("spec.volumes[0].secret.secretName", "volume 'keys'")
    assert (refused.status, refused.message) == (403, DEBUG_MUTATE + sentence)
    assert allowed.status == 200, allowed.message


def test_a_debug_container_that_was_there_does_not_keep_others_out(unlabelled: Namespace) -> None:
    pod = unlabelled.created(frontend())
    before = unlabelled.debug(pod, debugger("old", "worker-env")).body
    unlabelled.opt_in()

    answer = unlabelled.debug(before, debugger("new"))

    assert answer.status == 200, answer.message
    assert sources(answer.body) == {"app": [], "old": ["worker-env"], "new": []}


@pytest.mark.parametrize("policy", ["standard", "debugged"])
def test_whoever_adds_a_debug_container_cannot_become_somebody_else_by_it(
    opted_in: OptedIn, policy: str
) -> None:
    namespace = opted_in(policy)
    pod = namespace.created(frontend())
    forged = {**pod["metadata"], "labels": {"noxus.ai/role": "worker"}}
    spoofed = {**added(pod, debugger("shell", "worker-env")), "metadata": forged}

    answer = namespace.replace(spoofed, "ephemeralcontainers")

    sentence = frontend_reads_worker_env(f"{FIRST}.envFrom[0].secretRef", "container 'shell'")
    assert (answer.status, answer.message) == (403, DEBUG_MUTATE + sentence)


def test_in_dry_run_a_debug_container_is_reported_and_let_through(
    dry_run_namespace: Namespace,
) -> None:
    pod = dry_run_namespace.created(frontend())

    answer = dry_run_namespace.debug(pod, debugger("shell", "worker-env"))

    warning = (
        "dry run: would refuse: container 'shell' reads Secret 'worker-env': role frontend is not "
        "entitled to it (only worker)"
    )
    assert (answer.status, answer.warnings) == (200, [warning])


def test_an_ephemeral_container_in_a_new_pod_is_the_api_servers_business(
    namespace: Namespace,
) -> None:
    born_with_one = added(frontend(), debugger("shell"))

    answer = namespace.create(born_with_one)

    assert answer.status == 422
    assert "cannot be set on create" in answer.message


def test_a_copy_that_kubectl_debug_makes_has_no_role(namespace: Namespace) -> None:
    namespace.created(frontend(container("app")))

    done = kubectl_debug(namespace, "--copy-to=two")

    # It drops the labels and keeps the sources, so the copy is a pod of unknown role that names a
    # managed Secret.
    assert done.returncode == 1
    assert "a pod of unknown role is not entitled to it" in done.stderr
