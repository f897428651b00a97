"""A running Prometheus that scrapes a control plane and replicas of the webhook."""

import http.client
import json
import shutil
import socket
import tempfile
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import yaml

from tests.controlplane.plane import ControlPlane
from tests.controlplane.processes import ProcessGroup, wait_for

Json = Any

HOST = "127.0.0.1"
OK = 200
START_SECONDS = 60.0
JOB = "noxus-secret-webhook"


@dataclass(frozen=True)
class Replica:
    """What the ServiceMonitor would find: a pod, and where its health port is."""

    pod: str
    address: str


def configuration(plane: ControlPlane, targets: Path, rules: Path) -> Json:
    """Return a configuration; `targets` is the file in which the replicas are listed."""
    return {
        # Each second, so that a test need not wait for two samples.
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "scrape_configs": [
            {
                "job_name": JOB,
                "file_sd_configs": [{"files": [str(targets)]}],  # read again when it changes
            },
            {
                "job_name": "apiserver",
                "scheme": "https",
                "tls_config": {
                    "ca_file": str(plane.folder / "ca.crt"),
                    "cert_file": str(plane.admin_cert),
                    "key_file": str(plane.admin_key),
                },
                "static_configs": [{"targets": [f"{HOST}:{plane.port}"]}],
            },
        ],
    }


class Prometheus:
    """Starts on entering the context, stops on leaving it, and leaves nothing behind."""

    def __init__(self, program: Path, plane: ControlPlane, rule_groups: Json) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="prometheus-"))
        self._targets = self.folder / "replicas.json"
        self.scrape([])
        rules = self.folder / "rules.yml"
        rules.write_text(yaml.safe_dump(rule_groups))
        self._file = self.folder / "prometheus.yml"
        self._file.write_text(yaml.safe_dump(configuration(plane, self._targets, rules)))
        with socket.socket() as free:
            free.bind((HOST, 0))
            self.port = int(free.getsockname()[1])
        self._command = [
            str(program),
            f"--config.file={self._file}",
            f"--storage.tsdb.path={self.folder / 'data'}",
            f"--web.listen-address={HOST}:{self.port}",
            "--log.level=warn",
        ]
        self._group = ProcessGroup(self.folder, temporary=True)

    def __enter__(self) -> Self:
        self._program = self._group.start("prometheus", self._command, {"HOME": str(self.folder)})
        wait_for(self._ready, "ready Prometheus", timeout=START_SECONDS, programs=[self._program])
        return self

    def __exit__(self, *_: object) -> None:
        self._program.stop()
        self._group.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def scrape(self, replicas: Sequence[Replica]) -> None:
        """Scrape these from now on, with the labels that the operator would give them."""
        listed = [{"targets": [it.address], "labels": {"pod": it.pod}} for it in replicas]
        hidden = self._targets.with_name(".replicas.json")
        hidden.write_text(json.dumps(listed))
        hidden.rename(self._targets)

    def query(self, expression: str) -> list[Json]:
        """Return the series that an expression gives now."""
        return list(self.get("query", query=expression)["result"])

    def tree(self, expression: str) -> Json:
        """Return an expression as it is parsed."""
        return self.get("parse_query", query=expression)

    def get(self, path: str, **parameters: str) -> Json:
        """Ask its API; an answer that is no success is an AssertionError with its message."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=START_SECONDS)
        try:
            connection.request("GET", f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        assert answer["status"] == "success", f"{parameters}: {answer.get('error')}"
        return answer["data"]

    def wait_for_series(self, expression: str) -> list[Json]:
        """Return what an expression gives, once it gives something."""
        return wait_for(
            lambda: self.query(expression),
            f"series of {expression}",
            timeout=START_SECONDS,
            programs=[self._program],
        )

    def _ready(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=START_SECONDS)
        try:
            connection.request("GET", "/-/ready")
            return connection.getresponse().status == OK
        except (OSError, http.client.HTTPException):  # not listening yet
            return False
        finally:
            connection.close()
