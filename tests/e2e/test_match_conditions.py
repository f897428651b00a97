"""Of all writes of debug containers, the webhook is asked about those that add one."""

from tests.e2e.harness import Webhook
from tests.e2e.world import Namespace, debugger, frontend

PART = "ephemeralcontainers"


def asked(webhook: Webhook, namespace: Namespace) -> list[str]:
    """Return which hooks were asked about debug containers there, in order."""
    lines = webhook.decisions(namespace.name)
    return [line["hook"] for line in lines if line["resource"] == f"pods/{PART}"]


def test_each_one_more_is_judged_by_both_hooks(namespace: Namespace, webhook: Webhook) -> None:
    first = namespace.debug(namespace.created(frontend()), debugger())
    second = namespace.debug(first.body, debugger("second", "worker-env"))

    assert (first.status, second.status) == (200, 403)
    # What the first refuses, the second is not asked about.
    assert asked(webhook, namespace) == ["mutate", "validate", "mutate"]


def test_the_same_ones_again_are_stored_without_a_question_though_nobody_could_answer(
    namespace: Namespace, webhook: Webhook
) -> None:
    pod = namespace.debug(namespace.created(frontend()), debugger()).body
    webhook.stop()
    try:
        again = namespace.replace(pod, PART)
        more = namespace.debug(pod, debugger("second"))
    finally:
        webhook.start()

    assert (again.status, again.body["spec"]) == (200, pod["spec"])
    assert more.status == 500
    assert asked(webhook, namespace) == ["mutate", "validate"]
