"""No part of a value that is in a cluster is in anything that we write about it.

Secrets, a TLS Secret of our own that is none, and pods with values in every field: the webhook
decides about them and writes Events, and every command that reads a cluster reads this one.
"""

import argparse
import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.canary.canaries import Canaries
from tests.canary.kit import SEED
from tests.canary.objects import greedy, pod, secret, workload
from tests.canary.ways import leaves
from tests.commands.kit import run
from tests.controlplane.plane import ControlPlane
from tests.e2e.harness import CREATED, INJECTION, Webhook, is_registered, register
from tests.e2e.test_events import OURS, running
from tests.e2e.world import Namespace, debugger

__all__ = ["running"]

Json = Any

pytestmark = pytest.mark.cluster

SECRETS = ("app-env", "worker-env", "tenant-a-llm", "llm-keys", "plugin-secrets")
TLS = {"name": "noxus-secret-webhook-tls", "namespace": OURS}
AWS = "--aws-region eu-central-1 --aws-role-arn arn:aws:iam::123456789012:role/noxus"
# Every command that reads a cluster where no file is named.
LIVE = (
    *("audit", "audit --rotation", "doctor", "check", "plan --from cluster --to cluster"),
    *("lint --from-cluster -n {namespace}", "explain -n {namespace} -f {pods}"),
    *("audit -n {namespace} --flows {flow}", "doctor --complete --trust group:a"),
    f"export external-secrets --provider aws -n {{namespace}} {AWS}",
)


@pytest.fixture(scope="module")
def canaries() -> Canaries:
    return Canaries(SEED)


@pytest.fixture(scope="module")
def namespace(control_plane: ControlPlane, running: Webhook, canaries: Canaries) -> Namespace:
    """An opted-in namespace that is full of values."""
    if not is_registered(control_plane, running):
        register(control_plane, running)
    made = Namespace(control_plane, control_plane.namespace("events", {INJECTION: "enabled"}))
    made.apply(*(placed(secret(canaries, name), made) for name in SECRETS))
    made.apply(placed(secret(canaries, "settings", "ConfigMap"), made))
    broken = secret(canaries, metadata=TLS, type="Opaque")
    broken["stringData"] = {key: canaries() for key in ("ca.crt", "ca.key", "tls.crt", "tls.key")}
    control_plane.kubectl("apply", "-f-", stdin=json.dumps(broken))
    made.created(named(pod(canaries, "worker"), "worker", made))
    return made


def placed(it: Json, namespace: Namespace) -> Json:
    """Return an object for this namespace, as the API server takes it."""
    it["metadata"]["namespace"] = namespace.name
    if it["kind"] == "ConfigMap":
        it.pop("stringData")
    return it


def test_what_the_webhook_says_of_pods_has_no_value(
    namespace: Namespace, running: Webhook, canaries: Canaries
) -> None:
    plane, said = namespace.plane, []
    refused = namespace.create(named(greedy(canaries), "greedy", namespace))
    stranger = namespace.create(named(pod(canaries, "nobody"), "stranger", namespace))
    debugged = namespace.debug(
        namespace.read("worker"),
        debugger("debug", "llm-keys", env=[{"name": "A", "value": canaries()}]),
    )
    for answer in (refused, stranger, debugged):
        said += [answer.message, *answer.warnings]
    made = workload(canaries, "Deployment")
    made["spec"]["selector"] = {"matchLabels": made["metadata"]["labels"]}
    applied = namespace.kubectl("apply", stdin=placed(made, namespace))
    said += [applied.stdout, applied.stderr]
    plane.wait_for(lambda: len(events(namespace)) >= 3, "Events")
    said += [json.dumps(events(namespace)), running.metrics(), running.get("/readyz?verbose")[1]]
    said += [json.dumps(running.log_lines())]
    said += [json.dumps(it.get("annotations")) for it in plane.audit_events()]

    assert refused.status == 403
    assert stranger.status == CREATED
    assert applied.returncode == 0, applied.stderr
    assert "worker-env" in "".join(said)
    assert [text for text in said if canaries.leaks(text)] == []


def named(it: Json, name: str, namespace: Namespace) -> Json:
    it["metadata"]["name"] = name
    return placed(it, namespace)


def events(namespace: Namespace) -> list[Json]:
    path = f"/apis/events.k8s.io/v1/namespaces/{namespace.name}/events"
    return list(namespace.plane.api("GET", path).body["items"])


@pytest.mark.parametrize("line", LIVE)
def test_what_a_command_says_of_a_cluster_has_no_value(
    line: str, namespace: Namespace, canaries: Canaries, tmp_path: Path
) -> None:
    files = {"{pods}": tmp_path / "pods.json", "{flow}": tmp_path / "flow.json"}
    files["{pods}"].write_text(json.dumps(named(pod(canaries, "worker"), "one", namespace)))
    files["{flow}"].write_text(json.dumps({"a": f"{{{{secret.CRM_TOKEN}}}} {canaries()}"}))
    for part, value in (("{namespace}", namespace.name), *files.items()):
        line = line.replace(part, str(value))
    for form in forms(line):
        before = os.environ["KUBECONFIG"]
        os.environ["KUBECONFIG"] = str(namespace.plane.kubeconfig)
        try:
            ran = run(*line.split(), *form)
        finally:
            os.environ["KUBECONFIG"] = before

        assert ran.code in {0, 1} or "--rotation" in ran.err, ran
        assert ran.out or ran.err
        assert canaries.leaks(ran.out + ran.err) == set()


def forms(line: str) -> Iterator[tuple[str, ...]]:
    """Yield each form in which a command can write, by argparse's own account."""
    for leaf in leaves():
        if tuple(line.split()[: len(leaf.path)]) == leaf.path:
            (output,) = [it for it in leaf.options if it.dest == "output"]
            yield from (("-o", str(choice)) for choice in output.choices or ())


def test_every_flag_of_doctor_is_tried() -> None:
    (doctor,) = [leaf for leaf in leaves() if leaf.path == ("doctor",)]
    words = set(itertools.chain.from_iterable(line.split() for line in LIVE if "doctor" in line))
    flags = [it for it in doctor.options if isinstance(it, argparse._StoreTrueAction)]

    assert [it.dest for it in flags if not words & set(it.option_strings)] == []
    assert list(forms("doctor")) == [("-o", "table"), ("-o", "json")]
