"""Pods that obey but for one reference: each place that can name a Secret gets its equal share.

A pod that offends in five places is refused even by a webhook that overlooks four of them. Here
there is one, so that nothing hides what is overlooked.
"""

import copy

from hypothesis import strategies as st

from tests.properties.asking import with_object
from tests.properties.strategies import ENABLED, Scenario, creation, ephemeral_update, tapes
from tests.properties.tape import Tape
from tests.properties.trespass import trespass
from webhook.core.words import Hook


def trespasses(hooks: tuple[Hook, ...]) -> st.SearchStrategy[Scenario]:
    def build(tape: Tape) -> Scenario:
        updates = tape.chance(25)
        make = ephemeral_update if updates else creation
        scenario = make(tape, tape.pick(hooks), ENABLED, greedy=0)
        pod = copy.deepcopy(scenario.request["object"])
        trespass(tape, pod["spec"], "ephemeralContainers" if updates else "containers")
        return with_object(scenario, pod)

    return tapes().map(build)
