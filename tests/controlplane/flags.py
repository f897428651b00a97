"""How each program is started, and why so."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.controlplane import audit
from tests.controlplane.pki import Pair

HOST = "127.0.0.1"
SERVICE_RANGE = "10.0.0.0/24"
# Names by which a pod would call the API server; the address is the first of the service range.
SERVER_NAMES = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")
SERVER_ADDRESSES = (HOST, "10.0.0.1")
# Those that make or remove objects that tests look at. Without nodes and volumes the rest only
# costs memory and start time.
CONTROLLERS = (
    "clusterrole-aggregation-controller",
    "cronjob-controller",
    "daemonset-controller",
    "deployment-controller",
    "disruption-controller",
    "garbage-collector-controller",
    "job-controller",
    "namespace-controller",
    "replicaset-controller",
    "replicationcontroller-controller",
    "resourcequota-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "statefulset-controller",
    "ttl-after-finished-controller",
    "validatingadmissionpolicy-status-controller",
)


@dataclass(frozen=True)
class Files:
    """Where everything of one control plane lies: one folder, readable by its owner only."""

    folder: Path

    @property
    def ca(self) -> Path:
        """The certificate that signs all others."""
        return self.folder / "ca.crt"

    @property
    def service_account_key(self) -> Path:
        """The key of ServiceAccount tokens."""
        return self.folder / "service-account.key"

    @property
    def audit_log(self) -> Path:
        """The audit log, one JSON object per line."""
        return self.folder / "audit.log"

    @property
    def audit_policy(self) -> Path:
        """What the audit log holds."""
        return self.folder / "audit-policy.json"

    @property
    def etcd_url(self) -> str:
        """A socket in our folder: no port to collide with, and no other user can write to etcd."""
        return f"unix://{self.folder / 'etcd.sock'}"

    def certificate(self, name: str) -> Path:
        """Return the place of a certificate."""
        return self.folder / f"{name}.crt"

    def key(self, name: str) -> Path:
        """Return the place of its key."""
        return self.folder / f"{name}.key"

    def kubeconfig(self, name: str) -> Path:
        """Return the place of a kubeconfig."""
        return self.folder / f"{name}.kubeconfig"

    def write_pair(self, name: str, pair: Pair) -> None:
        """Write a certificate and its key."""
        self.certificate(name).write_bytes(pair.certificate)
        write_secret(self.key(name), pair.key)

    def write_audit_policy(self) -> None:
        """Write what the audit log holds."""
        self.audit_policy.write_text(json.dumps(audit.POLICY, indent=2))


def write_secret(path: Path, content: bytes) -> None:
    """Write a file that nobody else may read, at no moment."""
    path.touch(mode=0o600)
    path.write_bytes(content)


def etcd(program: Path, files: Files) -> list[str]:
    """Return the command of a one-member etcd that forgets everything in a crash of the machine."""
    peer = f"http://{HOST}:0"  # it insists on listening for peers: any free port will do
    return [
        str(program),
        "--name=controlplane",
        f"--data-dir={files.folder / 'etcd'}",
        "--unsafe-no-fsync",
        "--log-level=warn",
        f"--listen-client-urls={files.etcd_url}",
        f"--advertise-client-urls=http://{HOST}:2379",  # a name on paper: only peers would read it
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=controlplane={peer}",
    ]


def kube_apiserver(program: Path, files: Files, port: int, more: Sequence[str]) -> list[str]:
    """Return the command of an API server with the defences of a real one."""
    return [
        str(program),
        f"--bind-address={HOST}",
        f"--advertise-address={HOST}",
        f"--secure-port={port}",
        "--permit-port-sharing",  # with the socket that reserves the port
        "--endpoint-reconciler-type=none",  # a loopback address may not stand in Endpoints
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        f"--etcd-servers={files.etcd_url}",
        f"--cert-dir={files.folder}",
        f"--tls-cert-file={files.certificate('server')}",
        f"--tls-private-key-file={files.key('server')}",
        f"--client-ca-file={files.ca}",
        "--authorization-mode=Node,RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={files.service_account_key}",
        f"--service-account-signing-key-file={files.service_account_key}",
        f"--audit-policy-file={files.audit_policy}",
        f"--audit-log-path={files.audit_log}",
        "--audit-log-maxsize=0",  # one file: rotation would hide events from a reader
        # Admission lists both at a namespace's first pod. From a cache, a list of something that
        # never changes waits 100 ms for word that it is current: without, each test is faster.
        "--watch-cache-sizes=limitranges#0,resourcequotas#0",
        "--allow-privileged=true",
        *more,
    ]


def kube_controller_manager(program: Path, files: Files) -> list[str]:
    """Return the command of a controller-manager that works at once and serves nothing."""
    return [
        str(program),
        f"--kubeconfig={files.kubeconfig('controller-manager')}",
        f"--controllers={','.join(CONTROLLERS)}",
        "--use-service-account-credentials",  # webhooks see the users of a real cluster
        f"--service-account-private-key-file={files.service_account_key}",
        f"--root-ca-file={files.ca}",
        "--leader-elect=false",
        "--secure-port=0",
        "--kube-api-qps=500",  # the default of 20 makes a test wait for its Deployment
        "--kube-api-burst=1000",
    ]


def environment(files: Files) -> Mapping[str, str]:
    """Return what the programs see: no proxy, no kubeconfig and no home folder of ours."""
    return {"PATH": "/usr/bin:/bin", "HOME": str(files.folder)}
