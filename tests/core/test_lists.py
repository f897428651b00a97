"""Objects are found in Lists, in order and with their places."""

import pytest

from webhook.core.lists import each


def test_the_objects_of_lists_in_lists_come_in_order_with_their_places() -> None:
    one, two, three = {"kind": "Pod"}, {"kind": "Job"}, {"kind": "Secret"}
    inner = {"kind": "List", "items": [two, 7]}

    assert list(each({"kind": "List", "items": [one, inner, three]})) == [
        (("items", 0), one),
        (("items", 1, "items", 0), two),
        (("items", 1, "items", 1), 7),
        (("items", 2), three),
    ]


def test_objects_in_a_list_of_the_api_are_what_the_list_says() -> None:
    items = [{"metadata": {"name": "a"}}, {"kind": "Other", "apiVersion": "v2"}, None]

    found = [it for _, it in each({"kind": "SecretList", "apiVersion": "v1", "items": items})]
    unversioned = [it for _, it in each({"kind": "SecretList", "items": items[:1]})]

    assert found == [
        {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "a"}},
        {"kind": "Other", "apiVersion": "v2"},
        None,
    ]
    assert unversioned == [{"kind": "Secret", "metadata": {"name": "a"}}]


@pytest.mark.parametrize(
    "value",
    [
        *(None, 7, "List", [], {}),
        {"kind": 7, "items": []},
        {"kind": "List"},
        {"kind": "List", "items": {}},
        {"kind": "Pod", "items": [1]},
    ],
)
def test_what_is_no_list_is_an_object_of_its_own(value: object) -> None:
    assert list(each(value)) == [((), value)]


def test_a_list_may_be_nested_as_deeply_as_somebody_likes() -> None:
    value: object = {"kind": "Pod"}
    for _ in range(5_000):
        value = {"kind": "List", "items": [value]}

    ((path, found),) = each(value)

    assert (len(path), found) == (10_000, {"kind": "Pod"})
