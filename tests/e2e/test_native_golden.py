"""Every golden case under the exported policies alone: verdict and sources are the webhook's.

Cases of the validating hook are sent where nothing is injected.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.controlplane.client import Response
from tests.controlplane.plane import ControlPlane
from tests.e2e import golden, native
from tests.e2e.harness import CREATED, OK
from tests.e2e.world import Namespace
from tests.golden.cases import NAMES, Case, applied, read_case, sources
from webhook.core.policyset import PolicySet
from webhook.core.words import Hook
from webhook.loading.load import load_text
from webhook.native.differences import Compared, differences

Json = Any

TAGS = {name: f"ng{i}" for i, name in enumerate(NAMES)}
SENT = [name for name in NAMES if name not in golden.NOT_SENT]


@pytest.fixture(scope="module")
def policies(control_plane: ControlPlane) -> Iterator[PolicySet]:
    """The policies of all cases, in force natively."""
    texts = [text for name in SENT for text in golden.policies_of(name, TAGS[name])]
    loaded = load_text("---\n".join(texts)).policies
    with native.in_force(control_plane, native.exported(loaded)):
        yield loaded


def send(plane: ControlPlane, name: str) -> tuple[Case, Response]:
    """Do through the API server what the request of a case is about."""
    case = read_case(name)
    request = case.request
    namespace = Namespace(plane, f"{TAGS[name]}-{request['namespace']}")
    unchanged = {native.UNCHANGED: "yes"} if case.hook is Hook.VALIDATE else {}
    user = request["userInfo"]
    who = {"user": user["username"], "groups": [*user["groups"], "system:masters"]}
    pod = golden.placed(request["object"], namespace.name)
    if request["operation"] == "CREATE":
        golden.prepare(namespace, pod, {native.LABEL: case.mode, **unchanged})
        return case, namespace.create(pod, **who)
    golden.prepare(namespace, pod, unchanged)
    golden.there_already(namespace, golden.placed(request["oldObject"], namespace.name))
    native.opt_in(plane, namespace.name, case.mode)
    return case, namespace.replace(pod, request["subResource"], **who)


@pytest.mark.parametrize("name", SENT)
def test_the_api_server_alone_does_with_it_what_the_webhook_does(
    name: str, control_plane: ControlPlane, policies: PolicySet
) -> None:
    case, answer = send(control_plane, name)

    expected = json.loads(case.expected)
    wanted = "stored" if expected["allowed"] else "refused"
    got = "stored" if answer.status in {OK, CREATED} else "invalid"
    if native.DENIED in answer.message:
        got = "refused"
    if got != wanted:
        policy = policies.govern(f"{TAGS[name]}-{case.request['namespace']}")
        what = "debug" if case.request.get("subResource") else "pods"
        compared = Compared(what, wanted, got, answer.message, updates=what == "debug")
        found = [it.name for it in differences(policy) if it.explains(compared)] if policy else []
        assert found, (case.about, answer.message)
    elif wanted == "stored":
        assert sources(answer.body) == sources(applied(case, expected))
