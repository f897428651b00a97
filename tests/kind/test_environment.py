"""What processes really see: the variables in running containers, and what people are told."""

import pytest

from tests.kind.cluster import Cluster, ClusterError
from tests.kind.conftest import OptedIn
from tests.kind.world import Namespace, canary, container, given, labels, secret

PLUGIN = {"PLUGIN_SERVER_API_KEY": canary("plugin-secrets", "PLUGIN_SERVER_API_KEY")}
SEEN = {
    ("frontend", None): given("app-env"),
    ("backend", None): given("app-env") | PLUGIN,
    ("relay", None): given("app-env"),
    ("plugin-server", None): given("app-env") | PLUGIN,
    ("sandbox", None): {},
    ("beat", None): {},
    ("worker", None): given("app-env", "worker-env"),
    ("worker", "default"): given("app-env", "worker-env"),
    ("worker", "tenant-a"): given("app-env", "worker-env", "tenant-a-llm"),
    ("worker", "tenant-b"): given("app-env", "worker-env", "tenant-b-llm"),
}
TENANT_B = {"secretRef": {"name": "tenant-b-llm"}}


def refused_at(spec: str) -> str:
    """Return what a worker of pool tenant-a is told who names TENANT_B."""
    return (
        f"container 'app' may not read Secret 'tenant-b-llm' ({spec}.containers[0].envFrom[0]"
        ".secretRef): it belongs to worker pool 'tenant-b', and this pod is of pool 'tenant-a'; "
        "remove it, or correct the pod's pool"
    )


def pod_name(role: str, pool: str | None) -> str:
    return f"{role}-{pool}" if pool else role


@pytest.fixture(scope="module")
def namespace(opted_in: OptedIn) -> Namespace:
    """A namespace with a running pod of each role and pool."""
    made = opted_in("environment")
    for role, pool in SEEN:
        made.pod(pod_name(role, pool), labels(role, pool))
    return made


@pytest.mark.parametrize(("role", "pool"), SEEN, ids=[pod_name(*it) for it in SEEN])
def test_a_process_sees_what_its_role_and_pool_are_entitled_to(
    namespace: Namespace, role: str, pool: str | None
) -> None:
    assert namespace.sees(pod_name(role, pool)) == SEEN[role, pool]


def test_the_value_of_the_pool_wins_over_the_shared_one_wherever_the_pod_names_it(
    namespace: Namespace,
) -> None:
    first = [{"secretRef": {"name": "tenant-a-llm"}}, {"secretRef": {"name": "app-env"}}]
    app = container(namespace.cluster.image, "app", envFrom=first)

    namespace.pod("pool-named-first", labels("worker", "tenant-a"), containers=[app])

    seen = namespace.sees("pool-named-first")
    assert seen["LLM_KEY"] == canary("tenant-a-llm", "LLM_KEY")
    assert seen == SEEN["worker", "tenant-a"]


def test_a_variable_of_the_pods_own_wins_over_every_source(namespace: Namespace) -> None:
    own = [{"name": "LLM_KEY", "value": "canary-of-the-pod"}]
    app = container(namespace.cluster.image, "app", env=own)

    namespace.pod("own-variable", labels("worker", "tenant-a"), containers=[app])

    seen = namespace.sees("own-variable")
    assert seen == SEEN["worker", "tenant-a"] | {"LLM_KEY": "canary-of-the-pod"}


def test_init_containers_and_native_sidecars_see_the_same_and_excluded_ones_nothing(
    namespace: Namespace,
) -> None:
    image = namespace.cluster.image
    prepare = container(image, "prepare", seconds="0")
    sidecar = container(image, "sidecar", restartPolicy="Always")
    proxy = container(image, "istio-proxy")

    namespace.pod(
        "with-company",
        labels("worker", "tenant-a"),
        initContainers=[prepare, sidecar],
        containers=[container(image, "app"), proxy],
    )

    seen = {
        name: namespace.sees("with-company", name)
        for name in ("prepare", "sidecar", "app", "istio-proxy")
    }
    expected = SEEN["worker", "tenant-a"]
    assert seen == {"prepare": expected, "sidecar": expected, "app": expected, "istio-proxy": {}}


def test_a_debug_container_sees_nothing_and_the_pod_goes_on(namespace: Namespace) -> None:
    pod = pod_name("worker", "tenant-a")
    namespace.sees(pod)  # it runs
    script = container(namespace.cluster.image, "debug")["command"]

    namespace.kubectl(
        "debug",
        pod,
        f"--image={namespace.cluster.image}",
        "--image-pull-policy=IfNotPresent",
        "--container=debugger",
        "--target=app",
        "--profile=general",
        "--",
        *script,
    )

    assert namespace.sees(pod, "debugger") == {}
    (app,) = namespace.get("pod", pod)["status"]["containerStatuses"]
    assert (app["restartCount"], sorted(app["state"])) == (0, ["running"])


def test_a_pod_whose_secret_is_missing_waits_says_so_and_starts_when_it_is_there(
    opted_in: OptedIn,
) -> None:
    without = opted_in("missing", secrets=("worker-env", "tenant-a-llm"))
    without.pod("early", labels("worker", "tenant-a"))

    def waiting() -> str | None:
        statuses = without.get("pod", "early")["status"].get("containerStatuses") or [{}]
        reason = statuses[0].get("state", {}).get("waiting", {})
        return reason["message"] if reason.get("reason") == "CreateContainerConfigError" else None

    said = without.cluster.wait_for(waiting, "CreateContainerConfigError")
    without.apply(secret("app-env"))

    assert said == 'secret "app-env" not found'
    assert without.sees("early") == SEEN["worker", "tenant-a"]


def test_the_author_of_a_deployment_is_told_at_once_what_its_pods_may_not_read(
    namespace: Namespace,
) -> None:
    app = container(namespace.cluster.image, "app", envFrom=[TENANT_B])

    with pytest.raises(ClusterError) as refused:
        namespace.deployment("greedy", labels("worker", "tenant-a"), containers=[app])

    assert refused_at("spec.template.spec") in str(refused.value)


def test_a_deployment_from_before_the_opt_in_is_refused_its_pods_and_events_say_why(
    opted_in: OptedIn,
) -> None:
    namespace = opted_in("before", mode=None)
    app = container(namespace.cluster.image, "app", envFrom=[TENANT_B])
    namespace.deployment("greedy", labels("worker", "tenant-a"), replicas=0, containers=[app])
    namespace.make("enabled", secrets=())

    namespace.kubectl("scale", "deployment/greedy", "--replicas=1")

    def told(reason: str) -> str | None:
        events = namespace.events("ReplicaSet", "greedy-")
        return next((text for why, text in events if why == reason), None)

    wait_for = namespace.cluster.wait_for
    failed = wait_for(lambda: told("FailedCreate"), "what the ReplicaSet says")
    event = wait_for(lambda: told("SecretsRefused"), "what the webhook says")

    assert "denied the request: " + refused_at("spec") in failed
    assert event.startswith(refused_at("spec"))
    assert "canary" not in failed + event


def test_the_pod_says_what_it_was_given_and_no_value_is_stored_with_it(
    namespace: Namespace, cluster: Cluster
) -> None:
    pod = namespace.get("pod", pod_name("worker", "tenant-a"))
    logs = cluster.kubectl(
        "--namespace", "noxus-secrets", "logs", "deployment/noxus-secret-webhook", "--all-pods"
    )

    assert pod["metadata"]["annotations"]["secrets.noxus.ai/injected"] == (
        "shared,worker,pool/tenant-a"
    )
    assert "canary" not in logs
    assert '"namespace": "e2e-environment"' in logs or '"namespace":"e2e-environment"' in logs
