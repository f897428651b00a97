"""The small kubelet of the drills: probes and volumes do what they do on a node."""

import base64
import http.server
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.drills.probe import Probe, Spec
from tests.drills.volumes import MissingVolume, mount

Json = Any
HOST = "127.0.0.1"
PERIOD = 0.05


class Health:
    """Answers probes as it is told to."""

    def __init__(self) -> None:
        self.status = 200
        self.asked = 0
        health = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                health.asked += 1
                self.send_response(health.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer((HOST, 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        port = self.server.server_address[1]
        self.spec = Spec(
            "/readyz", port, delay=0, period=PERIOD, timeout=5, failures=3, successes=1
        )


@pytest.fixture
def health() -> Iterator[Health]:
    it = Health()
    yield it
    it.server.shutdown()
    it.server.server_close()


def soon(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + 5
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)
    return holds()


def test_a_probe_speaks_for_a_container_after_one_success(health: Health) -> None:
    probe = Probe(health.spec, HOST, verdict=False)

    assert soon(lambda: probe.verdict)
    assert probe.decided
    probe.stop()


def test_a_probe_speaks_against_a_container_after_three_failures_in_a_row(health: Health) -> None:
    health.status = 503
    probe = Probe(replace(health.spec, period=0.5), HOST, verdict=True)
    assert soon(lambda: health.asked == 2)
    after_two = (probe.verdict, probe.decided)

    assert soon(lambda: not probe.verdict)
    assert (after_two, health.asked, probe.decided) == ((True, False), 3, True)
    probe.stop()


def test_a_start_up_probe_is_not_decided_by_its_first_failure(health: Health) -> None:
    health.status = 503
    probe = Probe(replace(health.spec, failures=30), HOST, verdict=False)
    assert soon(lambda: health.asked >= 3)

    assert not probe.decided
    probe.stop()


def test_a_container_that_stands_still_fails_its_probe() -> None:
    silent = http.server.HTTPServer((HOST, 0), http.server.BaseHTTPRequestHandler)  # serves nobody
    port = silent.server_address[1]
    spec = Spec("/", port, delay=0, period=PERIOD, timeout=0.1, failures=2, successes=1)
    probe = Probe(spec, HOST, verdict=True)

    assert soon(lambda: not probe.verdict)
    probe.stop()
    silent.server_close()


def test_the_numbers_of_a_probe_that_a_manifest_leaves_out_are_those_of_kubernetes() -> None:
    probe = {"httpGet": {"path": "/readyz", "port": "health"}}
    container = {"ports": [{"name": "health", "containerPort": 8080}], "livenessProbe": probe}

    assert Spec.of(container, "livenessProbe") == Spec("/readyz", 8080, 0, 10, 1, 3, 1)
    assert Spec.of(container, "readinessProbe") is None


@dataclass
class Sources:
    objects: dict[tuple[str, str], Json] = field(default_factory=dict)

    def read(self, kind: str, name: str) -> Json | None:
        return self.objects.get((kind, name))

    def token(self, pod: Json) -> bytes:
        return f"token of {pod['metadata']['name']}".encode()


def pod(**volume: Json) -> tuple[Json, Json]:
    container = {"volumeMounts": [{"name": "it", "mountPath": "/etc/it"}]}
    metadata = {"name": "one", "namespace": "ours"}
    return {"metadata": metadata, "spec": {"volumes": [{"name": "it", **volume}]}}, container


def files(place: Path) -> dict[str, str]:
    return {it.name: it.read_text() for it in place.iterdir() if not it.name.startswith("..")}


def test_all_files_of_a_volume_change_at_once_and_those_that_are_gone_go(tmp_path: Path) -> None:
    sources = Sources({("configmaps", "c"): {"data": {"a": "1", "b": "1"}}})
    made = pod(configMap={"name": "c"})
    place = mount(*made, tmp_path, sources)["/etc/it"]
    first = files(place)
    sources.objects["configmaps", "c"] = {"data": {"a": "2", "c": "2"}}
    mount(*made, tmp_path, sources)

    assert (first, files(place)) == ({"a": "1", "b": "1"}, {"a": "2", "c": "2"})
    # One link is all that was replaced, and nothing old is left behind it.
    assert len([it for it in place.iterdir() if it.name.startswith("..")]) == 2


def test_a_secret_is_decoded(tmp_path: Path) -> None:
    data = {"tls.key": base64.b64encode(b"key").decode()}
    sources = Sources({("secrets", "s"): {"data": data}})

    place = mount(*pod(secret={"secretName": "s"}), tmp_path, sources)["/etc/it"]

    assert files(place) == {"tls.key": "key"}


def test_a_volume_of_several_sources_has_the_files_of_all(tmp_path: Path) -> None:
    several = [
        {"serviceAccountToken": {"path": "token"}},
        {"configMap": {"name": "root", "items": [{"key": "ca.crt", "path": "root.crt"}]}},
        {
            "downwardAPI": {
                "items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]
            }
        },
    ]
    sources = Sources({("configmaps", "root"): {"data": {"ca.crt": "ca", "more": "more"}}})

    place = mount(*pod(projected={"sources": several}), tmp_path, sources)["/etc/it"]

    assert files(place) == {"token": "token of one", "root.crt": "ca", "namespace": "ours"}


def test_a_container_waits_for_a_volume_that_is_missing_unless_it_is_optional(
    tmp_path: Path,
) -> None:
    with pytest.raises(MissingVolume, match="configmaps 'c' not found"):
        mount(*pod(configMap={"name": "c"}), tmp_path, Sources())
    optional = pod(configMap={"name": "c", "optional": True})

    assert files(mount(*optional, tmp_path, Sources())["/etc/it"]) == {}
