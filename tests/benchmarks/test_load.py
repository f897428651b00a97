"""The load generator against a server that writes down what it is asked."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import servers, variation, workloads
from benchmarks.asking import command
from benchmarks.bodies import Json, worker
from benchmarks.recorder import Recorder
from benchmarks.recorder import answer as recorder_answer
from benchmarks.variation import Variant
from tests.e2e.harness import make_certificates

# It is built by Go, as the control plane is, and with it.
pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
REQUESTS = 30


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("programs")
    servers.build_go(folder, "./load")
    return folder / "load"


def answers(path: str, review: Json) -> Json:
    """Answer as the path says: wrongly, or as it should be."""
    made = recorder_answer(path, review)
    if path.startswith("/stranger"):
        made["response"]["uid"] = "00000000-0000-4000-8000-000000000000"
    elif path.startswith("/refuse"):
        made["response"]["allowed"] = False
    return made


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    make_certificates(tmp_path)
    with Recorder(tmp_path / "tls.crt", tmp_path / "tls.key", answers) as it:
        yield it


def ask(
    generator: Path, recorder: Recorder, folder: Path, variant: Variant, path: str = "/mutate"
) -> Any:  # noqa: ANN401  what the load generator prints
    """Ask so many times by two connections; return what is printed."""
    made = workloads.workload(folder, worker(), ("worker", variant, 2), seconds=60)
    words = command(generator, made, [recorder.port], folder / "ca.crt")
    words = [word.replace("/mutate/enabled", path) for word in words]
    words += [f"-requests={REQUESTS}", "-warmup=2"]
    done = subprocess.run(words, input="\n", capture_output=True, text=True, check=True)
    ready, line = done.stdout.splitlines()
    assert ready == "ready"
    return json.loads(line)


def test_each_request_has_a_uid_of_its_own_and_is_answered(
    generator: Path, recorder: Recorder, tmp_path: Path
) -> None:
    told = ask(generator, recorder, tmp_path, Variant.REPLICAS)

    uids = [review["request"]["uid"] for review in recorder.reviews()]
    assert told["requests"] == REQUESTS
    assert told["errors"] == 0
    assert len(set(uids)) == len(uids) >= REQUESTS + 2
    assert told["latency"]["p50"] <= told["latency"]["p99"] <= told["latency"]["max"]


@pytest.mark.parametrize(("variant", "specs"), [(Variant.REPLICAS, 1), (Variant.DIFFERENT, None)])
def test_only_pods_that_are_each_different_have_specs_of_their_own(
    generator: Path, recorder: Recorder, tmp_path: Path, variant: Variant, specs: int | None
) -> None:
    ask(generator, recorder, tmp_path, variant)

    seen = recorder.reviews()
    builds = {
        variable["value"]
        for review in seen
        for variable in review["request"]["object"]["spec"]["containers"][0]["env"]
        if variable["name"] == "BUILD_ID"
    }
    volumes = {
        volume["name"]
        for review in seen
        for volume in review["request"]["object"]["spec"]["volumes"]
        if "projected" in volume
    }
    assert len(builds) == (specs or len(seen))
    assert (builds == {variation.SENTINEL}) is (variant is Variant.REPLICAS)
    assert len(volumes) == len(seen)


@pytest.mark.parametrize("path", ["/stranger", "/refuse"])
def test_answers_that_are_for_others_or_refuse_are_errors(
    generator: Path, recorder: Recorder, tmp_path: Path, path: str
) -> None:
    told = ask(generator, recorder, tmp_path, Variant.REPLICAS, path)

    assert told["requests"] == 0
    assert told["errors"] == REQUESTS
    assert "and was answered" in told["firstError"]


def test_a_second_run_repeats_nothing_of_the_first(
    generator: Path, recorder: Recorder, tmp_path: Path
) -> None:
    for _ in range(2):
        ask(generator, recorder, tmp_path, Variant.DIFFERENT)

    seen = [json.dumps(review["request"]["object"]["spec"]) for review in recorder.reviews()]
    assert len(set(seen)) == len(seen) >= 2 * REQUESTS
