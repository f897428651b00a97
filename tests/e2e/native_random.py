"""Requests drawn at random for the comparison of the webhook with the exported policies.

Each is meant for two namespaces, one under the webhook alone and one under the policies alone.
"""

import copy
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from tests.controlplane.client import Response
from tests.controlplane.plane import ControlPlane
from tests.e2e import golden, native
from tests.e2e.harness import CREATED, OK
from tests.e2e.random_objects import GREEDY, drawn, sender, valid
from tests.properties.names import NAMESPACES
from tests.properties.oracle import service_account_of
from tests.properties.oracle_entitlement import Entitlement
from tests.properties.oracle_identity import identify
from tests.properties.oracle_policy import governing
from tests.properties.pods import Draft, container, pod
from tests.properties.policies import several_policies
from tests.properties.strategies import TAPE_LENGTH
from tests.properties.tape import Tape

Json = Any

WEBHOOK, NATIVE = "w", "n"
PODS = "/api/v1/namespaces/{}/pods"
# Percent of the requests that add debug containers, and that create pods; the rest is of any kind.
DEBUGGED, CREATED_PODS = 15, 45


@dataclass(frozen=True)
class World:
    """Policies, in force once by the webhook and once natively, for namespaces of each."""

    tag: str
    policies: list[Json]

    def texts(self, side: str) -> list[str]:
        tag = f"{side}{self.tag}"
        return [yaml.safe_dump(golden.tagged(it, tag), sort_keys=False) for it in self.policies]

    def namespace(self, side: str, name: str) -> str:
        return f"{side}{self.tag}-{name}"


@dataclass(frozen=True)
class Request:
    """One request: an object, perhaps over another, and who sends it."""

    world: World
    namespace: str
    what: str  # pods, debug or workloads
    path: str  # in the API, with a place for the namespace
    new: Json
    old: Json | None
    who: Json

    def store(self, plane: ControlPlane) -> bool:
        """Create what an update changes, on both sides; False where Kubernetes does not want it."""
        answers = [
            plane.api("POST", self._collection(side), self.old) for side in (WEBHOOK, NATIVE)
        ]
        if self.what == "debug":  # an update of a pod needs all that the API server added to it
            for side, answer in zip((WEBHOOK, NATIVE), answers, strict=True):
                self.new[side] = answer.body
        return all(it.status == CREATED for it in answers)

    def send(self, plane: ControlPlane, side: str) -> Response:
        new = self.new
        path = self._collection(side)
        if self.what == "debug":
            new = copy.deepcopy(self.new[side])
            new["spec"]["ephemeralContainers"] = self.new["containers"]
            path += f"/{new['metadata']['name']}/ephemeralcontainers"
        elif self.old is not None:
            path += f"/{new['metadata']['name']}"
        verb = "POST" if self.old is None else "PUT"
        who = {"user": self.who["username"], "groups": self.who["groups"]}
        return plane.api(verb, f"{path}?dryRun=All", new, **who)

    def _collection(self, side: str) -> str:
        return self.path.format(self.world.namespace(side, self.namespace))


@dataclass(frozen=True)
class Outcome:
    """What came of a request, without what differs between any two."""

    verdict: str  # stored, refused or invalid
    spec: Json
    annotations: Json

    @classmethod
    def of(cls, answer: Response) -> "Outcome":
        if answer.status in {OK, CREATED}:
            body = answer.body
            if body["kind"] != "Pod":  # nothing is changed in it, and a Job's holds its own uid
                return cls("stored", None, None)
            return cls("stored", body["spec"], body["metadata"].get("annotations"))
        denied = "denied the request" in answer.message or native.DENIED in answer.message
        return cls("refused" if denied else "invalid", None, None)


def worlds(count: int) -> list[World]:
    chance = random.Random(3)  # noqa: S311 - the same examples for everybody
    return [
        World(f"q{i}", several_policies(Tape(chance.randbytes(TAPE_LENGTH)))) for i in range(count)
    ]


def requests(world: World, count: int) -> Iterator[Request]:
    chance = random.Random(world.tag)  # noqa: S311 - likewise
    for number in range(count):
        tape = Tape(chance.randbytes(TAPE_LENGTH))
        name = tape.pick((*NAMESPACES[:1] * 4, *NAMESPACES))
        kind = chance.randrange(100)
        if kind < DEBUGGED:
            yield _debug(tape, world, name, number)
            continue
        if kind < DEBUGGED + CREATED_PODS:
            who, new = sender(tape), valid(pod(tape, world.policies, name, GREEDY))
            new["metadata"]["generateName"] = "p-"
            yield Request(world, name, "pods", PODS, new, None, who)
            continue
        one = drawn(tape, world.policies, name, number)
        plural = one.resource["resource"]
        what = "pods" if plural == "pods" else "workloads"
        path = f"{one.collection}/namespaces/{{}}/{plural}"
        yield Request(world, name, what, path, one.new, one.old, one.who)


def _debug(tape: Tape, world: World, namespace: str, number: int) -> Request:
    who = sender(tape)
    old = valid(pod(tape, world.policies, namespace, GREEDY))
    old["metadata"]["name"] = f"d-{number}"
    spec = governing(world.policies, namespace) or world.policies[0]["spec"]
    entitlement = Entitlement(
        spec,
        identify(spec, old["metadata"].get("labels") or {}),
        namespace,
        service_account_of(old),
        old["metadata"].get("annotations") or {},
    )
    draft = Draft(tape, spec, entitlement, tape.chance(GREEDY))
    names = tape.some(("debug-1", "debug-2", "api-debug", "side-car-9"), least=1, most=2)
    added = [container(draft, it, old["spec"]["volumes"]) for it in names]
    shape = valid(
        {"metadata": {}, "spec": {"containers": added, "volumes": old["spec"]["volumes"]}}
    )
    return Request(
        world, namespace, "debug", PODS, {"containers": shape["spec"]["containers"]}, old, who
    )
