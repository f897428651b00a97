"""Every kind of request that the webhook judges, mixed."""

from hypothesis import strategies as st

from tests.properties.strategies import ENABLED, Scenario, creation, ephemeral_update, tapes
from tests.properties.tape import Tape
from tests.properties.workloads import image_update, workload
from webhook.core.words import Hook, NamespaceMode

# The plainest first; how often each is drawn is how often it stands here.
MAKERS = (*(creation, workload) * 5, *(ephemeral_update,) * 3, *(image_update,) * 2)


def a_request(
    tape: Tape, hooks: tuple[Hook, ...], modes: tuple[NamespaceMode, ...] = (ENABLED,)
) -> Scenario:
    """Workloads and images are the validating hook's alone, mostly."""
    make = tape.pick(MAKERS)
    hook = tape.pick(hooks)
    if make in (workload, image_update) and Hook.VALIDATE in hooks and not tape.chance(5):
        hook = Hook.VALIDATE
    return make(tape, hook, tape.pick(modes))


def requests(
    hooks: tuple[Hook, ...] = (Hook.MUTATE, Hook.VALIDATE),
    modes: tuple[NamespaceMode, ...] = (ENABLED,),
) -> st.SearchStrategy[Scenario]:
    return tapes().map(lambda tape: a_request(tape, hooks, modes))


def standing(modes: tuple[NamespaceMode, ...] = (ENABLED,)) -> st.SearchStrategy[Scenario]:
    """Workloads and pods that stand there already, as the validating hook sees them."""

    def build(tape: Tape) -> Scenario:
        make = image_update if tape.chance(25) else workload
        return make(tape, Hook.VALIDATE, tape.pick(modes))

    return tapes().map(build)
