"""Pods and workloads of random people, with the real API server between them and the oracle.

Sent in server-side dry run, so that nothing has to be cleaned up; what an update changes was stored
before the namespace opted in. RANDOM_REQUESTS says how many; 2,000 take some minutes.
"""

import os
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
import yaml

from tests.controlplane.client import Response
from tests.controlplane.plane import ControlPlane
from tests.e2e import golden
from tests.e2e.harness import CREATED, OK, Webhook
from tests.e2e.random_objects import Drawn, drawn
from tests.e2e.world import Namespace
from tests.properties.names import ACCOUNTS, NAMESPACES
from tests.properties.oracle_policy import Json
from tests.properties.oracle_verdict import Expected, expected
from tests.properties.policies import several_policies
from tests.properties.strategies import TAPE_LENGTH
from tests.properties.tape import Tape

COUNT = int(os.environ.get("RANDOM_REQUESTS", "1000"))
POLICIES = 8
THREADS = 8  # the API server and the webhook answer side by side
DENIED = "denied the request"


@dataclass(frozen=True)
class Sent:
    """A request, where it went, and what is to be expected of it."""

    drawn: Drawn
    policies: list[Json]
    namespace: Namespace
    expected: Expected

    @property
    def path(self) -> str:
        plural = self.drawn.resource["resource"]
        return f"{self.drawn.collection}/namespaces/{self.namespace.name}/{plural}"

    def store_what_was_there(self) -> bool:
        """Create the object that an update changes; False where the API server does not want it."""
        answer = self.namespace.plane.api("POST", self.path, self.drawn.old)
        return answer.status == CREATED

    def send(self) -> Response:
        who = self.drawn.who
        updates = self.drawn.old is not None
        path = f"{self.path}/{self.drawn.new['metadata']['name']}" if updates else self.path
        return self.namespace.plane.api(
            "PUT" if updates else "POST",
            f"{path}?dryRun=All",
            self.drawn.new,
            user=who["username"],
            groups=who["groups"],
        )


@pytest.fixture(scope="module")
def requests(control_plane: ControlPlane, running_webhook: Webhook, component: None) -> list[Sent]:
    """The requests; their namespaces opt in when what they change is stored."""
    del component
    chance = random.Random(3)  # noqa: S311 — the same examples for everybody
    made: list[Sent] = []
    spaces: list[Namespace] = []
    texts: list[str] = []
    for i in range(POLICIES):
        tag = f"d{i}"
        policies = several_policies(Tape(chance.randbytes(TAPE_LENGTH)))
        texts += [yaml.safe_dump(golden.tagged(it, tag), sort_keys=False) for it in policies]
        worlds = {name: Namespace(control_plane, f"{tag}-{name}") for name in NAMESPACES}
        for space in worlds.values():
            body = {"metadata": {"name": space.name}}
            assert control_plane.api("POST", "/api/v1/namespaces", body).status == CREATED
            golden.accounts(space, *ACCOUNTS)
        spaces += worlds.values()
        for number in range(COUNT // POLICIES):
            tape = Tape(chance.randbytes(TAPE_LENGTH))
            name = tape.pick((*NAMESPACES[:1] * 4, *NAMESPACES))
            one = drawn(tape, policies, name, number)
            made.append(Sent(one, policies, worlds[name], _expected(one, policies)))
    running_webhook.add_policy(*texts)
    with ThreadPoolExecutor(THREADS) as pool:
        updates = [it for it in made if it.drawn.old is not None]
        stored = pool.map(Sent.store_what_was_there, updates)
        there = {id(it): is_there for it, is_there in zip(updates, stored, strict=True)}
        list(pool.map(lambda space: golden.opt_in(space, running_webhook, "enabled"), spaces))
    return [it for it in made if there.get(id(it), True)]


def _expected(one: Drawn, policies: list[Json]) -> Expected:
    """Both hooks together: a workload has but the one, and pods are injected between them."""
    request = {
        "namespace": one.namespace,
        "operation": "CREATE" if one.old is None else "UPDATE",
        "resource": one.resource,
        "object": one.new,
        "oldObject": one.old,
        "userInfo": one.who,
    }
    validating = one.resource["resource"] != "pods"
    return expected(request, policies, validating=validating, namespace_dry_run=False)


def test_the_api_server_refuses_what_the_oracle_does_and_nothing_else(requests: list[Sent]) -> None:
    told: Counter[str] = Counter()
    with ThreadPoolExecutor(THREADS) as pool:
        for sent, answer in zip(requests, pool.map(Sent.send, requests), strict=True):
            case = (sent.drawn, sent.policies, sent.expected.refusals, answer.message)
            operation = "CREATE" if sent.drawn.old is None else "UPDATE"
            what = f"{operation} {sent.drawn.resource['resource']}"
            if DENIED in answer.message:
                assert sent.expected.may_be_refused, case
                told[f"{what}, refused"] += 1
            elif answer.status in {OK, CREATED}:
                assert not sent.expected.is_refused, case
                told[f"{what}, allowed"] += 1
            else:
                told[f"{what}, not judged"] += 1  # by a rule of Kubernetes' own

    print(*sorted(told.items()), sep="\n")  # noqa: T201 — for whoever runs more of them
    judged = sum(count for what, count in told.items() if "not judged" not in what)
    assert judged >= len(requests) * 3 // 4
    for kind in ("CREATE pods", "CREATE deployments", "UPDATE deployments"):
        assert told[f"{kind}, allowed"], told
    for operation in ("CREATE", "UPDATE"):
        assert any("refused" in it and operation in it for it in told), told
