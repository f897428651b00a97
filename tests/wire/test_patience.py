"""Where each pod is another, few are looked up; answers are the same."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.kit import CIRCLES, policy
from tests.wire.memo_kit import Asking, Pods
from webhook.core.policyset import PolicySet
from webhook.core.words import Hook
from webhook.wire.patience import EVERY, MOST, Patience


class Crowd:
    """Pods of which each is one of a kind."""

    def __init__(self) -> None:
        self._number = count()

    def body(self) -> bytes:
        return Pods(annotations={"job": f"{next(self._number)}"}).body(1)

    def tire(self, asking: Asking, *, most: int) -> None:
        """Ask about so many that patience is at its end."""
        assert {asking.ask(self.body()) for _ in range(most)} == {"miss"}


def test_pods_of_which_each_is_another_are_hardly_looked_up() -> None:
    asking, crowd = Asking(), Crowd()
    crowd.tire(asking, most=MOST)

    results = [asking.ask(crowd.body()) for _ in range(2 * EVERY)]

    assert results == 2 * [*["skipped"] * (EVERY - 1), "miss"]
    assert asking.memo.counts() == {
        "hit": 0,
        "miss": MOST + 2,
        "unfit": 0,
        "skipped": 2 * (EVERY - 1),
    }


def test_a_workload_that_is_scaled_up_then_is_known_by_its_27th_pod() -> None:
    asking, crowd = Asking(), Crowd()
    crowd.tire(asking, most=MOST)

    results = [asking.ask(Pods().body(n)) for n in range(2 * EVERY)]

    assert results == 2 * [*["skipped"] * (EVERY - 1), "miss"]
    assert [asking.ask(Pods().body(n)) for n in range(5)] == 5 * ["hit"]


def test_one_that_is_known_ends_the_time_of_few_lookups() -> None:
    asking, crowd = Asking(patience=Patience(3, 2)), Crowd()
    asking.know(Pods())  # once in vain, once with something to keep
    crowd.tire(asking, most=2)
    assert [asking.ask(Pods().body(n)) for n in (3, 4)] == ["skipped", "hit"]

    crowd.tire(asking, most=3)
    assert asking.ask(crowd.body()) == "skipped"


def test_as_many_known_as_unknown_are_looked_up_for_ever() -> None:
    asking, crowd = Asking(patience=Patience(2, 5)), Crowd()
    asking.know(Pods())

    results = [asking.ask(it) for n in range(9) for it in (Pods().body(n), crowd.body())]

    assert results == 9 * ["hit", "miss"]


def test_other_policies_make_it_patient_again() -> None:
    asking, crowd = Asking(patience=Patience(2, 100)), Crowd()
    crowd.tire(asking, most=2)
    assert asking.ask(crowd.body()) == "skipped"
    asking.policies = PolicySet([policy(CIRCLES)])

    crowd.tire(asking, most=2)
    assert asking.ask(crowd.body()) == "skipped"


def test_what_is_never_kept_costs_no_patience() -> None:
    asking = Asking(patience=Patience(1, 100))

    assert [asking.ask(b" " + Pods().body(n)) for n in range(3)] == 3 * ["unfit"]


def test_of_two_hooks_by_turns_each_gets_its_turn() -> None:
    asking, crowd = Asking(), Crowd()
    crowd.tire(asking, most=MOST)
    hooks = [hook for _ in range(2 * EVERY) for hook in (Hook.MUTATE, Hook.VALIDATE)]

    looked_up = [hook for hook in hooks if asking.ask(crowd.body(), hook) == "miss"]

    assert looked_up == 2 * [Hook.MUTATE, Hook.VALIDATE]


@pytest.mark.parametrize("every", [1, 2, 7])
@given(results=st.lists(st.booleans(), max_size=60))
def test_one_in_so_many_is_always_looked_up(every: int, results: list[bool]) -> None:
    patience, passed = Patience(3, every), 0
    for known in results:
        looks = patience.looks()
        passed = 0 if looks else passed + 1
        assert passed < every
        if looks:
            (patience.known if known else patience.unknown)()
