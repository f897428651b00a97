"""What the page of a plan says, as text."""

from dataclasses import replace

import pytest

from tests.audit.example import PLAN
from tests.report.document import Document
from tests.report.pages import OCCASION
from webhook.audit.changes import ContainerChange, Dimension, Order, Plan, Widening, WorkloadChange
from webhook.report.html import plan_page
from webhook.report.pages.changes import by_secret, statuses, widened

WORKER = PLAN.changes[1]


def said(plan: Plan) -> str:
    return " ".join(" ".join(Document(plan_page(plan, OCCASION)).text).split())


def widening(dimension: Dimension, value: str, secret: str = "llm-keys") -> Widening:  # noqa: S107
    return Widening(secret, dimension, value, None, f"Secret {secret!r} reaches {value}")


def test_a_plan_that_changes_nothing_says_so() -> None:
    text = said(replace(PLAN, changes=(), widenings=()))

    assert "Nothing changes." in text
    assert "All of 5 workloads stay as they are." in text
    assert "No Secret reaches a role, pool or namespace that it did not reach before." in text


def test_the_verdict_says_what_changes_and_what_widens() -> None:
    assert "2 workloads would change, and 1 Secret would reach further." in said(PLAN)
    assert "2 workloads would change. No Secret reaches further." in said(
        replace(PLAN, widenings=())
    )
    assert "No workload would change, but 1 Secret would reach further." in said(
        replace(PLAN, changes=())
    )


def test_a_workload_is_told_with_gains_losses_and_both_orders() -> None:
    text = said(PLAN)

    assert "container worker gains llm-keys loses plugin-secrets/KEY" in text
    assert (
        "Before, a later one wins app-env worker-env tenant-a-llm "
        "After worker-env moved app-env moved llm-keys gains tenant-a-llm"
    ) in text


def test_what_is_lost_is_marked_before_and_what_is_gained_after() -> None:
    change = replace(
        WORKER,
        containers=(ContainerChange("worker", ("b",), ("a",), ("a", "c"), ("b", "c")),),
        orders=(),
    )

    assert ("gains b loses a Before, a later one wins a loses c After b gains c") in said(
        replace(PLAN, changes=(change,))
    )


def test_an_order_alone_is_told_without_gains_or_losses() -> None:
    change = replace(WORKER, containers=(), orders=(Order("worker", ("a", "b"), ("b", "a")),))
    text = said(replace(PLAN, changes=(change,)))

    assert "container worker Before, a later one wins a b After b moved a moved" in text


def test_a_new_refusal_is_told_as_a_whole_sentence() -> None:
    assert f"newly refused Refused after {PLAN.changes[0].refused_after[0].message}" in said(PLAN)


def gaining(source: str) -> WorkloadChange:
    return replace(WORKER, containers=(ContainerChange("worker", (source,), (), (), (source,)),))


@pytest.mark.parametrize(
    "further",
    [
        widening(Dimension.ROLE, "worker"),
        widening(Dimension.UNASKED, "worker"),
        widening(Dimension.POOL, "tenant-a"),
        widening(Dimension.POOL, "*"),
        widening(Dimension.NAMESPACE, "noxus"),
        widening(Dimension.NAMESPACE, "nox*"),
        widening(Dimension.KEY, "OPENAI"),
        widening(Dimension.SERVICE_ACCOUNT, "noxus-worker"),
    ],
)
def test_a_gain_is_marked_where_its_secret_reaches_the_workload_only_now(further: Widening) -> None:
    assert widened(WORKER, by_secret([further])) == {"llm-keys"}


@pytest.mark.parametrize(
    "further",
    [
        widening(Dimension.ROLE, "backend"),
        widening(Dimension.UNASKED, "backend"),
        widening(Dimension.POOL, "tenant-b"),
        widening(Dimension.NAMESPACE, "other*"),
        widening(Dimension.ROLE, "worker", "app-env"),
    ],
)
def test_a_gain_is_not_marked_for_what_widens_elsewhere(further: Widening) -> None:
    assert widened(WORKER, by_secret([further])) == set()


def test_a_single_key_that_is_gained_widens_as_its_secret_does() -> None:
    further = by_secret([widening(Dimension.ROLE, "worker")])

    assert widened(gaining("llm-keys/OPENAI"), further) == {"llm-keys"}
    assert widened(gaining("llm-keys (prefix LLM_)"), further) == {"llm-keys"}
    assert widened(gaining("ConfigMap llm-keys"), further) == set()


def test_a_gain_that_widens_says_so() -> None:
    plan = replace(PLAN, widenings=(widening(Dimension.ROLE, "worker"),))

    assert "gains llm-keys widens" in said(plan)


def test_what_widens_is_told_with_its_direction() -> None:
    further = tuple(widening(each, "worker") for each in (Dimension.ROLE, Dimension.UNASKED))
    text = said(replace(PLAN, widenings=further))

    assert "llm-keys by role Secret 'llm-keys' reaches worker" in text
    assert "llm-keys without asking Secret" in text


def test_what_changes_without_gain_or_loss_is_found_too() -> None:
    moved = replace(WORKER, containers=(), orders=(), dry_run_before=True, pool_before="tenant-b")
    text = said(replace(PLAN, changes=(moved,)))

    assert statuses(moved, frozenset()) == ["otherwise"]
    assert "pool tenant-b → tenant-a mode dry run → enforced" in text
