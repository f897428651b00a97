"""The exported policies as their users meet them, in namespaces without the webhook."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.controlplane.plane import ControlPlane
from tests.e2e import native
from tests.e2e.harness import CREATED
from tests.e2e.places import in_templates, naming, places
from tests.e2e.workloads import DEPLOYMENT
from tests.e2e.world import Namespace, container, frontend, pod, policy, sources, worker
from webhook.loading.load import load_text

Json = Any

DENIED = (
    "pods \"one\" is forbidden: ValidatingAdmissionPolicy 'noxus-secrets.refuse.standard' with "
    "binding 'noxus-secrets.refuse.standard.enabled' denied request: "
)
WARNED = (
    "Validation failed for ValidatingAdmissionPolicy 'noxus-secrets.warn.standard' with binding "
    "'noxus-secrets.warn.standard.enabled': "
)


@pytest.fixture(scope="module", autouse=True)
def _in_force(control_plane: ControlPlane) -> Iterator[None]:
    documents = [policy("standard"), policy("strict", guard={"unmanagedSecrets": "Deny"})]
    policies = load_text(yaml.safe_dump_all(documents)).policies
    with native.in_force(control_plane, native.exported(policies)):
        yield


@pytest.fixture
def alone(control_plane: ControlPlane) -> Namespace:
    """A namespace that the webhook is never asked about."""
    return Namespace(control_plane, control_plane.namespace("standard", {native.LABEL: "enabled"}))


def test_what_a_pod_may_have_is_injected_in_order(alone: Namespace) -> None:
    made = alone.created(worker(container("app", "worker-env", "own", "app-env")))

    assert sources(made) == {"app": ["app-env", "own", "worker-env", "tenant-a-llm"]}
    assert made["metadata"]["annotations"]["secrets.noxus.ai/injected"] == (
        "shared,worker,pool/tenant-a"
    )


OF_WORKERS = "it belongs to scope 'worker' (only worker), and"
NOT_SO = "not entitled to read it so here; remove it, or correct the labels of the pod"
POOL = "metadata.labels[noxus.ai/worker-pool] claims worker pool"
SCOPES = "metadata.annotations[secrets.noxus.ai/scopes] asks for scope"
REFUSED: dict[str, tuple[Json, str]] = {
    "a Secret of another role": (
        frontend(container("app", "worker-env")),
        (
            "container 'app' may not read Secret 'worker-env' (spec.containers[0].envFrom[1]"
            f".secretRef): {OF_WORKERS} role frontend is {NOT_SO}"
        ),
    ),
    "a Secret without a role": (
        pod(None, None, container("app", "worker-env")),
        (
            "container 'app' may not read Secret 'worker-env' (spec.containers[0].envFrom[0]"
            f".secretRef): {OF_WORKERS} a pod of unknown role is {NOT_SO}"
        ),
    ),
    "a pool of another role": (
        pod("frontend", "tenant-a"),
        (
            f"{POOL} 'tenant-a', but only role worker belongs to pools, and this is role "
            "frontend of pool 'tenant-a'; remove the pool, or correct the role"
        ),
    ),
    "a pool that is not listed": (
        pod("worker", "nowhere"),
        (
            f"{POOL} 'nowhere', which policy 'standard' does not list; correct it, or have the "
            "policy's owner add the pool"
        ),
    ),
    "a scope that there is not": (
        pod("worker", metadata={"annotations": {"secrets.noxus.ai/scopes": "nonesuch"}}),
        f"{SCOPES} 'nonesuch', of which policy 'standard' has none; remove or correct it",
    ),
    "a scope of others": (
        pod("worker", metadata={"annotations": {"secrets.noxus.ai/scopes": "ai-providers"}}),
        f"{SCOPES} 'ai-providers', which role worker is not entitled to here; remove or correct it",
    ),
}


@pytest.mark.parametrize(("refused", "message"), REFUSED.values(), ids=list(REFUSED))
def test_a_refusal_says_what_is_wrong_where_and_the_way_out(
    alone: Namespace, refused: Json, message: str
) -> None:
    answer = alone.create(refused)

    assert (answer.status, answer.message) == (403, DENIED + message)


def test_of_many_findings_five_are_told_and_the_rest_counted(alone: Namespace) -> None:
    answer = alone.create(frontend(*(container(f"app-{i}", "worker-env") for i in range(7))))

    assert answer.status == 403
    assert answer.message.count("may not read") == 5
    assert answer.message.endswith("; and 2 more")


def test_what_a_policy_warns_of_is_a_warning(alone: Namespace) -> None:
    answer = alone.create(pod())

    assert answer.status == CREATED
    assert answer.warnings == [
        f"{WARNED}no Noxus role, so nothing is injected: label the pod noxus.ai/role: <role>"
    ]


def test_in_dry_run_it_is_told_what_would_be_refused_and_nothing_is_changed(
    control_plane: ControlPlane,
) -> None:
    name = control_plane.namespace("standard", {native.LABEL: "dry-run"})

    answer = Namespace(control_plane, name).create(frontend(container("app", "worker-env")))

    assert answer.status == CREATED
    assert sources(answer.body) == {"app": ["worker-env"]}
    assert len(answer.warnings) == 1
    assert "container 'app' may not read Secret 'worker-env'" in answer.warnings[0]


def test_a_namespace_without_a_policy_is_closed(control_plane: ControlPlane) -> None:
    name = control_plane.namespace("nobodys", {native.LABEL: "enabled"})

    answer = Namespace(control_plane, name).create(frontend())

    assert answer.status == 403
    assert (
        f"namespace '{name}' is opted in, but no SecretInjectionPolicy covers it" in answer.message
    )


def test_whatever_names_a_secret_is_refused_in_every_place(alone: Namespace) -> None:
    passed = {}
    for path, kind in in_templates(places(alone.plane)):
        answer = alone.create(naming(path, kind, "worker-env"), query="?dryRun=All")
        if native.DENIED not in answer.message or "'worker-env' (spec." not in answer.message:
            passed[path] = (answer.status, answer.message)

    assert passed == {}


def test_a_list_that_reaches_a_policy_as_null_is_an_empty_one(alone: Namespace) -> None:
    """Go writes these so, where a person writes nothing: every list without `omitempty`."""
    it = frontend()
    it["spec"]["volumes"] = [
        {"name": "none", "projected": {}},
        {"name": "empty", "projected": {"sources": []}},
        {"name": "null", "projected": {"sources": None}},
    ]
    it["spec"]["initContainers"] = None
    it["spec"]["imagePullSecrets"] = None

    assert alone.create(it).status == CREATED
    it["spec"]["volumes"][2]["projected"]["sources"] = [{"secret": {"name": "worker-env"}}]
    answer = alone.create(it)
    assert "'worker-env' (spec.volumes[2].projected.sources[0].secret" in answer.message


def test_in_strict_mode_a_secret_of_nobody_is_refused_in_every_place_but_to_pull_images(
    control_plane: ControlPlane,
) -> None:
    name = control_plane.namespace("strict", {native.LABEL: "enabled"})
    namespace = Namespace(control_plane, name)

    passed = {
        path
        for path, kind in in_templates(places(control_plane))
        if "'own' (spec."
        not in namespace.create(naming(path, kind, "own"), query="?dryRun=All").message
    }

    assert {path.partition("[")[0] for path in passed} == {"imagePullSecrets"}


def test_the_author_of_a_workload_is_told_at_once(alone: Namespace) -> None:
    template = frontend(container("app", "worker-env"))

    answer = alone.plane.api("POST", DEPLOYMENT.path(alone.name), DEPLOYMENT.of(template))

    assert answer.status == 403
    field = "spec.template.spec.containers[0].envFrom[0].secretRef"
    assert f"container 'app' may not read Secret 'worker-env' ({field})" in answer.message


def test_the_api_server_finds_no_fault_with_their_types(control_plane: ControlPlane) -> None:
    for name in ("refuse.standard", "warn.standard", "refuse.strict"):
        path = f"{native.GROUP}/validatingadmissionpolicies/noxus-secrets.{name}"

        def checked(path: str = path) -> Json:
            status = control_plane.api("GET", path).body.get("status") or {}
            return status if status.get("observedGeneration") else None

        found = control_plane.wait_for(checked, "type check")
        assert not found.get("typeChecking", {}).get("expressionWarnings")


def test_a_source_that_somebody_takes_away_is_missed(control_plane: ControlPlane) -> None:
    """As where another webhook changes the pod afterwards, or nothing injects at all."""
    opted_in = {native.LABEL: "enabled", native.UNCHANGED: "yes"}
    namespace = Namespace(control_plane, control_plane.namespace("standard", opted_in))

    answer = namespace.create(frontend())

    assert answer.status == 403
    assert answer.message == (
        f"{DENIED}container 'app' (spec.containers[0]) was not injected; create it again "
        "(controllers do so by themselves)"
    )
