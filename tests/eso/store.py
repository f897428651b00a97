"""A Vault development server with TLS, which lets in whom the control plane vouches for.

In memory, on loopback; it is set up through its API, as an administrator would with its CLI.
"""

import http.client
import json
import secrets
import shutil
import socket
import ssl
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from tests.controlplane.plane import ControlPlane
from tests.controlplane.processes import ProcessGroup, wait_for

Json = Any

HOST = "127.0.0.1"
START_SECONDS = 90.0
PLUGIN = "vault-plugin-auth-kubernetes"
REVIEWER = "vault-token-reviewer"
OK, NO_CONTENT = 200, 204


class VaultServer:
    """Starts on entering the context, stops on leaving it, and leaves nothing behind."""

    def __init__(self, programs: dict[str, Path]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="vault-"))
        plugins = self.folder / "plugins"
        plugins.mkdir()
        shutil.copy(programs[PLUGIN], plugins / PLUGIN)  # Vault takes no link for a plugin
        self._token = secrets.token_hex(16)
        with socket.socket() as free:
            free.bind((HOST, 0))
            self.port = int(free.getsockname()[1])
        self.url = f"https://{HOST}:{self.port}"
        self._command = [
            *(str(programs["vault"]), "server", "-dev", "-dev-tls", "-dev-no-store-token"),
            f"-dev-tls-cert-dir={self.folder}",
            f"-dev-root-token-id={self._token}",
            f"-dev-listen-address={HOST}:{self.port}",
            f"-dev-plugin-dir={plugins}",
            "-log-level=warn",
        ]
        self._group = ProcessGroup(self.folder, temporary=True)

    def __enter__(self) -> Self:
        environment = {"HOME": str(self.folder), "SKIP_SETCAP": "1"}
        self._program = self._group.start("vault", self._command, environment)
        wait_for(self._ready, "ready Vault", timeout=START_SECONDS, programs=[self._program])
        return self

    def __exit__(self, *_: object) -> None:
        self._program.stop()
        self._group.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def ca_pem(self) -> str:
        """The certificate of the CA that it made for itself."""
        return (self.folder / "vault-ca.pem").read_text()

    def environment(self) -> dict[str, str]:
        """Return the variables by which its CLI finds it, as its administrator."""
        return {
            "VAULT_ADDR": self.url,
            "VAULT_CACERT": str(self.folder / "vault-ca.pem"),
            "VAULT_TOKEN": self._token,
        }

    @property
    def log(self) -> str:
        """What it has said so far."""
        return self._program.log.read_text()

    def put(self, entry: str, **values: str) -> None:
        """Store an entry of several keys."""
        self.call("POST", f"secret/data/{entry}", {"data": values})

    def delete(self, entry: str) -> None:
        """Delete an entry with all its versions."""
        self.call("DELETE", f"secret/metadata/{entry}")

    def trust(self, plane: ControlPlane) -> None:
        """Switch the Kubernetes auth method on: this control plane says whose a token is."""
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": REVIEWER}}
        plane.kubectl("apply", "-f", "-", stdin=json.dumps(account))
        plane.kubectl(
            *("create", "clusterrolebinding", REVIEWER, "--clusterrole=system:auth-delegator"),
            f"--serviceaccount=default:{REVIEWER}",
        )
        reviewer = plane.kubectl("create", "token", REVIEWER, "--duration=1h").stdout.strip()
        self.call("POST", "sys/auth/kubernetes", {"type": PLUGIN})
        settings = {
            "kubernetes_host": plane.url,
            "kubernetes_ca_cert": plane.ca_pem.decode(),
            "token_reviewer_jwt": reviewer,
            "disable_local_ca_jwt": True,
        }
        self.call("POST", "auth/kubernetes/config", settings)

    def allow(self, role: str, account: str, namespaces: Sequence[str], entries: str) -> None:
        """Let a ServiceAccount of these namespaces read some entries, and nothing else."""
        rule = f'path "secret/data/{entries}" {{ capabilities = ["read"] }}'
        self.call("POST", f"sys/policies/acl/{role}", {"policy": rule})
        bound = {
            "bound_service_account_names": [account],
            "bound_service_account_namespaces": list(namespaces),
            "audience": "vault",
            "token_policies": [role],
            "token_ttl": "5m",
        }
        self.call("POST", f"auth/kubernetes/role/{role}", bound)

    def call(self, method: str, path: str, body: Json = None) -> Json:
        """Ask its API as its administrator; an error is an AssertionError with its message."""
        status, answer = self._send(method, path, body)
        assert status in {OK, NO_CONTENT}, f"{method} {path}: {status} {answer}"
        return answer

    def _send(self, method: str, path: str, body: Json) -> tuple[int, Json]:
        trusted = ssl.create_default_context(cadata=self.ca_pem)
        connection = http.client.HTTPSConnection(
            HOST, self.port, timeout=START_SECONDS, context=trusted
        )
        try:
            headers = {"X-Vault-Token": self._token}
            connection.request(method, f"/v1/{path}", json.dumps(body), headers)
            response = connection.getresponse()
            content = response.read()
            return response.status, json.loads(content) if content else None
        finally:
            connection.close()

    def _ready(self) -> bool:
        try:
            return self._send("GET", "sys/health", None)[0] == OK
        except (OSError, http.client.HTTPException):  # not listening yet, or no CA yet
            return False
