import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import apiserver_kyverno, servers
from benchmarks.apiserver_stage import HOOKED, Stage, outcome, worker_pod
from benchmarks.apiserver_variants import (
    BOTH,
    IN_CEL,
    MUTATE,
    NONE,
    Variant,
    our_hooks,
    peer_hook,
    policy_in_cel,
    variants,
)
from benchmarks.checking import expected
from tests.controlplane import build
from tests.controlplane.plane import ControlPlane
from tests.controlplane.processes import ControlPlaneError

OURS = f"{shlex.quote(sys.executable)} -m webhook"
URL, CA = "https://127.0.0.1:1", b"CA"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> servers.Files:
    made = servers.Files(tmp_path_factory.mktemp("benchmarks"))
    servers.prepare(made, OURS)
    return made


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """A control plane of its own: in the shared one, hooks of other tests would be called, too."""
    with ControlPlane() as plane, Stage(plane) as made:
        yield made


@pytest.fixture(scope="module")
def load_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("bin") / "pods"
    go = build.find_go(build.required_version(servers.MODULE, "go"))
    subprocess.run([go, "build", "-o", program, "./pods"], cwd=servers.MODULE, check=True)
    return program


def named(files: servers.Files, name: str) -> Variant:
    return next(each for each in variants(files, OURS) if each.name == name)


def test_a_peer_is_called_as_we_are_and_missed_where_it_is_away() -> None:
    ours, peer = (
        document["webhooks"][0]
        for document in (our_hooks(["mutate"], URL, CA)[0], peer_hook(URL, CA)[0])
    )

    assert {key for key in ours if ours[key] != peer[key]} == {
        "name",
        "failurePolicy",
        "namespaceSelector",
    }
    assert peer["clientConfig"] == {"url": f"{URL}/mutate/enabled", "caBundle": "Q0E="}
    assert peer["failurePolicy"] == "Fail"


def test_kyverno_evaluates_the_expressions_that_the_api_server_does() -> None:
    theirs, in_cel = apiserver_kyverno.policy()["spec"], policy_in_cel()[0]["spec"]

    assert theirs.pop("autogen") == {"podControllers": {"controllers": []}}
    assert in_cel.pop("reinvocationPolicy") == "Never"
    assert theirs == in_cel


def test_the_worker_is_sent_without_what_the_api_server_adds() -> None:
    pod = worker_pod()

    assert "kube-api-access" not in json.dumps(pod)
    assert pod["spec"]["volumes"] == [{"name": "tmp", "emptyDir": {}}]
    assert pod["metadata"]["generateName"]
    assert "managedFields" not in pod["metadata"]
    assert "tolerations" not in pod["spec"]


def test_an_outcome_tells_the_sources_in_order() -> None:
    pod = worker_pod()

    assert outcome(pod)["metrics"] == []
    assert [next(iter(each.values()))["name"] for each in outcome(expected(pod))["worker"]] == [
        "noxus-config",
        "noxus-secrets",
        "app-env",
        "worker-env",
        "tenant-a-llm",
    ]


@pytest.mark.cluster
@pytest.mark.parametrize("name", [NONE, MUTATE, BOTH, IN_CEL])
def test_a_pod_comes_out_with_exactly_its_sources(
    stage: Stage, files: servers.Files, name: str
) -> None:
    variant = named(files, name)
    stage.prove(injects=False, called=())

    with variant.start(stage) as program:
        stage.prove(injects=variant.injects, called=variant.called, program=program)

    stage.prove(injects=False, called=())


@pytest.mark.cluster
def test_what_came_out_instead_is_told(stage: Stage, files: servers.Files) -> None:
    with (
        named(files, IN_CEL).start(stage),
        pytest.raises(ControlPlaneError, match=r"came out: \{'annotation': .*; called: \{\}"),
    ):
        stage.prove(injects=True, called=["somebody"], limit=1)


@pytest.mark.cluster
def test_the_load_client_looks_at_each_pod(stage: Stage, load_client: Path) -> None:
    def ask(*flags: str) -> dict[str, dict[str, object]]:
        command = [
            str(load_client),
            *stage.client_flags(),
            "-seconds=0.1",
            "-slices=1",
            "-warmup=0.05",
        ]
        pid = f"-pids=apiserver={stage.plane.pid('kube-apiserver')}"
        done = subprocess.run([*command, pid, *flags], check=True, capture_output=True, text=True)
        told: dict[str, dict[str, object]] = json.loads(done.stdout)
        return told

    stage.prove(injects=False, called=())  # a policy is in force a moment longer than it is there
    right, wrong = ask(), ask("-injects")["hooked"]

    for where in ("plain", "hooked"):
        assert right[where]["requests"]
        assert right[where]["errors"] == 0
    assert wrong["requests"] == 0
    assert wrong["errors"]
    assert str(wrong["firstError"]).startswith(f"{HOOKED}: injected is false: ")
