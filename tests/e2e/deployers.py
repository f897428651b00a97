"""People who may deploy what the policy gives workers, and people who may not; and their rights.

All of them may edit the namespace of a test: what RBAC alone would let them do.
"""

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.controlplane.plane import ControlPlane
from tests.e2e.entries import registered
from tests.e2e.harness import CREATED, Webhook
from tests.e2e.world import Namespace
from tests.manifests.rendering import HOOK_KINDS, OWN, with_component

Json = Any

RBAC = "rbac.authorization.k8s.io"
EDITORS = "editors"
# What the role `edit` of Kubernetes leaves out, and some people have all the same.
MORE = "noxus-tests-more"
IMAGES = 'admission webhook "images.enabled.validate.secrets.noxus.ai" denied the request: '
REVISIONS = 'admission webhook "revisions.enabled.validate.secrets.noxus.ai" denied the request: '


@dataclass(frozen=True)
class Person:
    """Somebody who talks to the API server, with a kubeconfig of their own."""

    plane: ControlPlane
    user: str
    groups: Sequence[str]
    kubeconfig: Path

    @property
    def who(self) -> Json:
        """The arguments by which a request is sent in their name."""
        return {"user": self.user, "groups": self.groups}

    def kubectl(
        self, namespace: Namespace, *words: str | Path, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        own: tuple[str | Path, ...] = ("--kubeconfig", self.kubeconfig, "-n", namespace.name)
        return self.plane.kubectl(*own, *words, stdin=stdin, check=False)


def person(plane: ControlPlane, user: str, *groups: str) -> Person:
    return Person(plane, user, groups, plane.kubeconfig_for(user, groups))


@pytest.fixture(scope="session")
def jane(control_plane: ControlPlane) -> Person:
    """Who may edit, and is no deployer."""
    return person(control_plane, "jane", EDITORS)


@pytest.fixture(scope="session")
def dora(control_plane: ControlPlane) -> Person:
    """Who may edit, and deploys."""
    return person(control_plane, "dora", EDITORS, "noxus-deployers")


@pytest.fixture(scope="module")
def component(
    control_plane: ControlPlane,
    running_webhook: Webhook,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    """Our configurations are those with the component for deployers."""
    objects = with_component("deployers", tmp_path_factory.mktemp("component"))
    hooks = [objects[f"{kind} {OWN}"] for kind in HOOK_KINDS]

    def ask(namespace: Namespace) -> None:
        path = f"/apis/apps/v1/namespaces/{namespace.name}/controllerrevisions?dryRun=All"
        revision = {"metadata": {"name": "probe"}, "data": {}, "revision": 1}
        assert control_plane.api("POST", path, revision).status == CREATED

    with registered(control_plane, running_webhook, hooks, ask):
        yield


def let_edit(namespace: Namespace, *groups: str) -> None:
    """Give groups the rights of editors there, and return when they have them."""
    plane = namespace.plane
    resources = {"": ["pods/ephemeralcontainers", "podtemplates"], "apps": ["controllerrevisions"]}
    role = {
        "metadata": {"name": MORE},
        "rules": [
            {"apiGroups": [group], "resources": names, "verbs": ["*"]}
            for group, names in resources.items()
        ],
    }
    plane.api("POST", f"/apis/{RBAC}/v1/clusterroles", role)  # there from an earlier test, perhaps
    for name in ("edit", MORE):
        binding = {
            "metadata": {"name": name},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": name},
            "subjects": [{"kind": "Group", "name": it, "apiGroup": RBAC} for it in groups],
        }
        path = f"/apis/{RBAC}/v1/namespaces/{namespace.name}/rolebindings"
        answer = plane.api("POST", path, binding)
        assert answer.status == CREATED, answer.message
    last = {"group": "apps", "resource": "controllerrevisions", "verb": "create"}
    plane.wait_for(lambda: may(namespace, last, groups[-1]), "rights of editors")


def may(namespace: Namespace, what: Json, group: str) -> bool:
    """Tell whether RBAC lets a group do something there."""
    review = {
        "spec": {
            "user": "somebody",
            "groups": [group],
            "resourceAttributes": {"namespace": namespace.name, **what},
        }
    }
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    return bool(namespace.plane.api("POST", path, review).body["status"]["allowed"])


def not_among(user: str, namespace: Namespace, metadata: str = "metadata") -> str:
    """The sentence about what a worker would be given by itself."""
    return (
        f"user {user!r} is not among the deployers of what role worker is given in namespace "
        f"{namespace.name!r}; have one of them deploy this, or correct the role in "
        f"{metadata}.labels"
    )


def not_entrusted(user: str, what: str, container: str = "app") -> str:
    """The sentence about what a worker's pod has."""
    return (
        f"user {user!r} may not {what}: container {container!r} reads Secret 'vault-env' "
        "(spec.containers[0].envFrom[1].secretRef) of scope 'vault', and this user is not among "
        "its deployers; have one of them do it"
    )
