"""Each Secret is held against its limit, to the second."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from webhook.core.policy_upkeep import Risk
from webhook.rotation.limits import Limit
from webhook.rotation.report import Held, State, changes, rotation_report
from webhook.rotation.running import Stale

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LIMIT = Limit("app-env", ("shared",), Risk.HIGH, 30)


def held(age: timedelta | None, **more: Any) -> Held:  # noqa: ANN401
    if age is None:
        return Held("noxus", LIMIT, {}, **more)
    time = (NOW - age).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Held(
        "noxus", LIMIT, {"managedFields": [{"time": time, "fieldsV1": {"f:data": {}}}]}, **more
    )


@pytest.mark.parametrize(
    ("age", "state"),
    [
        (timedelta(days=22, hours=23), State.FINE),
        (timedelta(days=23), State.SOON),
        (timedelta(days=30) - timedelta(seconds=1), State.SOON),
        (timedelta(days=30), State.OVERDUE),
        (None, State.UNKNOWN),
    ],
)
def test_a_secret_is_due_a_week_before_and_overdue_to_the_second(
    age: timedelta | None, state: State
) -> None:
    report = rotation_report([held(age)], [], at=NOW)

    assert [it.state for it in report.secrets] == [state]
    assert report.overdue is (state is State.OVERDUE)


def test_everything_that_is_known_of_a_secret_is_told() -> None:
    running = Stale(*("noxus", "deployment/w", "w-1", "main", "app-env"), NOW, NOW)

    (secret,) = rotation_report(
        [held(timedelta(days=10), refreshed="2026-11-24T11:00:00Z")], [running], at=NOW
    ).secrets

    assert (secret.changed, secret.due) == ("2026-11-14T12:00:00Z", "2026-12-14T12:00:00Z")
    assert (secret.age, secret.limit, secret.risk) == (10, 30, "High")
    assert (secret.refreshed, secret.stale) == ("2026-11-24T11:00:00Z", 1)


def test_a_secret_that_is_not_there_is_missing_and_not_overdue() -> None:
    report = rotation_report([Held("noxus", LIMIT, None)], [], at=NOW)

    assert [it.state for it in report.secrets] == [State.MISSING]
    assert not report.overdue


def test_a_creation_says_nothing_of_what_runs_with_an_older_version() -> None:
    created = Held("noxus", LIMIT, {"creationTimestamp": "2026-01-01T00:00:00Z"})

    assert changes([created, Held("other", LIMIT, None)], NOW) == {}
    assert changes([held(timedelta(days=1))], NOW) == {
        ("noxus", "app-env"): NOW - timedelta(days=1)
    }
