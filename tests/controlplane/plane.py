"""A real control plane for tests: etcd, kube-apiserver and kube-controller-manager on loopback.

Pods are stored but not run. Everything lies in one folder that goes when the control plane stops.
"""

import datetime as dt
import http.client
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

from tests.controlplane import build, flags, kubeconfig, pki
from tests.controlplane.audit import AuditLog
from tests.controlplane.client import Client, Response
from tests.controlplane.processes import ControlPlaneError, ProcessGroup, Program, wait_for

# Ten times what an idle machine of two cores needs; a busy one is no reason to fail.
START_SECONDS = 90.0
WAIT_SECONDS = 90.0  # a controller may wait a minute before it asks again what it was refused once
OK, CREATED, CONFLICT = 200, 201, 409

T = TypeVar("T")


class ControlPlane:
    """Starts on entering the context, or by `start()`; stops on leaving it, or by `stop()`.

    With a given folder, it keeps certificates, logs and kubeconfigs there and does not remove them.
    More flags for the API server are added to the usual ones. What `start` cannot start is cleaned
    up; whoever never starts it calls `stop`.
    """

    def __init__(self, folder: Path | None = None, *, apiserver_flags: Sequence[str] = ()) -> None:
        self._programs = build.programs()
        self._temporary = folder is None
        self.folder = (folder or Path(tempfile.mkdtemp(prefix="controlplane-"))).resolve()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._files = flags.Files(self.folder)
        self._apiserver_flags = tuple(apiserver_flags)
        self._running: dict[str, Program] = {}
        self._group: ProcessGroup | None = None
        self._authority = pki.Authority.create(dt.datetime.now(dt.UTC))
        self._reserved = _reserve_port()
        self.port: int = self._reserved.getsockname()[1]
        self.url = f"https://{flags.HOST}:{self.port}"
        self.ca_pem = self._authority.pem
        self.admin_cert = self._files.certificate("admin")
        self.admin_key = self._files.key("admin")
        self.kubeconfig = self._files.kubeconfig("admin")
        self._write_files()
        self._client = Client(flags.HOST, self.port, self.ca_pem, self.admin_cert, self.admin_key)
        self._audit = AuditLog(self._files.audit_log)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything and return when objects can be created and controllers work."""
        self._group = ProcessGroup(self.folder, temporary=self._temporary)
        try:
            self._start("etcd", flags.etcd(self._programs["etcd"], self._files))
            self.start_apiserver()
            self._start_controllers()
            # The controllers make it: when it is there, they work.
            path = "/api/v1/namespaces/default/serviceaccounts/default"
            self.wait_for(
                lambda: self.api("GET", path).status == OK,
                "default ServiceAccount",
                timeout=START_SECONDS,
            )
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop everything; the API server before etcd, for it waits for an etcd that is gone."""
        self._client.disconnect()
        for name in ("kube-controller-manager", "kube-apiserver", "etcd"):
            self._stop(name)
        if self._group is not None:
            self._group.close()
            self._group = None
        self._reserved.close()
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def start_apiserver(self) -> None:
        """Start the API server and return when it is ready; the controllers begin anew, too.

        In a cluster they lose their lease and are restarted. Left alone, each would go on waiting
        for as long as it last made up its mind to, which is up to a minute.
        """
        program = self._programs["kube-apiserver"]
        command = flags.kube_apiserver(program, self._files, self.port, self._apiserver_flags)
        self._start("kube-apiserver", command)
        self._wait_until_ready()
        if "kube-controller-manager" in self._running:
            self._stop("kube-controller-manager")
            self._start_controllers()

    def stop_apiserver(self) -> None:
        """Stop the API server; nobody else can take its port meanwhile."""
        self._stop("kube-apiserver")
        self._client.disconnect()

    def restart_apiserver(self) -> None:
        """Stop the API server, start it again on the same port, and return when it is ready."""
        self.stop_apiserver()
        self.start_apiserver()

    def restart_etcd(self) -> None:
        """Stop etcd under the running API server, start it on the same data, wait for both."""
        self._stop("etcd")
        self._start("etcd", flags.etcd(self._programs["etcd"], self._files))
        self._wait_until_ready()

    def pid(self, name: str) -> int:
        """Return the process id of a running part: kube-apiserver, etcd, ..."""
        return self._running[name].pid

    def api(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content_type: str = "application/json",
        user: str | None = None,
        groups: Sequence[str] = (),
    ) -> Response:
        """Send one request as administrator, or in the name of a user; see `Client.call`."""
        return self._client.call(
            method, path, body, content_type=content_type, user=user, groups=groups
        )

    def kubectl(
        self, *arguments: str | Path, stdin: str | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl as administrator, or as the user of a `--kubeconfig` in the arguments."""
        done = subprocess.run(
            [self._programs["kubectl"], *arguments],
            env={**flags.environment(self._files), "KUBECONFIG": str(self.kubeconfig)},
            input=stdin or "",
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode != 0:
            words = " ".join(str(argument) for argument in arguments)
            raise ControlPlaneError(f"kubectl {words}: {done.stderr.strip()}")
        return done

    def kubeconfig_for(self, user: str, groups: Sequence[str] = ()) -> Path:
        """Return a new kubeconfig with a certificate of this user; RBAC decides what it may do."""
        pair = self._authority.client(user, groups, dt.datetime.now(dt.UTC))
        return self._write_kubeconfig(f"user-{uuid.uuid4().hex}", pair, user)

    def namespace(self, prefix: str = "test", labels: Mapping[str, str] | None = None) -> str:
        """Create a namespace of a new name, in which pods can be created at once."""
        metadata = {"generateName": f"{prefix}-", "labels": dict(labels or {})}
        made = self.api("POST", "/api/v1/namespaces", {"metadata": metadata})
        if made.status != CREATED:
            raise ControlPlaneError(f"no namespace {prefix}-*: {made.message}")
        name = str(made.body["metadata"]["name"])
        # Pods need it, and its controller is in no hurry: whoever comes first makes it.
        path = f"/api/v1/namespaces/{name}/serviceaccounts"
        account = self.api("POST", path, {"metadata": {"name": "default"}})
        if account.status not in {CREATED, CONFLICT}:
            raise ControlPlaneError(f"no default ServiceAccount in {name}: {account.message}")
        return name

    def audit_events(self) -> list[dict[str, Any]]:
        """Return the audit log so far: writes of pods and workloads, oldest first."""
        return self._audit.events()

    def audit_event(self, matches: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the first event that matches; it may be written a moment after the answer."""
        return self.wait_for(
            lambda: next((event for event in self.audit_events() if matches(event)), None),
            "matching audit event",
        )

    def wait_for(
        self, probe: Callable[[], T | None], what: str, *, timeout: float = WAIT_SECONDS
    ) -> T:
        """Return what the probe finds, once it finds something; an error shows our logs' ends."""
        programs = list(self._running.values())
        return wait_for(probe, what, timeout=timeout, programs=programs)

    def _wait_until_ready(self) -> None:
        self.wait_for(self._ready, "ready API server", timeout=START_SECONDS)

    def _ready(self) -> bool:
        try:
            return self.api("GET", "/readyz").status == OK
        except (OSError, http.client.HTTPException):  # not listening yet
            return False

    def _start_controllers(self) -> None:
        program = self._programs["kube-controller-manager"]
        command = flags.kube_controller_manager(program, self._files)
        self._start("kube-controller-manager", command)

    def _start(self, name: str, command: Sequence[str]) -> None:
        if self._group is None:
            raise ControlPlaneError(f"{name} cannot be started: the control plane is stopped")
        environment = flags.environment(self._files)
        self._running[name] = self._group.start(name, command, environment)

    def _stop(self, name: str) -> None:
        program = self._running.pop(name, None)
        if program is not None:
            program.stop()

    def _write_files(self) -> None:
        now = dt.datetime.now(dt.UTC)
        self._files.ca.write_bytes(self.ca_pem)
        flags.write_secret(self._files.service_account_key, pki.service_account_key())
        self._files.write_audit_policy()
        server = self._authority.server(flags.SERVER_NAMES, flags.SERVER_ADDRESSES, now)
        self._files.write_pair("server", server)
        admin = self._authority.client("admin", ["system:masters"], now)
        self._files.write_pair("admin", admin)
        self._write_kubeconfig("admin", admin, "admin")
        manager = "system:kube-controller-manager"
        self._write_kubeconfig(
            "controller-manager", self._authority.client(manager, (), now), manager
        )

    def _write_kubeconfig(self, name: str, pair: pki.Pair, user: str) -> Path:
        path = self._files.kubeconfig(name)
        flags.write_secret(path, kubeconfig.render(self.url, self.ca_pem, pair, user))
        return path


def _reserve_port() -> socket.socket:
    """Return a socket that is bound to a free port and never listens.

    The API server shares the port with it (SO_REUSEPORT) and alone gets its connections. So nobody
    else can be given the port before the API server starts, nor while it is stopped.
    """
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    reserved.bind((flags.HOST, 0))
    return reserved
