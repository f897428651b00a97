"""The control plane is a real one: these tests would fail against an imitation."""

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.controlplane.plane import ControlPlane
from tests.controlplane.processes import ControlPlaneError, wait_for

POD_SPEC = {"containers": [{"name": "app", "image": "example/app:1"}]}


def pod(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": POD_SPEC}


def test_a_pod_is_stored_with_the_defaults_of_the_server(control_plane: ControlPlane) -> None:
    namespace = control_plane.namespace(labels={"team": "a"})
    pods = f"/api/v1/namespaces/{namespace}/pods"

    created = control_plane.api("POST", pods, pod("one"))
    stored = control_plane.api("GET", f"{pods}/one")

    assert created.status == 201
    assert stored.body["spec"]["serviceAccountName"] == "default"
    volumes = stored.body["spec"]["volumes"]
    assert [sorted(volume) for volume in volumes] == [["name", "projected"]]


def test_a_namespace_gets_a_new_name_and_its_labels(control_plane: ControlPlane) -> None:
    first = control_plane.namespace("team", {"team": "a"})
    second = control_plane.namespace("team", {"team": "a"})

    labels = control_plane.api("GET", f"/api/v1/namespaces/{first}").body["metadata"]["labels"]

    assert first != second
    assert labels == {"team": "a", "kubernetes.io/metadata.name": first}


def test_controllers_make_a_pod_of_a_deployment(control_plane: ControlPlane) -> None:
    namespace = control_plane.namespace()
    labels = {"app": "web"}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": POD_SPEC},
        },
    }

    control_plane.kubectl("--namespace", namespace, "apply", "-f-", stdin=json.dumps(deployment))
    made = control_plane.wait_for(
        lambda: control_plane.api("GET", f"/api/v1/namespaces/{namespace}/pods").body["items"],
        "pod of the Deployment",
    )

    owner = made[0]["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["controller"]) == ("ReplicaSet", True)


def test_a_user_without_a_role_is_refused(control_plane: ControlPlane) -> None:
    namespace = control_plane.namespace()

    answer = control_plane.api("GET", f"/api/v1/namespaces/{namespace}/pods", user="nobody")

    assert answer.status == 403
    assert answer.message == (
        'pods is forbidden: User "nobody" cannot list resource "pods" in API group "" '
        f'in the namespace "{namespace}"'
    )


def test_a_kubeconfig_of_a_user_holds_what_rbac_gives_its_group(
    control_plane: ControlPlane,
) -> None:
    namespace = control_plane.namespace()
    readers = control_plane.kubeconfig_for("reader", ["readers"])
    in_namespace = ("--namespace", namespace)
    as_reader = ("--kubeconfig", readers, *in_namespace)

    before = control_plane.kubectl("get", "pods", *as_reader, check=False)
    control_plane.kubectl(
        "create", "rolebinding", "readers", "--clusterrole=view", "--group=readers", *in_namespace
    )
    # The authoriser watches role bindings: it knows a new one a moment later.
    control_plane.wait_for(
        lambda: control_plane.kubectl("get", "pods", *as_reader, check=False).returncode == 0,
        "permission of the reader",
    )

    assert 'User "reader" cannot list resource "pods"' in before.stderr
    with pytest.raises(ControlPlaneError, match='User "reader" cannot create resource "pods"'):
        control_plane.kubectl("create", "-f-", *as_reader, stdin=json.dumps(pod("one")))


def test_the_audit_log_holds_who_created_what(control_plane: ControlPlane) -> None:
    namespace = control_plane.namespace()
    account = f"system:serviceaccount:{namespace}:default"

    control_plane.api("POST", f"/api/v1/namespaces/{namespace}/pods", pod("one"), user=account)
    event = control_plane.audit_event(
        lambda event: event["objectRef"].get("namespace") == namespace
    )

    assert event["verb"] == "create"
    assert event["objectRef"]["resource"] == "pods"
    assert event["impersonatedUser"]["username"] == account
    assert event["responseStatus"]["code"] == 403
    assert event["annotations"]["authorization.k8s.io/decision"] == "forbid"


def test_warnings_of_the_server_arrive(control_plane: ControlPlane) -> None:
    namespace = control_plane.namespace(
        labels={"pod-security.kubernetes.io/warn": "baseline"},
    )
    greedy = pod("greedy") | {"spec": POD_SPEC | {"hostNetwork": True}}

    answer = control_plane.api("POST", f"/api/v1/namespaces/{namespace}/pods", greedy)

    assert answer.status == 201
    assert answer.warnings == [
        'would violate PodSecurity "baseline:latest": host namespaces (hostNetwork=true)'
    ]


def test_the_openapi_schema_of_pods_is_served(control_plane: ControlPlane) -> None:
    schemas = control_plane.api("GET", "/openapi/v3/api/v1").body["components"]["schemas"]

    assert "envFrom" in schemas["io.k8s.api.core.v1.Container"]["properties"]


def test_objects_survive_a_restart_of_server_and_store(control_plane: ControlPlane) -> None:
    namespace = control_plane.namespace()

    control_plane.restart_etcd()
    control_plane.restart_apiserver()

    assert control_plane.api("GET", f"/api/v1/namespaces/{namespace}").status == 200


def test_while_the_api_server_is_stopped_connections_are_refused(
    control_plane: ControlPlane,
) -> None:
    control_plane.stop_apiserver()
    try:
        with pytest.raises(ConnectionRefusedError):
            control_plane.api("GET", "/readyz")
    finally:
        control_plane.start_apiserver()


@pytest.mark.cluster
def test_a_program_that_dies_is_reported_with_its_last_words() -> None:
    broken = ControlPlane(apiserver_flags=["--no-such-flag"])

    with pytest.raises(ControlPlaneError, match="kube-apiserver died") as raised:
        broken.start()

    assert "unknown flag: --no-such-flag" in str(raised.value)
    assert not broken.folder.exists()


START_AND_STAY = """
import sys
from tests.controlplane.plane import ControlPlane
plane = ControlPlane()
plane.start()
print(plane.folder, plane.port, flush=True)
sys.stdin.read()
"""


@pytest.mark.cluster
def test_nothing_outlives_a_test_process_that_is_killed() -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", START_AND_STAY],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    with owner:
        assert owner.stdout is not None
        folder, port = owner.stdout.readline().split()
        assert _answers(int(port))

        owner.kill()

    wait_for(lambda: not Path(folder).exists(), "removal of its folder", timeout=30)
    wait_for(lambda: not _answers(int(port)), "end of its API server", timeout=30)


def _answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
