"""`noxus-secrets certs` as a user sees it."""

import argparse
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from webhook.commands import certs

AT = datetime(2030, 1, 1, 12, tzinfo=UTC)


def parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="noxus-secrets")
    certs.add_parser(parser.add_subparsers())
    return parser.parse_args(["certs", *words])


def test_a_first_run_says_what_was_made_and_what_is_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert certs.make(parse("--dir", str(tmp_path / "c d"), "--ip", "10.0.0.7"), at=AT) == 0
    assert capsys.readouterr().out.replace(str(tmp_path), "TMP") == (
        "TMP/c d/ca.crt   created (there was none)  until 2031-01-01 11:55 UTC\n"
        "TMP/c d/tls.crt  created (there was none)  until 2030-01-31 11:55 UTC\n"
        f"{' ' * len(str(tmp_path))}              for noxus-secret-webhook.noxus-secrets.svc, "
        "noxus-secret-webhook.noxus-secrets.svc.cluster.local, 10.0.0.7\n"
        "\n"
        "Next: the caBundle of the webhook configurations is the output of\n"
        "        base64 < 'TMP/c d/ca.crt' | tr -d '\\n'\n"
        "      and the server starts with\n"
        "        noxus-secrets serve --policy POLICY --tls-cert 'TMP/c d/tls.crt' "
        "--tls-key 'TMP/c d/tls.key'\n"
    )


def test_a_leaf_that_ends_with_its_ca_is_pointed_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = parse("--dir", str(tmp_path))
    certs.make(args, at=AT)
    certs.make(args, at=AT + timedelta(days=350))
    assert (
        "it ends with its CA: move ca.crt and ca.key away soon and run this again"
        in capsys.readouterr().out
    )


def test_json_tells_the_same_to_a_program(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = parse("--dir", str(tmp_path), "--dns", "localhost", "-o", "json")
    certs.make(args, at=AT)
    ca, leaf = json.loads(capsys.readouterr().out)
    assert ca["action"] == "created"
    assert ca["certificate"] == f"{tmp_path}/ca.crt"
    assert leaf["dns"] == [
        "localhost",
        "noxus-secret-webhook.noxus-secrets.svc",
        "noxus-secret-webhook.noxus-secrets.svc.cluster.local",
    ]
    assert leaf["notAfter"] == "2030-01-31T11:55:00+00:00"


def test_run_uses_the_clock(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = parse("--dir", str(tmp_path), "-o", "json", "--lifetime", "2h")
    assert args.run(args) == 0
    leaf = json.loads(capsys.readouterr().out)[1]
    left = datetime.fromisoformat(leaf["notAfter"]) - datetime.now(UTC)
    assert timedelta(hours=1) < left < timedelta(hours=2)


def test_a_refusal_is_one_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert certs.make(parse("--dir", str(tmp_path), "--service", "1st"), at=AT) == 2
    assert capsys.readouterr().err == (
        "noxus-secrets certs: --service: '1st' begins with a digit; "
        "a Service begins with a letter\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("soon", "'soon' is not a duration: write it like 500ms, 3s, 1m30s, 12h or 30d"),
        ("5s", "'5s' is out of range: use 1h to 36500d"),
        ("99999d", "'99999d' is out of range: use 1h to 36500d"),
    ],
)
def test_a_lifetime_that_makes_no_sense_is_refused(
    text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        parse("--lifetime", text)
    assert caught.value.code == 2
    assert capsys.readouterr().err.endswith(f"argument --lifetime: {message}\n")
