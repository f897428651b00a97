"""The API server's audit log: who wrote which pod or workload, and what webhooks noted on it."""

import json
import threading
from pathlib import Path
from typing import Any

WRITES = ["create", "update", "patch", "delete", "deletecollection"]
# Metadata only: annotations of webhooks are in it, and no object is copied into the log.
POLICY: dict[str, Any] = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {
            "level": "Metadata",
            "verbs": WRITES,
            "resources": [
                {
                    "group": "",
                    "resources": [
                        "pods",
                        "pods/ephemeralcontainers",
                        "pods/resize",
                        "podtemplates",
                        "replicationcontrollers",
                    ],
                },
                {
                    "group": "apps",
                    "resources": ["daemonsets", "deployments", "replicasets", "statefulsets"],
                },
                {"group": "batch", "resources": ["cronjobs", "jobs"]},
            ],
        },
        {"level": "None"},
    ],
}


class AuditLog:
    """Reads the log as it grows; each line is parsed once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._events: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def events(self) -> list[dict[str, Any]]:
        """Return all events so far, oldest first."""
        with self._lock:
            if self._path.exists():
                self._read()
            return list(self._events)

    def _read(self) -> None:
        with self._path.open("rb") as file:
            file.seek(self._offset)
            whole, newline, _unfinished = file.read().rpartition(b"\n")
        self._offset += len(whole) + len(newline)
        self._events += [json.loads(line) for line in whole.splitlines()]
