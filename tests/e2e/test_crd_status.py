"""The status of a policy in the real API server, and what people see of it with kubectl."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.controlplane.plane import ControlPlane
from tests.e2e.crd import PATH, install, resource, uninstall_policies
from webhook.cluster.api import Api, ApiError
from webhook.cluster.status import Standing, needs_write, status_of, write_status
from webhook.core.policyset import Conflict

Json = Any

NOW = datetime(2026, 11, 24, 11, 0, 0, tzinfo=UTC)
GOOD = Standing(
    generation=1, in_force=1, problems=(), conflict=None, pools=2, namespaces=("noxus", "noxus-*")
)
BAD = replace(GOOD, in_force=None, problems=["spec.rols: unknown field"] * 9_999)
YIELDS = replace(GOOD, conflict=Conflict(governs="platform", yields="noxus", namespaces="noxus-*"))


@pytest.fixture(scope="module")
def serving(control_plane: ControlPlane) -> ControlPlane:
    """The control plane, which serves the resource."""
    return install(control_plane)


@pytest.fixture
def plane(serving: ControlPlane) -> Iterator[ControlPlane]:
    """The control plane with a policy, `noxus`, and no other."""
    policy = resource({"namespaces": ["noxus"]})
    serving.kubectl("apply", "-f-", stdin=json.dumps(policy))
    yield serving
    uninstall_policies(serving)


def stored(plane: ControlPlane) -> Json:
    return plane.api("GET", f"{PATH}/noxus").body


def write(plane: ControlPlane, status: Json, name: str = "noxus") -> None:
    async def send() -> None:
        async with Api(plane.kubeconfig) as api:
            await write_status(api, name, status)

    asyncio.run(send())


@pytest.mark.parametrize("standing", [GOOD, BAD, YIELDS], ids=["good", "bad", "yields"])
def test_what_is_written_is_stored_as_it_is_and_not_written_again(
    plane: ControlPlane, standing: Standing
) -> None:
    status = status_of(standing, {}, now=NOW)
    write(plane, status)

    body = stored(plane)

    assert body["status"] == status
    assert body["metadata"]["generation"] == 1
    again = status_of(standing, body["status"], now=NOW + timedelta(days=1))
    assert not needs_write(body["status"], again)


def test_what_is_no_longer_so_goes(plane: ControlPlane) -> None:
    write(plane, status_of(GOOD, {}, now=NOW))
    later = status_of(BAD, stored(plane)["status"], now=NOW)
    write(plane, later)

    assert stored(plane)["status"] == later
    assert "pools" not in later


def test_kubectl_shows_the_columns(plane: ControlPlane) -> None:
    write(plane, status_of(YIELDS, {}, now=NOW))

    narrow = plane.kubectl("get", "sip").stdout.splitlines()
    wide = plane.kubectl("get", "sip", "-o", "wide").stdout.splitlines()

    assert narrow[0].split() == ["NAME", "MODE", "READY", "NAMESPACES", "POOLS", "AGE"]
    assert narrow[1].split()[:-1] == ["noxus", "Enforce", "False", "noxus,", "noxus-*", "2"]
    assert wide[0].split() == ["NAME", "MODE", "READY", "REASON", "NAMESPACES", "POOLS", "AGE"]
    assert wide[1].split()[3] == "Conflict"


def test_one_can_wait_for_a_policy_to_be_ready(plane: ControlPlane) -> None:
    wait = ("wait", "--for=condition=Ready", "sip/noxus")
    write(plane, status_of(YIELDS, {}, now=NOW))
    assert plane.kubectl(*wait, "--timeout=1s", check=False).returncode == 1

    write(plane, status_of(GOOD, stored(plane)["status"], now=NOW))

    assert plane.kubectl(*wait).stdout == (
        "secretinjectionpolicy.secrets.noxus.ai/noxus condition met\n"
    )


def test_people_who_apply_the_policy_cannot_change_its_status(plane: ControlPlane) -> None:
    status = status_of(GOOD, {}, now=NOW)
    write(plane, status)
    document = resource({"namespaces": ["noxus"]}) | {"status": status | {"pools": 99}}

    plane.kubectl("apply", "-f-", stdin=json.dumps(document))

    assert stored(plane)["status"] == status


def test_a_policy_that_is_gone_is_an_error_of_its_own(plane: ControlPlane) -> None:
    with pytest.raises(ApiError) as raised:
        write(plane, status_of(GOOD, {}, now=NOW), name="gone")

    assert raised.value.status == 404
