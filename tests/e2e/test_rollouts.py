"""The leader restarts workloads when a Secret changes, through the real API server.

It has the rights of the component `reload` and what the owner of the namespace gives it, and no
others. Pods do not run: the test says of them what a kubelet would.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from tests.e2e.conftest import OptedIn
from tests.e2e.harness import CREATED, OK, ROOT
from tests.e2e.workloads import DEPLOYMENT, MERGE, Kind, create, patch, read, stored
from tests.e2e.world import POLICIES, Namespace, for_namespaces, frontend, worker
from tests.manifests.rendering import WEBHOOK
from webhook.cluster.api import METADATA, Api, ApiError
from webhook.cluster.reloading import Reloading
from webhook.cluster.rollouts import RESTARTED_AT
from webhook.cluster.telling import Telling
from webhook.core.policyset import PolicySet
from webhook.core.words import RELOADED_ANNOTATION
from webhook.loading.load import load_text

Json = Any

RIGHTS = ROOT / "manifests" / "components" / "reload" / "rbac.yaml"
FORBIDDEN = 403
SECRETS = ("app-env", "worker-env", "tenant-a-llm")
ACCOUNT = "--serviceaccount=noxus-secrets:noxus-secret-webhook"
BOTH = "restarted: secret/app-env, secret/worker-env changed, which policy rolled gives to its pods"
QUIET = 2.0  # seconds, in the policy; times in managedFields are whole seconds


@dataclass
class Leader:
    """Does what the leader does, round by round, with the rights of our ServiceAccount."""

    namespace: Namespace
    told: list[Telling] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    waits: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        plane = self.namespace.plane
        plane.kubectl("apply", "-f", RIGHTS)
        self.kubeconfig = plane.kubeconfig_for(WEBHOOK, ["system:serviceaccounts"])
        # Those of other tests are none of its business.
        policy = for_namespaces(POLICIES["rolled"], "rolled", self.namespace.name)
        self._policies = load_text(yaml.safe_dump(policy, sort_keys=False)).policies

    def current(self) -> PolicySet:
        return self._policies

    def api_failed(self, what: str) -> None:
        self.failures.append(what)

    def restarted(self) -> None:
        """Each is told as well."""

    def waiting(self, count: int) -> None:
        self.waits.append(count)

    def round(self) -> list[str]:
        """Look once, as a leader that has just begun; return what was restarted."""
        before = len(self.told)
        asyncio.run(self._once())
        return [f"{it.subject.kind}/{it.subject.name}" for it in self.told[before:]]

    async def _once(self) -> None:
        async with Api(self.kubeconfig) as api:
            reloading = Reloading(
                api, self, metrics=self, tell=self.told.append, now=lambda: datetime.now(UTC)
            )
            self.waiting(await reloading.once())

    def ask(self, call: Callable[[Api], Awaitable[Json]]) -> Json:
        """Call the API server as it does."""

        async def asked() -> Json:
            async with Api(self.kubeconfig) as api:
                return await call(api)

        return asyncio.run(asked())

    def may_read(self, name: str) -> bool:
        """Try to read the metadata of a Secret, or of all of them where it has no name."""
        path = f"/api/v1/namespaces/{self.namespace.name}/secrets/{name}".rstrip("/")
        try:
            return bool(self.ask(lambda api: api.metadata(path)))
        except ApiError as error:
            return error.status != FORBIDDEN


@pytest.fixture
def leader(rolled: Namespace) -> Leader:
    """The leader, whom the owner of the namespace lets in."""
    leader = Leader(rolled)
    let_in(rolled)
    # The last of the three, and RBAC goes by it in a moment.
    path = f"/apis/apps/v1/namespaces/{rolled.name}/deployments"

    def in_force() -> bool:
        try:
            return bool(leader.ask(lambda api: api.get(path)))
        except ApiError:
            return False

    rolled.plane.wait_for(lambda: in_force() and leader.may_read("app-env"), "rights")
    return leader


@pytest.fixture
def rolled(opted_in: OptedIn) -> Namespace:
    """A namespace with the Secrets of the policy."""
    namespace = opted_in("rolled")
    for name in SECRETS:
        write(namespace, name, "first")
    return namespace


def let_in(namespace: Namespace) -> None:
    """Do what docs/guide-reload.md tells the owner of a namespace."""
    named = " ".join(f"--resource-name={name}" for name in SECRETS)
    for words in (
        f"role noxus-secrets-reload --verb=get --resource=secrets {named}",
        f"rolebinding noxus-secrets-reload --role=noxus-secrets-reload {ACCOUNT}",
        f"rolebinding noxus-secrets-restarts --clusterrole=noxus-secrets-reload {ACCOUNT}",
    ):
        namespace.plane.kubectl("-n", namespace.name, "create", *words.split())


def write(namespace: Namespace, name: str, value: str) -> None:
    """Have a Secret hold something."""
    path = f"/api/v1/namespaces/{namespace.name}/secrets"
    body = {"metadata": {"name": name}, "stringData": {"KEY": value}}
    if namespace.plane.api("POST", path, body).status == CREATED:
        return
    time.sleep(1.1)  # of two changes within one second the API's times tell one
    answer = namespace.plane.api("PATCH", f"{path}/{name}", body, content_type=MERGE)
    assert answer.status == OK, answer.message


def settle() -> None:
    """Let the quiet time pass, and the second that is cut off from the API's times."""
    time.sleep(QUIET + 1)


def restarted(leader: Leader) -> list[str]:
    """Go round until something is restarted: on a busy machine the quiet time ends later."""
    for _ in range(20):
        if found := leader.round():
            return found
        time.sleep(0.5)
    return []


def make_ready(namespace: Namespace, kind: Kind, name: str) -> None:
    """Do a kubelet's work until the rollout of a workload is done."""
    conditions = [{"type": "Ready", "status": "True"}]
    body = {"status": {"phase": "Running", "conditions": conditions}}

    def done() -> bool:
        for pod in namespace.listed():
            if pod["metadata"].get("deletionTimestamp"):
                path = f"{namespace.pods}/{pod['metadata']['name']}"
                namespace.plane.api("DELETE", path, {"gracePeriodSeconds": 0})
            elif pod["metadata"]["labels"]["app"] == name and not pod["status"].get("conditions"):
                path = f"{namespace.pods}/{pod['metadata']['name']}/status"
                namespace.plane.api("PATCH", path, body, content_type=MERGE)
        found = read(namespace, kind, name)
        status = found["status"]
        wanted = found["spec"]["replicas"]
        counts = ("replicas", "updatedReplicas", "availableReplicas")
        seen = status.get("observedGeneration") == found["metadata"]["generation"]
        return seen and all(status.get(it, 0) == wanted for it in counts)

    namespace.plane.wait_for(done, f"rollout of {name}")


def seen(leader: Leader, *names: str) -> None:
    """Go round until it is written down what these have: whoever writes meanwhile is let go first.

    Nothing is restarted for it.
    """

    def recorded() -> bool:
        assert leader.round() == []
        found = (read(leader.namespace, DEPLOYMENT, name)["metadata"] for name in names)
        return all(RELOADED_ANNOTATION in (it.get("annotations") or {}) for it in found)

    leader.namespace.plane.wait_for(recorded, f"records of {names}")


def restarted_at(namespace: Namespace, name: str) -> str | None:
    template = read(namespace, DEPLOYMENT, name)["spec"]["template"]["metadata"]
    found: str | None = (template.get("annotations") or {}).get(RESTARTED_AT)
    return found


@pytest.fixture
def two(rolled: Namespace, leader: Leader) -> Namespace:
    """A frontend and a worker of one pod each, which run, and were seen."""
    stored(rolled, DEPLOYMENT, frontend(), name="frontend", replicas=1)
    stored(rolled, DEPLOYMENT, worker(), name="worker", replicas=1)
    for name in ("frontend", "worker"):
        make_ready(rolled, DEPLOYMENT, name)
    seen(leader, "frontend", "worker")
    assert leader.failures == []
    return rolled


def test_a_secret_changes_and_what_was_given_it_is_restarted_one_after_the_other(
    two: Namespace, leader: Leader
) -> None:
    write(two, "app-env", "second")
    assert (leader.round(), leader.waits[-1]) == ([], 2)  # there may be more to come
    write(two, "worker-env", "second")
    settle()

    assert (restarted(leader), leader.waits[-1]) == (["Deployment/frontend"], 1)
    assert (leader.round(), leader.waits[-1]) == ([], 1)  # its pod is not there yet
    make_ready(two, DEPLOYMENT, "frontend")
    assert (restarted(leader), leader.waits[-1]) == (["Deployment/worker"], 0)
    make_ready(two, DEPLOYMENT, "worker")
    assert (leader.round(), leader.waits[-1]) == ([], 0)

    assert [it.note for it in leader.told] == [
        "restarted: secret/app-env changed, which policy rolled gives to its pods",
        BOTH,
    ]


def test_only_what_was_given_it_is_restarted(two: Namespace, leader: Leader) -> None:
    write(two, "tenant-a-llm", "second")
    settle()

    assert restarted(leader) == ["Deployment/worker"]
    make_ready(two, DEPLOYMENT, "worker")
    assert leader.round() == []
    assert restarted_at(two, "frontend") is None


def test_a_label_of_a_secret_and_the_same_value_again_restart_nothing(
    two: Namespace, leader: Leader
) -> None:
    path = f"/api/v1/namespaces/{two.name}/secrets/app-env?fieldManager=somebody-else"
    label = {"metadata": {"labels": {"checked": "yes"}, "annotations": {"note": "x"}}}
    assert two.plane.api("PATCH", path, label, content_type=MERGE).status == OK
    write(two, "worker-env", "first")
    settle()

    assert leader.round() == []


def test_a_budget_that_lets_no_pod_go_is_waited_for(two: Namespace, leader: Leader) -> None:
    budgets = f"/apis/policy/v1/namespaces/{two.name}/poddisruptionbudgets"
    selector = {"matchLabels": {"app": "worker"}}
    body = {"metadata": {"name": "keep"}, "spec": {"minAvailable": 1, "selector": selector}}
    assert two.plane.api("POST", budgets, body).status == CREATED

    def counted() -> bool:
        status = two.plane.api("GET", f"{budgets}/keep").body["status"]
        return bool(status.get("expectedPods")) and status.get("disruptionsAllowed") == 0

    two.plane.wait_for(counted, "budget that counts its pod")
    write(two, "tenant-a-llm", "second")
    settle()

    assert (leader.round(), leader.waits[-1]) == ([], 1)
    two.plane.api("DELETE", f"{budgets}/keep")
    assert restarted(leader) == ["Deployment/worker"]


def test_what_is_scaled_to_zero_is_not_restarted_when_it_comes_back(
    two: Namespace, leader: Leader
) -> None:
    assert patch(two, DEPLOYMENT, {"spec": {"replicas": 0}}, name="worker").status == OK
    write(two, "tenant-a-llm", "second")
    settle()

    assert (leader.round(), leader.waits[-1]) == ([], 0)
    assert patch(two, DEPLOYMENT, {"spec": {"replicas": 1}}, name="worker").status == OK
    assert leader.round() == []


def test_a_restart_goes_through_where_the_template_belongs_to_somebody_else(
    rolled: Namespace, leader: Leader
) -> None:
    made = create(rolled, DEPLOYMENT, DEPLOYMENT.of(frontend(), name="frontend", replicas=1))
    assert made.status == CREATED
    make_ready(rolled, DEPLOYMENT, "frontend")  # nobody else writes it any more
    seen(leader, "frontend")
    write(rolled, "app-env", "second")
    settle()
    before = read(rolled, DEPLOYMENT, "frontend")["spec"]["template"]

    assert restarted(leader) == ["Deployment/frontend"]
    after = read(rolled, DEPLOYMENT, "frontend")["spec"]["template"]
    mark = after["metadata"].pop("annotations")
    assert mark.keys() == {RESTARTED_AT}
    assert after == before


def test_where_the_owner_has_not_let_it_in_nothing_is_restarted(rolled: Namespace) -> None:
    stranger = Leader(rolled)
    made = stored(rolled, DEPLOYMENT, frontend(), name="frontend", replicas=1)

    assert (stranger.round(), stranger.waits[-1]) == ([], 0)
    assert set(stranger.failures) == {"reload"}
    after = read(rolled, DEPLOYMENT, "frontend")["metadata"]
    assert "secrets.noxus.ai/reloaded" not in after.get("annotations", {})
    assert after["uid"] == made["metadata"]["uid"]


def test_it_may_read_the_secrets_that_were_named_and_no_others(
    rolled: Namespace, leader: Leader
) -> None:
    write(rolled, "other", "value")

    assert [leader.may_read(it) for it in ("app-env", "other", "")] == [True, False, False]


def test_the_metadata_of_a_secret_is_all_that_is_sent(rolled: Namespace, leader: Leader) -> None:
    path = f"/api/v1/namespaces/{rolled.name}/secrets/app-env"

    async def whole(api: Api) -> Json:
        return json.loads(await api._body("GET", path, accept=METADATA))

    answer = leader.ask(whole)

    assert answer["kind"] == "PartialObjectMetadata"
    assert answer.keys() == {"kind", "apiVersion", "metadata"}
