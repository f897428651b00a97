"""What the hooks answer to proper and improper requests."""

import json
from pathlib import Path

import pytest

from tests.serving.kit import Certificates, Rig, post, rig
from webhook.serving.head import asked_time
from webhook.serving.limits import DEFAULT_LIMITS, Limits

MIB = 1024 * 1024


@pytest.mark.parametrize("hook", ["mutate", "validate"])
@pytest.mark.parametrize("mode", ["enabled", "dry-run"])
async def test_each_path_is_a_hook_and_a_mode(generous: Rig, hook: str, mode: str) -> None:
    client = await generous.connect()
    response = await client.ask(post({}, path=f"/{hook}/{mode}"))
    assert response.status == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json == {"hook": hook, "mode": mode, "length": 2, "policies": 1}
    assert set(response.headers) == {"content-type", "content-length", "date"}


async def test_one_connection_answers_one_request_after_another(generous: Rig) -> None:
    client = await generous.connect()
    for _ in range(5):
        assert (await client.ask(post())).status == 200
    assert len(generous.service.table) == 1


async def test_requests_sent_ahead_are_answered_in_order(generous: Rig) -> None:
    client = await generous.connect()
    await client.send(b"".join(post({"pad": "x" * n}) for n in range(50)))
    lengths = [(await client.response()).json["length"] for _ in range(50)]
    assert lengths == [len(json.dumps({"pad": "x" * n})) for n in range(50)]


async def test_a_body_in_pieces_is_put_together(generous: Rig) -> None:
    client = await generous.connect()
    request = post({"pad": "x" * 5000})
    for start in range(0, len(request), 997):
        await client.send(request[start : start + 997])
    assert (await client.response()).json["length"] == 5000 + len('{"pad": ""}')


async def test_a_chunked_body_is_put_together(generous: Rig) -> None:
    client = await generous.connect()
    head = post(body=b"", Content_Length="", Transfer_Encoding="chunked")
    response = await client.ask(head + b'3\r\n{"a\r\n5\r\n": 1}\r\n0\r\n\r\n')
    assert response.json["length"] == 8


async def test_a_body_of_nearly_the_limit_is_decided(generous: Rig) -> None:
    client = await generous.connect()
    size = DEFAULT_LIMITS.body - len('{"pad": ""}')
    response = await client.ask(post({"pad": "x" * size}))
    assert response.json["length"] == DEFAULT_LIMITS.body


async def test_a_decision_is_logged_in_one_line_and_counted(generous: Rig) -> None:
    assert (await generous.good()).status == 200
    (line,) = map(json.loads, generous.lines)
    assert line.pop("time").endswith("Z")
    assert 0 < line.pop("milliseconds") < 5000
    assert line == {
        "level": "info",
        "message": "decided",
        "uid": "u-1",
        "operation": "CREATE",
        "resource": "pods",
        "namespace": "noxus",
        "name": "web",
        "user": "jane",
        "hook": "mutate",
        "mode": "enforce",
        "decision": "allow",
        "reason": "NothingToDo",
        "policy": "noxus/1",
        "role": "frontend",
        "pool": "",
        "scopes": ["shared"],
        "warnings": 0,
        "dry_run": False,
    }
    counted = generous.metric(
        "admission_reviews_total",
        hook="mutate",
        mode="enforce",
        decision="allow",
        reason="NothingToDo",
    )
    assert counted == 1
    assert generous.metric("admission_duration_seconds_count", hook="mutate") == 1


NOTHING_HERE = (
    "there is nothing here; the hooks are /mutate/enabled, /mutate/dry-run, /validate/enabled, "
    "/validate/dry-run"
)


@pytest.mark.parametrize(
    ("request_bytes", "status", "message"),
    [
        (post(path="/mutate"), 404, NOTHING_HERE),
        (post(path="/mutate/enabled/"), 404, NOTHING_HERE),
        (post(path="/mutate//enabled"), 404, NOTHING_HERE),
        (post(path="/%6dutate/enabled"), 404, NOTHING_HERE),
        (post(method="PUT"), 405, "send an AdmissionReview by POST"),
        (post(method="GET", body=b""), 405, "send an AdmissionReview by POST"),
        (post(method="CONNECT", path="hook:443"), 404, NOTHING_HERE),
        (post(Content_Type="text/plain"), 415, "send application/json"),
        (post(Content_Type=""), 415, "send application/json"),
        (post(Content_Type="application/jsonp"), 415, "send application/json"),
        (post(Content_Encoding="gzip"), 415, "send the body uncompressed"),
        (post(Content_Encoding="br"), 415, "send the body uncompressed"),
        (
            post(Expect="200-ok"),
            417,
            "the only expectation that is understood is 100-continue",
        ),
        (post(body=b"{"), 400, "not an AdmissionReview: not JSON"),
        (post(body=b""), 400, "not an AdmissionReview: not JSON"),
    ],
)
async def test_a_wrong_request_is_refused_with_a_sentence(
    generous: Rig, request_bytes: bytes, status: int, message: str
) -> None:
    client = await generous.connect()
    response = await client.ask(request_bytes)
    assert (response.status, response.error) == (status, message)
    assert response.headers["content-type"].startswith("application/json")
    assert response.headers["connection"] == "close"
    assert await client.closed() == b""
    assert generous.metric("requests_rejected_total", status=str(status)) == 1
    assert (await generous.good()).status == 200


async def test_a_wrong_method_is_told_the_right_one(generous: Rig) -> None:
    response = await (await generous.connect()).ask(post(method="DELETE"))
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "media", ["application/json; charset=utf-8", "Application/JSON", "application/json ;x=y"]
)
async def test_parameters_and_case_of_the_content_type_do_not_matter(
    generous: Rig, media: str
) -> None:
    assert (await (await generous.connect()).ask(post(Content_Type=media))).status == 200


async def test_identity_is_no_compression(generous: Rig) -> None:
    assert (await (await generous.connect()).ask(post(Content_Encoding="identity"))).status == 200


async def test_a_client_that_asks_before_it_sends_may_go_on(generous: Rig) -> None:
    client = await generous.connect()
    head, body = post({"pad": "x"}, Expect="100-continue").split(b"\r\n\r\n")
    await client.send(head + b"\r\n\r\n")
    assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert (await client.ask(body)).status == 200


async def test_a_client_that_asks_before_it_sends_too_much_is_told_so(generous: Rig) -> None:
    client = await generous.connect()
    head = post(body=b"", Content_Length=str(9 * MIB), Expect="100-continue")
    assert (await client.ask(head)).status == 413


async def test_http_1_0_is_answered_and_closed(generous: Rig) -> None:
    client = await generous.connect()
    response = await client.ask(post().replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert response.status == 200
    assert await client.closed() == b""


async def test_an_upgrade_is_not_taken(generous: Rig) -> None:
    client = await generous.connect()
    response = await client.ask(post(Connection="Upgrade", Upgrade="websocket"))
    assert response.status == 200


async def test_a_fault_of_ours_is_500_and_its_message_is_told_to_nobody(
    generous: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    client = await generous.connect()
    response = await client.ask(post({"say": "fault"}))
    assert response.status == 500
    assert response.error == "internal error; the webhook's log has the details"
    assert generous.metric("internal_errors_total") == 1
    assert generous.metric("requests_rejected_total", status="500") == 1
    (record,) = [r for r in caplog.records if r.message == "a request could not be decided"]
    fields = record.__dict__["fields"]
    assert fields["error"] == "LookupError"
    assert fields["stack"][-1].startswith("tests.serving.kit:")
    assert fields["stack"][-1].endswith(":echo")
    assert "secret value" not in str(fields)
    assert (await client.ask(post())).status == 200, "the connection stays"


async def test_without_a_policy_the_answer_is_500_and_says_so(
    pki: Certificates, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "policy.yaml").write_text("bad")
    async with rig(pki, tmp_path, limits=Limits()) as served:
        client = await served.connect()
        for _ in range(2):
            response = await client.ask(post())
            assert response.status == 500
            assert response.error == (
                "no policy is loaded; the webhook's log and /readyz?verbose say why"
            )
        assert served.metric("internal_errors_total") == 2
    told = [r for r in caplog.records if "not decided" in r.message]
    assert [r.message for r in told] == ["a request was not decided: no policy is loaded"]


@pytest.mark.parametrize(
    ("query", "seconds"),
    [
        ("timeout=3s", 3.0),
        ("timeout=500ms", 0.5),
        ("timeout=1m30s", 90.0),
        ("a=b&timeout=2s", 2.0),
        ("timeout=1s&timeout=2s", 2.0),
        ("timeout=0s", None),
        ("timeout=-3s", None),
        ("timeout=soon", None),
        ("timeout=", None),
        ("", None),
        ("&".join("a=b" for _ in range(99)), None),
        ("timeout=9999999999s", None),
    ],
)
def test_the_time_that_the_api_server_waits_is_read_from_the_query(
    query: str, seconds: float | None
) -> None:
    assert asked_time(query) == seconds


async def test_a_body_is_waited_for_no_longer_than_the_api_server_waits(generous: Rig) -> None:
    client = await generous.connect()
    head = post(path="/mutate/enabled?timeout=50ms", body=b"", Content_Length="9")
    response = await client.ask(head)
    assert (response.status, response.error) == (408, "the body did not arrive in time")
