"""The drills in short: `make drills` takes longer, and writes down the figures."""

import pytest

from tests.drills.drills import DRILLS, Drill
from tests.drills.memory import day
from tests.drills.stage import Stage

# The longest takes half a minute on an idle machine.
pytestmark = [pytest.mark.cluster, pytest.mark.drill, pytest.mark.timeout(300)]

QUICK = [drill for drill in DRILLS if drill.quick]
# What is not constant grows by far more: a review is 7 kB, and an hour has 7,000. In two hours the
# allocator alone makes for 0.2 MB an hour.
CONSTANT_MB_AN_HOUR = 1.0


@pytest.mark.parametrize("drill", QUICK, ids=[drill.name.replace(" ", "-") for drill in QUICK])
def test_no_pod_slips_through_and_none_is_refused_wrongly(stage: Stage, drill: Drill) -> None:
    result = drill.run(stage)

    assert drill.complaints(result) == []
    stage.settle()


def test_memory_stays_as_it_is(stage: Stage) -> None:
    short = day(stage, hours=2)

    assert list(short.wrong) == []
    assert short.slope < CONSTANT_MB_AN_HOUR
