"""Entries of the webhook configurations beyond those of the base, while a test needs them."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.controlplane.plane import ControlPlane
from tests.e2e.harness import INJECTION, Webhook, register
from tests.e2e.world import Namespace

Json = Any


@contextlib.contextmanager
def registered(
    plane: ControlPlane, webhook: Webhook, hooks: Sequence[Json], ask: Callable[[Namespace], None]
) -> Iterator[None]:
    """Have the API server go by these configurations inside, and by the base again afterwards.

    `ask` sends a request to a namespace in dry run of which the webhook is told by them alone.
    """
    register(plane, webhook, hooks)
    _wait_until(plane, webhook, ask, told=True)
    yield
    register(plane, webhook)
    _wait_until(plane, webhook, ask, told=False)


def _wait_until(
    plane: ControlPlane, webhook: Webhook, ask: Callable[[Namespace], None], *, told: bool
) -> None:
    namespace = Namespace(plane, plane.namespace("entries", {INJECTION: "dry-run"}))

    def as_wanted() -> bool:
        before = len(webhook.decisions(namespace.name))
        ask(namespace)
        return (len(webhook.decisions(namespace.name)) > before) is told

    plane.wait_for(as_wanted, "call of another entry" if told else "end of another entry")
