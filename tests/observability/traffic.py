"""Requests of every kind that the metrics tell apart, again and again, beside a test."""

import http.client
import ssl
import threading
from collections.abc import Callable, Sequence
from typing import Any, Self

from tests.controlplane.plane import ControlPlane

Json = Any

PAUSE_SECONDS = 0.2
# Not long: an answer that does not come is no matter of ours.
PATIENCE_SECONDS = 5.0


def pod(role: str, *secrets: str) -> Json:
    """Return a pod that names these Secrets."""
    sources = [{"secretRef": {"name": name}} for name in secrets]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": "traffic-", "labels": {"noxus.ai/role": role}},
        "spec": {"containers": [{"name": "app", "image": "example/app:1", "envFrom": sources}]},
    }


# Under the initial policy: given its sources, and refused for what only known roles are given.
GIVEN, REFUSED = pod("frontend"), pod("stranger", "app-env")


class Traffic:
    """Creates pods, and sends rubbish to one replica, from entering the context to leaving it."""

    def __init__(
        self, plane: ControlPlane, namespaces: Sequence[str], hooks: Callable[[], tuple[str, int]]
    ) -> None:
        """Take the namespaces to create pods in, and whom to ask for a replica's address."""
        self._plane, self._namespaces, self._hooks = plane, namespaces, hooks
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.failure: Exception | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        if self.failure is not None:
            raise self.failure

    def _run(self) -> None:
        try:
            while not self._stop.wait(PAUSE_SECONDS):
                create(self._plane, self._namespaces)
                rubbish(self._hooks())
        except Exception as problem:  # noqa: BLE001  raised again where somebody sees it
            self.failure = problem


def create(plane: ControlPlane, namespaces: Sequence[str]) -> None:
    """Create one pod of each kind in each namespace, whatever becomes of it."""
    for namespace in namespaces:
        for each in (GIVEN, REFUSED):
            plane.api("POST", f"/api/v1/namespaces/{namespace}/pods?dryRun=All", each)


def rubbish(hooks: tuple[str, int]) -> None:
    """Send what is no AdmissionReview."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(*hooks, context=trusting, timeout=PATIENCE_SECONDS)
    try:
        connection.request("POST", "/mutate/enabled", b"{}", {"Content-Type": "application/json"})
        connection.getresponse().read()
    finally:
        connection.close()
