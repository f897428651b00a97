"""What is no proper AdmissionReview is the caller's fault: never an answer, never a refusal."""

import json
from collections.abc import Iterator

import pytest

from tests.wire.kit import WEB, Json, response, review, send
from webhook.core.policyset import PolicySet
from webhook.core.words import Hook, NamespaceMode
from webhook.wire.answer import Malformed, NoPolicyLoaded, answer


def complaint(body: Json) -> str:
    with pytest.raises(Malformed) as raised:
        send(body)
    return str(raised.value)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "not an AdmissionReview: Input data was truncated"),
        (b"{", "not an AdmissionReview: Input data was truncated"),
        (b"[]", "not an AdmissionReview: Expected `object`, got `array`"),
        (b"null", "not an AdmissionReview: Expected `object`, got `null`"),
        (b"{}", "not an AdmissionReview: Object missing required field `apiVersion`"),
        (
            b'{"apiVersion": 1, "kind": "x"}',
            "not an AdmissionReview: Expected `str`, got `int` - at `$.apiVersion`",
        ),
        (b"\xff\xfe", "not an AdmissionReview: the body is not UTF-8"),
        (
            b"[" * 100_000,
            "not an AdmissionReview: Expected `object`, got `array`",
        ),
    ],
)
def test_what_is_no_review_is_malformed(body: bytes, message: str) -> None:
    assert complaint(body) == message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"apiVersion": "admission.k8s.io/v1beta1"},
            (
                "expected AdmissionReview of admission.k8s.io/v1, got AdmissionReview of "
                "admission.k8s.io/v1beta1; list v1 in admissionReviewVersions"
            ),
        ),
        (
            {"kind": "Pod"},
            (
                "expected AdmissionReview of admission.k8s.io/v1, got Pod of admission.k8s.io/v1; "
                "list v1 in admissionReviewVersions"
            ),
        ),
        (
            {"kind": "x" * 500},
            (
                f"expected AdmissionReview of admission.k8s.io/v1, got {'x' * 119}… of "
                "admission.k8s.io/v1; list v1 in admissionReviewVersions"
            ),
        ),
        ({"request": None}, "the AdmissionReview has no request"),
    ],
)
def test_another_kind_or_version_is_malformed(change: Json, message: str) -> None:
    assert complaint(review() | change) == message


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"uid": ""}, "the AdmissionReview has no request.uid"),
        ({"uid": 1}, "not an AdmissionReview: Expected `str`, got `int` - at `$.request.uid`"),
        (
            {"resource": "pods"},
            "not an AdmissionReview: Expected `object`, got `str` - at `$.request.resource`",
        ),
        (
            {"userInfo": {"groups": [1]}},
            (
                "not an AdmissionReview: Expected `str`, got `int` - at "
                "`$.request.userInfo.groups[0]`"
            ),
        ),
        ({"object": None}, "request.object is not a Pod: Expected `object`, got `null`"),
        ({"object": []}, "request.object is not a Pod: Expected `object`, got `array`"),
        (
            {"object": {"spec": {"containers": {}}}},
            (
                "request.object is not a Pod: Expected `array | null`, got `object` - at "
                "`$.spec.containers`"
            ),
        ),
        (
            {"object": {"metadata": {"labels": {"a": 1}}}},
            "request.object is not a Pod: Expected `str`, got `int` - at `$.metadata.labels[...]`",
        ),
        (
            {"operation": "UPDATE", "subResource": "ephemeralcontainers"},
            "request.oldObject is not a Pod: Expected `object`, got `null`",
        ),
    ],
)
def test_a_request_of_the_wrong_shape_is_malformed(request_: Json, message: str) -> None:
    assert complaint(review(**request_)) == message


@pytest.mark.parametrize("field", ["uid", "resource", "operation"])
def test_a_request_without_a_required_field_is_malformed(field: str) -> None:
    body = review()
    del body["request"][field]
    assert complaint(body) == (
        f"not an AdmissionReview: Object missing required field `{field}` - at `$.request`"
    )


def test_an_object_that_is_left_out_altogether_is_malformed() -> None:
    body = review()
    del body["request"]["object"]
    assert complaint(body) == "request.object is not a Pod: Expected `object`, got `null`"


def test_bytes_that_are_not_utf8_are_malformed_also_in_what_is_skipped() -> None:
    body = json.dumps(review() | {"skipped": "X"}).encode().replace(b"X", b"\xc3\x28")
    assert complaint(body) == "not an AdmissionReview: the body is not UTF-8"


@pytest.mark.parametrize("where", ["apart", "object"])
def test_nesting_without_end_is_malformed(where: str) -> None:
    deep = b"[" * 200_000 + b"]" * 200_000
    skipped = json.dumps(review() | {"skipped": "X"} if where == "apart" else review({"x": "X"}))
    assert complaint(skipped.encode().replace(b'"X"', deep)) == (
        "not an AdmissionReview: the body is nested too deeply"
    )


def rubbish() -> Iterator[bytes]:
    whole = json.dumps(review()).encode()
    yield from (whole[:n] for n in range(0, len(whole), 7))
    for number in (b"NaN", b"Infinity", b"-Infinity", b"0x1", b"1e", b"01", b"+1", b"'a'"):
        yield whole.replace(b'"noxus/web:2"', number)
    yield whole.replace(b'"web"', b'"\\ud800"')
    yield whole.replace(b'"web"', b'"\\x00"')
    yield whole.replace(b'"web"', b'"a\x00b"')
    yield whole + b"}"
    yield whole + whole
    yield b"\xef\xbb\xbf" + whole


@pytest.mark.parametrize("hook", list(Hook))
def test_rubbish_is_never_answered_with_a_refusal(hook: Hook) -> None:
    for body in rubbish():
        with pytest.raises((Malformed, NoPolicyLoaded)):  # the latter: it was read after all
            answer(body, hook=hook, mode=NamespaceMode.DRY_RUN, policies=PolicySet([]))


def test_of_duplicate_keys_the_last_counts_as_for_the_api_server() -> None:
    body = json.dumps(review()).encode()
    elsewhere = body.replace(
        b'"namespace": "noxus", "op', b'"namespace": "a", "namespace": "b", "op'
    )
    assert send(elsewhere, mode=NamespaceMode.DRY_RUN).record.namespace == "b"


def test_numbers_of_any_size_in_what_is_skipped_do_no_harm() -> None:
    obj = json.loads(json.dumps(WEB))
    body = (
        json.dumps(review(obj | {"big": 0}))
        .encode()
        .replace(b'"big": 0', b'"big": 1' + b"0" * 5000)
    )
    assert response(send(body))["allowed"]


@pytest.mark.parametrize(
    "fields",
    [
        {"operation": "C" * 254},
        {"subResource": "s" * 254},
        {"resource": {"group": "g" * 254, "version": "v1", "resource": "pods"}},
        {"resource": {"group": "", "version": "v" * 254, "resource": "pods"}},
        {"resource": {"group": "", "version": "v1", "resource": "p" * 254}},
    ],
)
def test_a_word_that_no_api_server_sends_never_gets_into_a_log_line(fields: Json) -> None:
    with pytest.raises(Malformed) as caught:
        send(review(**fields))

    assert str(caught.value) == "names of operations and resources have up to 253 characters"
