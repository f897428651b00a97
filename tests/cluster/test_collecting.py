"""The garbage collector keeps away from policies that are loaded: it would hold up requests."""

import gc
from collections.abc import Callable
from typing import Any

import pytest

from webhook.cluster.policies import ClusterPolicySource, _together
from webhook.core.compile import CompiledPolicy
from webhook.loading.problems import PolicyError, Problem


def source(load: Callable[[Any], Any]) -> ClusterPolicySource:
    """Make one that is asked to load, and nothing else."""
    nobody: Any = None
    return ClusterPolicySource(
        nobody,
        load=load,
        recall=nobody,
        meter=nobody,
        board=nobody,
        backoff=nobody,
        clock=lambda: 0.0,
    )


@pytest.mark.parametrize("error", [PolicyError([Problem("p", 1, "spec", "bad")]), LookupError()])
def test_it_rests_while_a_resource_is_loaded_and_works_afterwards(error: Exception) -> None:
    at_work: list[bool] = []

    def load(_: Any) -> None:  # noqa: ANN401 - any resource
        at_work.append(gc.isenabled())
        raise error

    source(load)._try({})

    assert [*at_work, gc.isenabled()] == [False, True]


def test_it_rests_while_the_policies_are_put_together() -> None:
    at_work: list[bool] = []

    class Noting(list[CompiledPolicy]):
        def __iter__(self) -> Any:  # noqa: ANN401
            at_work.append(gc.isenabled())
            return super().__iter__()

    policies, conflicts = _together(Noting(), 3)

    assert (len(policies), policies.generation, conflicts) == (0, 3, {})
    assert set(at_work) == {False}
    assert gc.isenabled()
