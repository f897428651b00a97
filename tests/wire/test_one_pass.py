"""The creation of a pod is decoded in one pass, and nothing else is told of it than by two."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wire.memo_kit import Pods
from webhook.core.words import Hook, NamespaceMode
from webhook.wire.asked import Malformed, decode
from webhook.wire.review import PodRequest, RequestHead

GOLDEN = Path(__file__).parents[1] / "golden"
# The same in another order is as long, so that faults are told with the same places, and is no
# longer what an API server writes.
WRITTEN = b'"resource":{"group":"","version":"v1","resource":"pods"}'
OTHERWISE = b'"resource":{"version":"v1","group":"","resource":"pods"}'


def said(body: bytes) -> object:
    """All that comes of a review."""
    try:
        request, asked = decode(body, hook=Hook.MUTATE, mode=NamespaceMode.ENABLED)
    except Malformed as problem:
        return str(problem)
    return [getattr(request, field) for field in RequestHead.__struct_fields__], asked


def in_one_pass(body: bytes) -> bool:
    request, _ = decode(body, hook=Hook.MUTATE, mode=NamespaceMode.ENABLED)
    return isinstance(request, PodRequest)


def assert_same(body: bytes) -> None:
    assert said(body) == said(body.replace(WRITTEN, OTHERWISE, 1)), body


def golden() -> list[bytes]:
    files = sorted(GOLDEN.glob("*/request.json"))
    return [json.dumps(json.loads(it.read_text()), separators=(",", ":")).encode() for it in files]


def broken(bodies: list[bytes], count: int) -> Iterator[bytes]:
    """Yield them with a few bytes changed, cut, doubled or swapped."""
    draw = random.Random(1)  # noqa: S311 - no secret
    for _ in range(count):
        body = bytearray(draw.choice(bodies))
        for _ in range(draw.randint(1, 3)):
            at = draw.randrange(len(body))
            match draw.randrange(4):
                case 0:
                    body[at : at + 1] = bytes([draw.randrange(256)])
                case 1:
                    del body[at : at + draw.randint(1, 40)]
                case 2:
                    body[at:at] = body[at : at + draw.randint(1, 40)]
                case _:
                    body[at : at + 1] = draw.choice([b"null", b"[", b"{}", b'"', b"1e999", b"\\u"])
        yield bytes(body)


def test_a_pod_as_an_api_server_sends_it_is_decoded_in_one() -> None:
    body = Pods().body(1)

    assert in_one_pass(body)
    assert not in_one_pass(body.replace(WRITTEN, OTHERWISE))
    assert_same(body)


def test_what_golden_cases_ask_is_the_same() -> None:
    bodies = [body for body in golden() if WRITTEN in body]

    assert len(bodies) > 50
    for body in bodies:
        assert_same(body)


def test_what_is_wrong_with_broken_ones_is_the_same() -> None:
    for body in broken([body for body in golden() if WRITTEN in body], 3_000):
        assert_same(body)


POD = '{"metadata":{"name":"other"},"spec":{"serviceAccountName":"other"}}'


@pytest.mark.parametrize("second", [POD, "null", "3", '{"spec":3}', '{"metadata":{"labels":[]}}'])
@pytest.mark.parametrize("behind", [False, True])
def test_of_two_objects_the_last_counts(second: str, *, behind: bool) -> None:
    body, member = Pods().body(1), b'"object":' + second.encode()
    if behind:
        body = body.removesuffix(b"}}") + b"," + member + b"}}"
    else:
        body = body.replace(b'"object":', member + b',"object":', 1)

    assert_same(body)


@pytest.mark.parametrize(
    ("written", "other"),
    [
        ('"operation":"CREATE"', '"operation":"UPDATE"'),
        ('"operation":"CREATE"', '"operation":"DELETE"'),
        ('"operation":"CREATE"', '"operation":"CREATE","subResource":"binding"'),
        ('"operation":"CREATE"', '"operation":"CREATE","resource":{"resource":"nodes"}'),
        ('"operation":"CREATE"', '"operation":"CREATE","uid":""'),
        ('"AdmissionReview"', '"Review"'),
        ('"admission.k8s.io/v1"', '"admission.k8s.io/v1beta1"'),
        ('"containers":[', '"containers":3,"other":['),
        ('"spec":{', '"spec":{"other":' + "[" * 2000 + "]" * 2000 + ","),
    ],
)
def test_what_is_no_such_creation_is_the_same(written: str, other: str) -> None:
    body = Pods().body(1).replace(written.encode(), other.encode(), 1)

    assert other.encode() in body
    assert_same(body)
