"""Requests at random: by the exported policies the API server stores what it stores by us.

Where the two differ, a difference that `export admission-policies --differences` lists must say so.
Sent in server-side dry run; what an update changes was stored before the namespace opted in.
RANDOM_REQUESTS says how many; 2,000 take some minutes.
"""

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml

from tests.controlplane.plane import ControlPlane
from tests.e2e import golden, native
from tests.e2e.harness import CREATED, Webhook, is_registered, register
from tests.e2e.native_random import NATIVE, WEBHOOK, Outcome, Request, requests, worlds
from tests.e2e.world import Namespace
from tests.properties.names import ACCOUNTS, NAMESPACES
from webhook.core.policyset import PolicySet
from webhook.loading.load import load_text
from webhook.native.differences import Compared, differences

COUNT = int(os.environ.get("RANDOM_REQUESTS", "1000"))
POLICIES = 12
pytestmark = pytest.mark.timeout(600)  # for 2,000
THREADS = 8  # the API server and the webhook answer side by side


@pytest.fixture(scope="module")
def asked(
    control_plane: ControlPlane, running_webhook: Webhook
) -> Iterator[tuple[PolicySet, list[Request]]]:
    """The requests; their namespaces opt in when what they change is stored."""
    if not is_registered(control_plane, running_webhook):
        register(control_plane, running_webhook)
    made = worlds(POLICIES)
    sides = [
        (side, f"{side}{it.tag}-{name}") for it in made for name in NAMESPACES for side in "wn"
    ]
    for _, name in sides:
        body = {"metadata": {"name": name}}
        assert control_plane.api("POST", "/api/v1/namespaces", body).status == CREATED
        golden.accounts(Namespace(control_plane, name), *ACCOUNTS)
    drawn = [it for world in made for it in requests(world, COUNT // POLICIES)]
    running_webhook.add_policy(*(text for it in made for text in it.texts(WEBHOOK)))
    policies = load_text("---\n".join(text for it in made for text in it.texts(NATIVE))).policies
    with (
        native.in_force(control_plane, native.exported(policies)),
        ThreadPoolExecutor(THREADS) as pool,
    ):
        sound = list(pool.map(lambda it: it.old is None or it.store(control_plane), drawn))

        def opt_in(side: str, name: str) -> None:
            if side == WEBHOOK:
                golden.opt_in(Namespace(control_plane, name), running_webhook, "enabled")
            else:
                native.opt_in(control_plane, name, "enabled")

        list(pool.map(lambda it: opt_in(*it), sides))
        yield policies, [it for it, is_sound in zip(drawn, sound, strict=True) if is_sound]


def test_what_differs_is_explained_by_a_difference_that_is_listed(
    control_plane: ControlPlane, asked: tuple[PolicySet, list[Request]]
) -> None:
    policies, sent = asked
    told: Counter[str] = Counter()

    def both(request: Request) -> tuple[Outcome, Outcome, str, str]:
        by_webhook, alone = (request.send(control_plane, side) for side in (WEBHOOK, NATIVE))
        return Outcome.of(by_webhook), Outcome.of(alone), by_webhook.message, alone.message

    with ThreadPoolExecutor(THREADS) as pool:
        for request, (wanted, got, why, message) in zip(sent, pool.map(both, sent), strict=True):
            told[f"{request.what} {wanted.verdict}"] += 1
            if got == wanted:
                continue
            namespace = request.world.namespace(NATIVE, request.namespace)
            policy = policies.govern(namespace)
            case = Compared(
                request.what, wanted.verdict, got.verdict, message, request.old is not None
            )
            names = [it.name for it in differences(policy) if it.explains(case)] if policy else []
            assert names and wanted.verdict != got.verdict, (  # noqa: PT018
                yaml.safe_dump_all(request.world.policies),
                request,
                why,
                message,
                wanted,
                got,
            )
            told[f"differs: {', '.join(names)}"] += 1

    print(*sorted(told.items()), sep="\n")  # noqa: T201 - for whoever runs more of them
    assert told["pods stored"] + told["pods refused"] >= COUNT // 2, told
    for what in ("pods", "debug", "workloads"):
        for verdict in ("stored", "refused"):
            assert told[f"{what} {verdict}"] >= COUNT // 60, told
