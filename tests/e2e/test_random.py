"""Pods drawn at random, with the real API server between them and the oracle of the properties."""

import copy
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from tests.controlplane.plane import ControlPlane
from tests.e2e import golden
from tests.e2e.harness import CREATED, INJECTION, Webhook
from tests.e2e.world import Namespace
from tests.golden.cases import sources
from tests.properties.names import ACCOUNTS, NAMESPACES
from tests.properties.oracle_verdict import expected
from tests.properties.pods import pod
from tests.properties.policies import several_policies
from tests.properties.strategies import TAPE_LENGTH
from tests.properties.tape import Tape

Json = Any

# What the API server says of the client of these tests.
ASKED: Json = {
    "operation": "CREATE",
    "resource": {"group": "", "version": "v1", "resource": "pods"},
    "userInfo": {"username": "admin", "groups": ["system:masters", "system:authenticated"]},
}
POLICIES, PODS = 10, 60  # pods for each set of policies
GREEDY = 50  # percent of the pods that name any Secret they like
# The rest breaks rules of Kubernetes' own, about volumes for example, and is refused by those.
STORED_AT_LEAST, REFUSED_AT_LEAST = 150, 50


@dataclass(frozen=True)
class World:
    """Policies, and the namespaces in which they are in force."""

    policies: list[Json]
    namespaces: dict[str, Namespace]
    tag: str


@pytest.fixture(scope="module")
def worlds(control_plane: ControlPlane, running_webhook: Webhook) -> list[World]:
    chance = random.Random(1)  # noqa: S311 - the same examples for everybody
    made = []
    for i in range(POLICIES):
        tag = f"r{i}"
        policies = several_policies(Tape(chance.randbytes(TAPE_LENGTH)))
        spaces = {}
        for name in NAMESPACES:
            metadata = {"name": f"{tag}-{name}", "labels": {INJECTION: "enabled"}}
            control_plane.api("POST", "/api/v1/namespaces", {"metadata": metadata})
            spaces[name] = Namespace(control_plane, f"{tag}-{name}")
            golden.accounts(spaces[name], *ACCOUNTS)
        made.append(World(policies, spaces, tag))
    running_webhook.add_policy(
        *(
            yaml.safe_dump(golden.tagged(policy, world.tag), sort_keys=False)
            for world in made
            for policy in world.policies
        )
    )
    return made


def drawn(world: World, chance: random.Random) -> Iterator[tuple[str, Json]]:
    """Yield pods with their namespaces."""
    for _ in range(PODS):
        tape = Tape(chance.randbytes(TAPE_LENGTH))
        namespace = tape.pick((*NAMESPACES[:1] * 4, *NAMESPACES))
        yield namespace, plain(pod(tape, world.policies, namespace, GREEDY))


def plain(drawn: Json) -> Json:
    """Leave out what the API server refuses or drops whatever we say."""
    body = copy.deepcopy(drawn)
    body["metadata"].pop("namespace", None)
    body["metadata"].pop("name", None)
    body["metadata"]["generateName"] = "p-"
    for key in ("kubernetes.io/config.mirror", "example.com/~own"):
        (body["metadata"].get("annotations") or {}).pop(key, None)
    body["spec"].pop("ephemeralContainers", None)
    return body


@pytest.mark.usefixtures("webhook")
def test_what_the_api_server_stores_is_what_the_oracle_expects(worlds: list[World]) -> None:
    chance = random.Random(2)  # noqa: S311
    stored = refused = 0
    for world in worlds:
        for namespace, body in drawn(world, chance):
            request = ASKED | {"namespace": namespace, "object": body}
            wanted = expected(request, world.policies, validating=False, namespace_dry_run=False)
            answer = world.namespaces[namespace].create(body)
            case = (world.policies, namespace, body, wanted.refusals, answer.message)
            if "denied the request" in answer.message:
                assert wanted.may_be_refused, case
                refused += 1
            else:
                assert not wanted.is_refused, case
            if answer.status == CREATED:
                assert sources(answer.body) == sources(wanted.pod), case
                stored += 1

    assert stored >= STORED_AT_LEAST
    assert refused >= REFUSED_AT_LEAST
