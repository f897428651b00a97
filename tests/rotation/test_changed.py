"""When a Secret's data changed, by its metadata: never earlier than it did, as far as is noted."""

from datetime import UTC, datetime
from typing import Any

import pytest

from webhook.rotation.changed import Basis, Changed, changed

CREATED = "2026-01-01T00:00:00Z"
JUNE = "2026-06-01T00:00:00Z"
JULY = "2026-07-01T00:00:00Z"
NOW = datetime(2026, 8, 1, tzinfo=UTC)


def entry(time: object, *fields: str) -> dict[str, Any]:
    return {"manager": "m", "time": time, "fieldsV1": {field: {} for field in fields}}


def at(month: int) -> datetime:
    return datetime(2026, month, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({}, Changed(None, Basis.UNKNOWN)),
        ({"creationTimestamp": CREATED}, Changed(at(1), Basis.CREATED)),
        (
            {"creationTimestamp": CREATED, "managedFields": [entry(JUNE, "f:data")]},
            Changed(at(6), Basis.DATA),
        ),
        ({"managedFields": [entry(JUNE, "f:stringData", "f:type")]}, Changed(at(6), Basis.DATA)),
        (
            {"managedFields": [entry(JULY, "f:data"), entry(JUNE, "f:data")]},
            Changed(at(7), Basis.DATA),
        ),
    ],
)
def test_the_latest_write_of_whoever_owns_data_counts(
    metadata: dict[str, Any], expected: Changed
) -> None:
    assert changed(metadata, NOW) == expected


def test_a_writer_of_labels_alone_does_not_make_a_secret_younger() -> None:
    metadata = {"managedFields": [entry(JUNE, "f:data"), entry(JULY, "f:metadata")]}

    assert changed(metadata, NOW) == Changed(at(6), Basis.DATA)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (CREATED, Changed(at(1), Basis.STATED)),
        (JUNE, Changed(at(6), Basis.STATED)),
        (JULY, Changed(at(6), Basis.DATA)),  # nobody wrote then
        ("yesterday", Changed(at(6), Basis.DATA)),
        ("2026-05-01T00:00:00", Changed(at(6), Basis.DATA)),  # of no time zone
    ],
)
def test_people_may_say_that_it_was_earlier_and_are_not_believed_that_it_was_later(
    stated: str, expected: Changed
) -> None:
    metadata = {
        "managedFields": [entry(JUNE, "f:data")],
        "annotations": {"secrets.noxus.ai/rotated-at": stated},
    }

    assert changed(metadata, NOW) == expected


def test_without_any_write_on_record_people_are_believed() -> None:
    metadata = {
        "creationTimestamp": CREATED,
        "annotations": {"secrets.noxus.ai/rotated-at": JULY},
    }

    assert changed(metadata, NOW) == Changed(at(7), Basis.STATED)
    assert changed(metadata, at(6)) == Changed(at(1), Basis.CREATED)  # of the future nobody knows


@pytest.mark.parametrize(
    "metadata",
    [
        {"managedFields": "x", "annotations": "x", "creationTimestamp": 3},
        {"managedFields": ["x", {}, entry(3, "f:data"), {"fieldsV1": "f:data", "time": JUNE}]},
    ],
)
def test_what_is_not_as_kubernetes_writes_it_tells_nothing(metadata: dict[str, Any]) -> None:
    assert changed(metadata, NOW) == Changed(None, Basis.UNKNOWN)
