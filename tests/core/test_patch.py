"""JSON Patch operations, and the annotation that tells people what was granted."""

import json
from typing import Any

import jsonpatch
import msgspec
import pytest

from tests.core.kit import plain, pod
from webhook.core.patch import add, annotation_operations, move, raw_list, remove

KEY = "secrets.noxus.ai/injected"


def test_operations_are_written_as_rfc_6902_names_them() -> None:
    operations = [add("/a", msgspec.Raw(b"null")), remove("/b"), move("/c", "/d")]
    assert plain(operations) == [
        {"op": "add", "path": "/a", "value": None},
        {"op": "remove", "path": "/b"},
        {"op": "move", "path": "/d", "from": "/c"},
    ]


def test_encoded_elements_are_joined_into_a_list() -> None:
    assert json.loads(bytes(raw_list([msgspec.Raw(b'{"a":1}'), msgspec.Raw(b"[]")]))) == [
        {"a": 1},
        [],
    ]


@pytest.mark.parametrize(
    ("before", "granted", "after"),
    [
        ({}, ("a", "b"), {"metadata": {"annotations": {KEY: "a,b"}}}),
        ({"metadata": None}, ("a",), {"metadata": {"annotations": {KEY: "a"}}}),
        (
            {"metadata": {"name": "x"}},
            ("a",),
            {"metadata": {"name": "x", "annotations": {KEY: "a"}}},
        ),
        ({"metadata": {"annotations": None}}, ("a",), {"metadata": {"annotations": {KEY: "a"}}}),
        ({"metadata": {"annotations": {}}}, ("a",), {"metadata": {"annotations": {KEY: "a"}}}),
        (
            {"metadata": {"annotations": {"x/y~z": "1"}}},
            ("a",),
            {"metadata": {"annotations": {"x/y~z": "1", KEY: "a"}}},
        ),
        (
            {"metadata": {"annotations": {KEY: "a,b"}}},
            ("a",),
            {"metadata": {"annotations": {KEY: "a"}}},
        ),
        (
            {"metadata": {"annotations": {KEY: "a", "x": "1"}}},
            (),
            {"metadata": {"annotations": {"x": "1"}}},
        ),
        ({"metadata": {"annotations": {KEY: ""}}}, (), {"metadata": {"annotations": {}}}),
    ],
)
def test_the_annotation_is_set_corrected_or_removed(
    before: dict[str, Any], granted: tuple[str, ...], after: dict[str, Any]
) -> None:
    operations = plain(annotation_operations(pod(before), granted))
    assert len(operations) == 1
    result = jsonpatch.apply_patch(before, operations)
    assert result == after
    assert annotation_operations(pod(result), granted) == ()


@pytest.mark.parametrize(
    ("before", "granted"),
    [
        ({}, ()),
        ({"metadata": {"annotations": {}}}, ()),
        ({"metadata": {"annotations": {KEY: "a,b"}}}, ("a", "b")),
    ],
)
def test_an_annotation_that_is_right_is_left_alone(
    before: dict[str, Any], granted: tuple[str, ...]
) -> None:
    assert annotation_operations(pod(before), granted) == ()
