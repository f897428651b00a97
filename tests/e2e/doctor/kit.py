"""The doctor who looks at a real installation, and a user of few rights who calls it."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.commands.kit import Ran, run
from tests.controlplane.processes import ControlPlaneError
from tests.drills.cluster import BASE, Cluster
from tests.e2e.harness import INJECTION

Json = Any

SLOW = [
    pytest.mark.cluster,
    # Pods start, and drain for ten seconds, on a machine that has other things to do.
    pytest.mark.timeout(300),
]

ADMISSION = "/apis/admissionregistration.k8s.io/v1"
GUARD = "noxus-secrets-injection-label"
MUTATING = f"{ADMISSION}/mutatingwebhookconfigurations/noxus-secrets"
VALIDATING = f"{ADMISSION}/validatingwebhookconfigurations/noxus-secrets"
POLICY = f"{ADMISSION}/validatingadmissionpolicies/{GUARD}"
BINDING = f"{ADMISSION}/validatingadmissionpolicybindings/{GUARD}"
POLICIES = "/apis/secrets.noxus.ai/v1alpha1/secretinjectionpolicies"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
MERGE = "application/merge-patch+json"
APPLY = "kubectl apply --server-side --force-conflicts -k manifests/base"
REPLACED = (
    "60-mutatingwebhookconfiguration.yaml",
    "65-validatingadmissionpolicy.yaml",
    "70-validatingwebhookconfiguration.yaml",
)
REPLACE = "kubectl replace -f manifests/base/{}, then " + APPLY
UNGUARDED = "whoever may update a namespace can take the label off, and put it back"


class Doctor:
    """A healthy installation, and the doctor who looks at it."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.plane = cluster, cluster.plane

    def run(self, *flags: str, kubeconfig: Path | None = None) -> Ran:
        """Run the command as the user of a kubeconfig; default: the administrator."""
        before = os.environ["KUBECONFIG"]
        os.environ["KUBECONFIG"] = str(kubeconfig or self.plane.kubeconfig)
        try:
            return run("doctor", *flags)
        finally:
            os.environ["KUBECONFIG"] = before

    def findings(self, *flags: str, kubeconfig: Path | None = None) -> list[Json]:
        """Return everything that is not ok, each with the name of its check."""
        done = self.run("-o", "json", *flags, kubeconfig=kubeconfig)
        assert done.err == ""
        return [
            {"check": check["name"], **finding}
            for check in json.loads(done.out)["checks"]
            for finding in check["findings"]
            if finding["level"] != "ok"
        ]

    def said(self, *flags: str) -> list[tuple[str, str, str]]:
        """Return check, level and message of each finding."""
        return [(it["check"], it["level"], it["message"]) for it in self.findings(*flags)]

    def patch(self, path: str, body: Json) -> None:
        answer = self.plane.api("PATCH", path, body, content_type=MERGE)
        assert answer.status == 200, answer.message

    def change(self, path: str, change: Callable[[Json], Any]) -> None:
        """Read an object, change it, and write it."""
        body = self.plane.api("GET", path).body
        change(body)
        answer = self.plane.api("PUT", path, body)
        assert answer.status == 200, answer.message

    def mend(self) -> None:
        """Do what it says is to be done."""
        for file in REPLACED:
            self.plane.kubectl("replace", "-f", BASE / file, check=False)  # what is still there
        self.plane.kubectl("apply", "--server-side", "--force-conflicts", "-k", BASE)

    def wait_until_well(self) -> None:
        said: Json = None

        def well() -> bool:
            nonlocal said
            said = self.said()
            return not said

        try:
            self.plane.wait_for(well, "end of all findings", timeout=90)
        except ControlPlaneError:
            pytest.fail(f"not well: {said}")


EVERYTHING: Json = [
    {
        "apiGroups": ["admissionregistration.k8s.io"],
        "resources": [
            "mutatingwebhookconfigurations",
            "validatingwebhookconfigurations",
            "validatingadmissionpolicies",
            "validatingadmissionpolicybindings",
        ],
        "verbs": ["get"],
    },
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]},
    {"apiGroups": ["policy"], "resources": ["poddisruptionbudgets"], "verbs": ["get"]},
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["list"]},
    {
        "apiGroups": ["rbac.authorization.k8s.io"],
        "resources": ["clusterroles", "clusterrolebindings", "roles", "rolebindings"],
        "verbs": ["list"],
    },
    {
        "apiGroups": ["secrets.noxus.ai"],
        "resources": ["secretinjectionpolicies"],
        "verbs": ["list"],
    },
    {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["list"]},
    {
        "apiGroups": [""],
        "resources": ["secrets"],
        "resourceNames": ["noxus-secret-webhook-tls"],
        "verbs": ["get"],
    },
    {"nonResourceURLs": ["/metrics"], "verbs": ["get"]},
]
READER = "reader"
TRUSTED = f"--trust=user:{READER}"  # it may read the Secret in which the CA's key is


@contextmanager
def user(doctor: Doctor, rules: Json, namespace: str) -> Iterator[Path]:
    """Make a user with these rights in the cluster, who may create pods in the namespace."""
    role = {"metadata": {"name": READER}, "rules": rules}
    doctor.plane.api("POST", f"{RBAC}/clusterroles", role)
    doctor.plane.kubectl(
        *("create", "clusterrolebinding", READER),
        *(f"--clusterrole={READER}", f"--user={READER}"),
    )
    doctor.plane.kubectl(
        *("create", "rolebinding", READER, "-n", namespace),
        *("--clusterrole=edit", f"--user={READER}"),
    )
    try:
        yield doctor.plane.kubeconfig_for(READER)
    finally:
        doctor.plane.kubectl("delete", "clusterrole,clusterrolebinding", READER)
        doctor.plane.kubectl("delete", "rolebinding", READER, "-n", namespace)


def enabled(doctor: Doctor) -> str:
    (name, *_) = [
        it["metadata"]["name"]
        for it in doctor.plane.api("GET", "/api/v1/namespaces").body["items"]
        if it["metadata"]["labels"].get(INJECTION) == "enabled"
    ]
    return str(name)
