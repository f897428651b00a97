import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import bodies
from benchmarks.variation import SENTINEL, Variant, marks

if TYPE_CHECKING:
    from collections.abc import Callable

REVIEWS = {
    make.__name__: make
    for make in (
        bodies.worker,
        bodies.injected,
        bodies.small,
        bodies.update,
        bodies.many_containers,
        bodies.large,
    )
}
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def varied(review: bodies.Json, variant: Variant, number: int) -> bodies.Json:
    """Do what the load generator does, in the slow way."""
    text = bodies.encode(review).decode()
    for mark in marks(review, variant):
        old, at, size = str(mark["text"]), int(str(mark["at"])), int(str(mark["size"]))
        alphabet, rest, new = str(mark["alphabet"]), number, ""
        for _ in range(size):
            rest, letter = divmod(rest, len(alphabet))
            new = alphabet[letter] + new
        assert old in text
        text = text.replace(old, old[:at] + new + old[at + size :])
    made: bodies.Json = json.loads(text)
    return made


@pytest.fixture(params=REVIEWS.values(), ids=REVIEWS)
def review(request: pytest.FixtureRequest) -> bodies.Json:
    make: Callable[[], bodies.Json] = request.param
    return make()


@pytest.mark.parametrize("variant", Variant)
def test_a_varied_body_is_as_long_as_the_captured_one(
    review: bodies.Json, variant: Variant
) -> None:
    made = varied(review, variant, 12345)

    assert made != review
    assert len(bodies.encode(made)) == len(bodies.encode(review))


def test_replicas_differ_in_nothing_that_their_author_wrote(review: bodies.Json) -> None:
    one, other = (varied(review, Variant.REPLICAS, number) for number in (1, 2))

    assert authored(one) == authored(other)
    assert one != other


def test_pods_that_are_each_different_differ_in_their_spec(review: bodies.Json) -> None:
    specs = {
        json.dumps(authored(varied(review, Variant.DIFFERENT, number))["spec"])
        for number in range(1, 6)
    }

    assert len(specs) == 5
    assert not any(SENTINEL in spec for spec in specs)


def test_the_token_volume_is_named_alike_wherever_it_is_mounted() -> None:
    pod = varied(bodies.worker(), Variant.REPLICAS, 7)["request"]["object"]

    names = re.findall(r"kube-api-access-\w{5}", json.dumps(pod["spec"]))
    assert len(names) == 1 + len(pod["spec"]["containers"]) + len(pod["spec"]["initContainers"])
    assert len(set(names)) == 1


@pytest.mark.parametrize("name", ["worker", "injected", "update"])
def test_the_times_stay_times(name: str) -> None:
    for number in range(12):
        text = json.dumps(varied(REVIEWS[name](), Variant.REPLICAS, number))
        assert all(RFC_3339.fullmatch(it) for it in re.findall(r"\d{4}-\d\d-\d\dT[^\"]*", text))


def test_the_name_and_uid_of_an_admitted_pod_vary() -> None:
    made = varied(bodies.injected(), Variant.REPLICAS, 1)["request"]
    before = bodies.injected()["request"]

    assert made["name"] == made["object"]["metadata"]["name"] != before["name"]
    assert made["object"]["metadata"]["uid"] != before["object"]["metadata"]["uid"]


def authored(review: bodies.Json) -> dict[str, Any]:
    """Return the object without what the API server and the controllers made up."""
    made: dict[str, Any] = json.loads(
        re.sub(r"kube-api-access-\w{5}", "token", json.dumps(review["request"]["object"]))
    )
    for key in ("name", "uid", "managedFields", "creationTimestamp"):
        made["metadata"].pop(key, None)
    made.pop("status", None)
    return made
