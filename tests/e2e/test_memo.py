"""The memory of answers, with reviews as a real API server and its controllers write them."""

import yaml

from tests.e2e.harness import Webhook
from tests.e2e.workloads import DEPLOYMENT, Kind, patch, stored
from tests.e2e.world import Namespace, container, policy, sources, worker

MANY = 6
SIDECAR = container("sidecar")
SIDECAR["volumeMounts"] = [{"name": "shared", "mountPath": "/shared"}]
POD = worker(container("app"), SIDECAR, volumes=[{"name": "shared", "emptyDir": {}}])


def hits(webhook: Webhook) -> float:
    return webhook.metric("memo", result="hit")


def known(namespace: Namespace, webhook: Webhook, count: int, before: float) -> bool:
    """Scale on from `count` pods until some are known again.

    Policies of other tests may come or go meanwhile, and each time everything is forgotten.
    """
    for more in range(count, count + 40, 4):
        if hits(webhook) > before:
            return True
        grown(namespace, DEPLOYMENT, more + 4)
    return hits(webhook) > before


def told(webhook: Webhook) -> dict[str, float]:
    """Return how all reviews were looked up."""
    results = ("hit", "miss", "unfit", "skipped")
    return {it: webhook.metric("memo", result=it) for it in results}


def grown(namespace: Namespace, kind: Kind, count: int) -> list[dict[str, list[str]]]:
    """Scale, and return the sources of each pod once all are there."""
    patch(namespace, kind, {"spec": {"replicas": count}})
    namespace.plane.wait_for(lambda: len(namespace.listed()) == count, f"{count} pods")
    return [sources(pod) for pod in namespace.listed()]


def test_the_pods_of_a_deployment_are_decided_about_once(
    namespace: Namespace, webhook: Webhook
) -> None:
    # After another policy each pod is looked up, whatever came before.
    webhook.add_policy(yaml.safe_dump(policy(f"of-{namespace.name}"), sort_keys=False))
    stored(namespace, DEPLOYMENT, POD)
    expected = grown(namespace, DEPLOYMENT, 2)
    before = hits(webhook)

    assert grown(namespace, DEPLOYMENT, MANY) == [*expected, *expected, *expected]
    assert known(namespace, webhook, MANY, before), told(webhook)


def test_another_policy_makes_them_be_decided_about_again(
    namespace: Namespace, webhook: Webhook
) -> None:
    stored(namespace, DEPLOYMENT, POD)
    grown(namespace, DEPLOYMENT, 3)
    webhook.add_policy(yaml.safe_dump(policy(f"of-{namespace.name}"), sort_keys=False))
    before = hits(webhook)
    grown(namespace, DEPLOYMENT, 5)

    assert hits(webhook) == before
    assert known(namespace, webhook, 5, before), told(webhook)
