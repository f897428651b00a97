"""The status of a policy: what it says, when it changes, and how it is written."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from webhook.cluster.status import (
    MAX_MESSAGE,
    PolicyStatus,
    Standing,
    needs_write,
    status_of,
    write_status,
)
from webhook.core.policyset import Conflict

Json = Any

NOW = datetime(2026, 11, 24, 11, 0, 0, 999_999, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
PATH = "/apis/secrets.noxus.ai/v1alpha1/secretinjectionpolicies/noxus/status"

GOOD = Standing(
    generation=4, in_force=4, problems=(), conflict=None, pools=2, namespaces=("noxus", "noxus-*")
)
MISSPELT = "spec.scopes[0].rols: unknown field; did you mean 'roles'?"
BAD = replace(GOOD, generation=5, problems=(MISSPELT, "spec.mode: is required"))
NEVER_GOOD = replace(BAD, in_force=None, pools=0, namespaces=())
YIELDS = replace(GOOD, conflict=Conflict(governs="platform", yields="noxus", namespaces="noxus-*"))
OVERLAP = (
    "spec.namespaces: 'noxus-*' is covered by policy 'platform', too, which comes first and "
    "governs there: let one of them leave it out"
)
SEPARATE = {
    "type": "Conflict",
    "status": "False",
    "reason": "NoOverlap",
    "message": "no older policy covers a namespace that this one covers",
    "observedGeneration": 4,
    "lastTransitionTime": "2026-11-24T11:00:00Z",
}


@dataclass
class Written:
    """Stands for the API server, and keeps what is sent to it."""

    sent: list[tuple[str, Json]] = field(default_factory=list)

    async def patch(self, path: str, body: Json) -> Json:
        self.sent.append((path, body))
        return {}


def condition(status: Json, kind: str) -> Json:
    (found,) = (it for it in status["conditions"] if it["type"] == kind)
    return found


def says(status: Json, kind: str) -> tuple[str, str, str, int]:
    it = condition(status, kind)
    return it["status"], it["reason"], it["message"], it["observedGeneration"]


def test_a_policy_that_is_in_force_is_ready() -> None:
    assert status_of(GOOD, {}, now=NOW) == {
        "observedGeneration": 4,
        "generationInForce": 4,
        "pools": 2,
        "namespaces": "noxus, noxus-*",
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "reason": "InForce",
                "message": "generation 4 is in force",
                "observedGeneration": 4,
                "lastTransitionTime": "2026-11-24T11:00:00Z",
            },
            SEPARATE,
        ],
    }


def test_one_that_does_not_load_says_why_and_what_is_in_force_instead() -> None:
    status = status_of(BAD, {}, now=NOW)

    assert (status["observedGeneration"], status["generationInForce"]) == (5, 4)
    assert says(status, "Ready") == (
        "False",
        "Invalid",
        (
            "generation 5 cannot be used, and generation 4 stays in force:\n"
            f"{MISSPELT}\n"
            "spec.mode: is required"
        ),
        5,
    )


def test_one_that_never_loaded_is_in_force_nowhere() -> None:
    status = status_of(NEVER_GOOD, {}, now=NOW)

    assert set(status) == {"observedGeneration", "conditions"}
    assert says(status, "Ready")[2].splitlines()[0] == (
        "generation 5 cannot be used, and no generation is in force:"
    )


def test_one_that_yields_to_an_older_one_is_not_ready_and_says_to_which() -> None:
    status = status_of(YIELDS, {}, now=NOW)

    why = f"generation 4 governs only where no older policy does: {OVERLAP}"
    assert says(status, "Ready") == ("False", "Conflict", why, 4)
    assert says(status, "Conflict") == ("True", "Overlap", OVERLAP, 4)
    assert status["generationInForce"] == 4


def test_one_that_does_not_load_while_its_last_good_one_yields_says_both() -> None:
    status = status_of(replace(BAD, conflict=YIELDS.conflict), {}, now=NOW)

    assert says(status, "Ready")[:2] == ("False", "Invalid")
    assert says(status, "Conflict") == ("True", "Overlap", OVERLAP, 5)


def test_the_same_an_hour_later_is_the_same_and_is_not_written() -> None:
    first = status_of(BAD, {}, now=NOW)
    again = status_of(BAD, first, now=LATER)

    assert again == first
    assert not needs_write(first, again)


@pytest.mark.parametrize("current", [{}, {"conditions": []}, {"conditions": None}])
def test_what_was_never_written_is(current: Json) -> None:
    assert needs_write(current, status_of(GOOD, current, now=NOW))


@pytest.mark.parametrize(
    "change",
    [
        replace(GOOD, generation=5, in_force=5),
        replace(GOOD, pools=3),
        replace(GOOD, namespaces=("noxus",)),
        BAD,
        NEVER_GOOD,
        YIELDS,
    ],
)
def test_whatever_changes_is_written(change: Standing) -> None:
    first = status_of(GOOD, {}, now=NOW)

    assert needs_write(first, status_of(change, first, now=LATER))


def test_a_condition_keeps_its_time_until_its_status_changes() -> None:
    good = status_of(GOOD, {}, now=NOW)
    newer = status_of(replace(GOOD, generation=5, in_force=5), good, now=LATER)
    bad = status_of(BAD, newer, now=LATER)
    times = [
        (condition(it, "Ready")["lastTransitionTime"], condition(it, "Ready")["observedGeneration"])
        for it in (good, newer, bad)
    ]

    assert times == [
        ("2026-11-24T11:00:00Z", 4),
        ("2026-11-24T11:00:00Z", 5),
        ("2026-11-24T12:00:00Z", 5),
    ]
    assert condition(bad, "Conflict")["lastTransitionTime"] == "2026-11-24T11:00:00Z"


def test_another_reason_for_the_same_status_is_no_transition() -> None:
    invalid = status_of(BAD, {}, now=NOW)
    yields = status_of(replace(YIELDS, generation=6, in_force=6), invalid, now=LATER)

    assert says(yields, "Ready")[:2] == ("False", "Conflict")
    assert condition(yields, "Ready")["lastTransitionTime"] == "2026-11-24T11:00:00Z"


def test_times_are_in_utc_whatever_the_clock_says() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))

    assert status_of(GOOD, {}, now=there) == status_of(GOOD, {}, now=NOW)


def test_conditions_of_others_stay_as_they_are_and_cause_no_writing() -> None:
    theirs = SEPARATE | {"type": "Reviewed", "message": "by somebody"}
    ours = status_of(GOOD, {}, now=NOW)
    current = ours | {"conditions": [theirs, *reversed(ours["conditions"])]}

    assert not needs_write(current, status_of(GOOD, current, now=LATER))
    assert theirs in status_of(BAD, current, now=LATER)["conditions"]


def test_a_message_is_cut_where_the_api_server_would_refuse_it() -> None:
    problems = [f"spec.worker.pools.tenant-{i}.envSecretReff: unknown field" for i in range(9_999)]
    status = status_of(replace(BAD, problems=problems), {}, now=NOW)

    message = condition(status, "Ready")["message"]

    assert len(message) == MAX_MESSAGE == 32_768
    assert message.startswith("generation 5 cannot be used")
    assert message.endswith(" …")


@pytest.mark.parametrize(
    ("namespaces", "short"),
    [
        (("*",), "*"),
        (("a" * 30, "b" * 28), f"{'a' * 30}, {'b' * 28}"),
        (("a" * 30, "b" * 29), f"{'a' * 30} and 1 more"),
        (("a" * 63, "b", "c"), f"{'a' * 63} and 2 more"),
        (tuple(f"noxus-{i:02}" for i in range(40)), "noxus-00, noxus-01, noxus-02, "),
    ],
)
def test_namespaces_are_cut_to_what_a_column_holds(namespaces: tuple[str, ...], short: str) -> None:
    said = status_of(replace(GOOD, namespaces=namespaces), {}, now=NOW)["namespaces"]

    assert said.startswith(short)
    shown, _, rest = said.partition(" and ")
    assert len(shown) <= 63
    assert len(shown.split(", ")) + int(rest.removesuffix(" more") or 0) == len(namespaces)


@pytest.mark.parametrize("standing", [GOOD, BAD, NEVER_GOOD, YIELDS])
def test_what_is_written_is_what_the_schema_says(standing: Standing) -> None:
    status = status_of(standing, {}, now=NOW)

    # What is absent has no default that says something else.
    read = PolicyStatus.model_validate(status | {"conditions": tuple(status["conditions"])})
    assert read.model_dump(by_alias=True, exclude_none=True, mode="json") == status


async def test_all_of_our_fields_are_sent_so_that_what_is_absent_goes() -> None:
    api = Written()
    status = status_of(NEVER_GOOD, {}, now=NOW)

    await write_status(api, "noxus", status)

    assert api.sent == [
        (
            PATH,
            {
                "status": {
                    "observedGeneration": 5,
                    "generationInForce": None,
                    "pools": None,
                    "namespaces": None,
                    "conditions": status["conditions"],
                }
            },
        )
    ]
