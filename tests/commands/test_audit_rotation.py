"""`noxus-secrets audit --rotation` of manifests; of a cluster in tests/e2e/test_rotation.py."""

import io
import json
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.commands.kit import POLICY, ROOT, run
from tests.report.document import Document
from webhook.__main__ import parser
from webhook.commands.audit_rotation import run as rotation

if TYPE_CHECKING:
    import argparse

EXAMPLE = ROOT / "examples" / "rotation.yaml"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
CANARY = "hunter2-canary"


def audit(*words: str | Path, at: datetime = NOW) -> tuple[int, str]:
    arguments: argparse.Namespace = parser(["audit"]).parse_args(
        ["audit", "--rotation", "--policy", str(POLICY), *map(str, words)]
    )
    out = io.StringIO()
    with redirect_stdout(out):
        code = rotation(arguments, at=at)
    return code, out.getvalue()


def test_the_table_tells_of_each_secret_its_age_and_who_runs_with_an_older_one() -> None:
    assert audit("-f", EXAMPLE) == (
        1,
        (
            "noxus ──────────────────────────────────────────────────────────────────────────\n"
            "app-env         43 days old  of 60 (medium risk)  fine\n"
            "  changed    2026-10-12 at the latest\n"
            "  outdated   deployment/noxus-worker-tenant-a: 1 container runs with an older\n"
            "             version; restart it\n"
            "worker-env      57 days old  of 60 (medium risk)  due soon\n"
            "  changed    2026-09-28, by its annotation\n"
            "  due        is due 2026-11-27; read by worker\n"
            "plugin-secrets               of 30 (high risk)    missing\n"
            "  missing    plugin-keys hands it out, and it is not there\n"
            "llm-keys                     of 60 (medium risk)  missing\n"
            "  missing    ai-providers hands it out, and it is not there\n"
            "tenant-a-llm    53 days old  of 30 (high risk)    overdue\n"
            "  changed    2026-10-02 at the latest\n"
            "  due        was due 2026-11-01; read by pool/tenant-a\n"
            "  outdated   deployment/noxus-worker-tenant-a: 1 container runs with an older\n"
            "             version; restart it\n"
            "tenant-b-llm                 of 30 (high risk)    missing\n"
            "  missing    pool/tenant-b hands it out, and it is not there\n"
            "\n"
            "6 Secrets: 1 overdue; 1 due soon; 3 missing; 1 fine\n"
            "1 pod with an older version of a Secret than it has now\n"
        ),
    )


def test_nothing_overdue_ends_with_zero() -> None:
    code, _ = audit("-f", EXAMPLE, at=datetime(2026, 10, 20, tzinfo=UTC))

    assert code == 0


def test_json_has_all_of_it() -> None:
    _, out = audit("-f", EXAMPLE, "-o", "json")

    report = json.loads(out)
    assert (report["kind"], report["at"]) == ("Rotation", "2026-11-24T12:00:00Z")
    assert report["secrets"][4] == {
        "namespace": "noxus",
        "name": "tenant-a-llm",
        "scopes": ["pool/tenant-a"],
        "risk": "High",
        "limit": 30,
        "state": "overdue",
        "changed": "2026-10-02T09:00:00Z",
        "basis": "data",
        "age": 53,
        "due": "2026-11-01T09:00:00Z",
        "refreshed": "",
        "stale": 1,
    }
    assert [it["secret"] for it in report["stale"]] == ["app-env", "tenant-a-llm"]


def test_the_page_says_the_same_in_words_and_is_well_formed() -> None:
    _, out = audit("-f", EXAMPLE, "-o", "html")

    document = Document(out)
    text = " ".join(" ".join(document.text).split())
    assert document.faults == []
    assert "1 Secret is overdue." in text
    assert "high risk, 30 days changed 2026-10-02 (at the latest) due 2026-11-01" in text


def test_metrics_name_each_secret_whose_age_is_known() -> None:
    _, out = audit("-f", EXAMPLE, "-o", "metrics")

    series = [line for line in out.splitlines() if not line.startswith("#")]
    labels = '{namespace="noxus",risk="High",secret="tenant-a-llm"}'
    assert len(series) == 9
    assert f"noxus_secrets_secret_rotation_due_timestamp_seconds{labels} 1.7935236e+09" in series
    assert f"noxus_secrets_secret_stale_containers{labels} 1.0" in series


def test_what_a_secret_holds_is_never_printed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    head = "kind: Secret\nmetadata: {name: app-env, namespace: noxus}\nstringData:\n  A: "
    for value in (CANARY, f"'{CANARY}", f"!!int {CANARY}"):
        secret.write_text(head + value)
        for output in ("table", "json", "html", "metrics"):
            words = ("audit", "--rotation", "--policy", POLICY, "-f", secret, "-o", output)
            ran = run(*words)
            assert CANARY not in ran.out + ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "no Secret in the input: name the namespace with --namespace\n"),
        (("-n", "elsewhere"), "no policy hands out a Secret in elsewhere\n"),
    ],
)
def test_nothing_to_report_is_told_with_its_reason(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    empty = tmp_path / "empty.yaml"
    empty.write_text("kind: List\nitems: []\n")

    ran = run("audit", "--rotation", "--policy", POLICY, "-f", empty, *words)

    assert (ran.code, ran.out, ran.err) == (0, "0 Secrets\n", said)


def test_in_a_namespace_that_is_named_secrets_are_missing_though_none_is_there(
    tmp_path: Path,
) -> None:
    empty = tmp_path / "empty.yaml"
    empty.write_text("kind: List\nitems: []\n")

    code, out = audit("-n", "noxus", "-f", empty)

    assert code == 0
    assert out.endswith("\n6 Secrets: 6 missing\n")


def test_secrets_are_found_in_lists_whatever_else_is_in_them(tmp_path: Path) -> None:
    metadata = {"name": "app-env", "creationTimestamp": "2026-11-01T00:00:00Z"}
    inner = {"kind": "SecretList", "apiVersion": "v1", "items": [{"metadata": metadata}]}
    file = tmp_path / "saved.json"
    file.write_text(json.dumps({"kind": "List", "items": [1, None, inner]}))

    _, out = audit("-n", "noxus", "-f", file, "-o", "json")

    first = json.loads(out)["secrets"][0]
    assert (first["name"], first["age"], first["basis"]) == ("app-env", 23, "creation")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--rotation", "--flows", "x"), "--rotation is a report of its own: leave out --flows"),
        (
            ("--rotation", "-o", "policyreport"),
            "--rotation has no PolicyReport: use table, json, html or metrics",
        ),
        (("-o", "metrics"), "-o metrics goes with --rotation"),
        (("--rotation",), "no cluster: set KUBECONFIG, or give manifests with -f"),
    ],
)
def test_what_makes_no_sense_ends_with_two_and_a_sentence(
    words: tuple[str, ...], message: str
) -> None:
    ran = run("audit", "--policy", POLICY, *words)

    assert (ran.code, ran.out, ran.err) == (2, "", f"noxus-secrets: {message}\n")


def test_a_secret_without_a_namespace_asks_for_one(tmp_path: Path) -> None:
    file = tmp_path / "secret.yaml"
    file.write_text("kind: Secret\nmetadata: {name: app-env}\n---\nkind: Pod\nmetadata: []\n")

    ran = run("audit", "--rotation", "--policy", POLICY, "-f", file)
    named = run("audit", "--rotation", "--policy", POLICY, "-n", "noxus", "-f", file)

    assert "a Secret names no namespace: give --namespace" in ran.err
    assert "app-env         of 60 (medium risk)  unknown" in " ".join(named.out.splitlines())
