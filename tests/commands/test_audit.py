"""`noxus-secrets audit` of manifests; of a cluster in tests/e2e/test_audit.py."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.commands.kit import PODS, POLICY, ROOT, pod, run
from webhook.commands.progress import progress

DEPLOYMENTS = ROOT / "examples" / "deployments"
CANARY = "hunter2-canary"
REFUSED = (
    "container 'app' may not read Secret 'worker-env' (spec.containers[0].envFrom[0].secretRef): "
    "it belongs to scope 'worker', and role frontend is not entitled to it (only worker); remove "
    "it, or have the policy's owner add role frontend to it"
)
GREEDY = pod(spec="      envFrom: [{secretRef: {name: worker-env}}]\n")


def audit(*words: str | Path, stdin: str = "", code: int = 0) -> str:
    ran = run("audit", "--policy", POLICY, *words, stdin=stdin)

    assert (ran.code, ran.err) == (code, "")
    assert CANARY not in ran.out
    return ran.out


def test_the_table_tells_of_each_workload_what_it_would_be_given_and_sums_up() -> None:
    assert audit("-f", DEPLOYMENTS) == (
        "noxus (enabled, policy noxus) "
        "──────────────────────────────────────────────────\n"
        "deployment/noxus-backend          backend           2 replicas  injected\n"
        "  gets       api: app-env\n"
        "  gets       api: PLUGIN_SERVER_API_KEY from\n"
        "             plugin-secrets/PLUGIN_SERVER_API_KEY\n"
        "deployment/noxus-frontend         frontend          2 replicas  injected\n"
        "  gets       web: app-env\n"
        "deployment/noxus-worker-default   worker, default   2 replicas  injected\n"
        "  gets       worker: app-env · worker-env ← wins\n"
        "deployment/noxus-worker-tenant-a  worker, tenant-a  2 replicas  injected\n"
        "  gets       worker: app-env · worker-env · tenant-a-llm ← wins\n"
        "\n"
        "4 workloads in 1 opted-in namespace, pods without one included: 0 refused; 4\n"
        "injected; 0 nothing to do\n"
    )


def test_what_would_be_refused_is_told_in_whole_sentences_and_ends_with_one() -> None:
    assert audit("-f", "-", stdin=GREEDY, code=1) == (
        "noxus (enabled, policy noxus) "
        "──────────────────────────────────────────────────\n"
        "pod/p  frontend  refused\n"
        "  has        app: worker-env\n"
        "  refused    container 'app' may not read Secret 'worker-env'\n"
        "             (spec.containers[0].envFrom[0].secretRef): it belongs to scope\n"
        "             'worker', and role frontend is not entitled to it (only worker);\n"
        "             remove it, or have the policy's owner add role frontend to it\n"
        "\n"
        "1 workload in 1 opted-in namespace, pods without one included: 1 refused; 0\n"
        "injected; 0 nothing to do\n"
    )


def test_what_runs_somewhere_is_told_with_what_it_lacks() -> None:
    stored = pod().replace("  name: p\n", "  name: p\n  uid: u\n")

    assert (
        "  lacks      pod p: runs without what the policy gives it: container 'app' lacks\n"
        "             app-env; create it again\n"
    ) in audit("-f", "-", stdin=stored)


def test_a_value_of_a_variable_is_never_printed() -> None:
    spec = (
        f"      env: [{{name: X, value: {CANARY}}}]\n      envFrom: [{{secretRef: {{name: x}}}}]\n"
    )

    for output in ("table", "json", "html", "policyreport"):
        audit("-f", "-", "-o", output, stdin=pod(role="worker", spec=spec))


def test_json_holds_the_sums_the_policies_and_every_workload() -> None:
    found = json.loads(audit("-f", PODS, "-o", "json", code=1))

    assert list(found) == [
        *("kind", "source", "refused", "totals", "policies", "namespaces", "unreadable"),
        *("flows", "workloads"),
    ]
    assert (found["kind"], found["source"], found["refused"]) == ("Audit", "files", True)
    assert found["totals"]["entries"] == len(found["workloads"]) == 3
    assert found["namespaces"] == [{"name": "noxus", "mode": "enabled", "policy": "noxus"}]
    (worker,) = [it for it in found["workloads"] if it["role"] == "worker"]
    file, _, line = worker["file"].rpartition(":")
    assert (file, line.isdigit()) == (str(PODS / "worker-tenant-a.yaml"), True)
    assert worker["containers"][1]["gets"][-1] == {
        "kind": "Secret",
        "name": "tenant-a-llm",
        "prefix": "",
        "optional": False,
        "scope": "pool/tenant-a",
        "origin": "injected",
        "wins": True,
    }
    assert worker["access"][0] == {
        "secret": "app-env",
        "state": "gains",
        "via": "envFrom",
        "containers": ["wait-db", "worker"],
        "keys": None,
        "scope": "shared",
        "overriddenBy": ["worker-env", "tenant-a-llm"],
        "message": "",
    }


def test_json_of_nothing_is_still_json() -> None:
    ran = run("audit", "--policy", POLICY, "-f", "-", "-o", "json", stdin="kind: Service\n")

    assert (ran.code, ran.err) == (0, "no pod and no workload in the input\n")
    assert json.loads(ran.out)["workloads"] == []


def test_every_field_of_the_json_is_documented() -> None:
    page = (ROOT / "docs" / "commands.md").read_text()
    _, _, documented = page.partition("## What `audit -o json` prints")

    def fields(value: object) -> set[str]:
        if isinstance(value, dict):
            return set(value).union(*map(fields, value.values()))
        return set().union(*map(fields, value)) if isinstance(value, list) else set()

    found = fields(json.loads(audit("-f", PODS, "-o", "json", code=1)))
    assert [name for name in sorted(found) if f"`{name}`" not in documented] == []


def test_a_policy_report_can_be_read_by_anybody() -> None:
    (report,) = yaml.safe_load_all(audit("-f", "-", "-o", "policyreport", stdin=GREEDY, code=1))

    assert (report["apiVersion"], report["kind"]) == ("wgpolicyk8s.io/v1alpha2", "PolicyReport")
    assert [(it["result"], it["message"]) for it in report["results"]] == [("fail", REFUSED)]


def test_the_page_is_one_that_names_what_it_is_about() -> None:
    page = audit("-f", PODS, "-o", "html", code=1)

    assert page.startswith("<!doctype html>")
    assert f"manifests in {PODS}" in page


def test_the_mode_is_that_of_the_namespaces_label_where_the_files_hold_it() -> None:
    label = "{secrets.noxus.ai/injection: dry-run}"
    namespace = f"kind: Namespace\nmetadata: {{name: noxus, labels: {label}}}\n---\n"

    out = audit("-f", "-", stdin=namespace + GREEDY, code=1)

    assert out.startswith("noxus (dry-run, policy noxus) ─")


def test_a_namespace_of_the_files_without_a_label_is_not_opted_in() -> None:
    namespace = "kind: Namespace\nmetadata: {name: noxus}\n---\n"

    out = audit("-f", "-", stdin=namespace + GREEDY)

    assert out.startswith("noxus (not opted in, policy noxus) ─")
    assert "1 outside of opted-in namespaces that look like Noxus\n" in out


def test_the_mode_of_other_namespaces_can_be_given() -> None:
    assert audit("-f", "-", "--mode", "dry-run", stdin=GREEDY, code=1).startswith("noxus (dry-run,")


def test_owners_are_known_in_whatever_order_the_files_have_them(tmp_path: Path) -> None:
    template = {
        "metadata": {"labels": {"noxus.ai/role": "frontend"}},
        "spec": {"containers": [{"name": "app"}]},
    }
    meta = {"namespace": "noxus"}
    owner = {"kind": "StatefulSet", "name": "s", "uid": "1", "controller": True}
    items = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                **meta,
                "name": "s-0",
                "uid": "2",
                "labels": template["metadata"]["labels"],
                "ownerReferences": [owner],
            },
            "spec": template["spec"],
        },
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {**meta, "name": "s", "uid": "1"},
            "spec": {"template": template},
        },
    ]
    file = tmp_path / "list.json"
    file.write_text(json.dumps({"kind": "List", "items": items}))

    (told,) = json.loads(audit("-f", file, "-o", "json"))["workloads"]

    assert (told["name"], [it["name"] for it in told["pods"]]) == ("s", ["s-0"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--mode", "dry-run"),
            "--mode is for manifests: in a cluster the namespaces' labels are read",
        ),
        ((), "no cluster: set KUBECONFIG, or give manifests with -f"),
        (("-f", "nowhere.yaml"), "nowhere.yaml: No such file or directory"),
    ],
)
def test_what_cannot_be_read_is_a_usage_error(words: tuple[str, ...], message: str) -> None:
    ran = run("audit", "--policy", POLICY, *words)

    assert (ran.code, ran.out, ran.err) == (2, "", f"noxus-secrets: {message}\n")


def test_metadata_that_kubernetes_would_refuse_is_a_usage_error() -> None:
    odd = pod().replace("  name: p\n", "  name: p\n  ownerReferences: 3\n")

    ran = run("audit", "--policy", POLICY, "-f", "-", stdin=odd)

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(
        "noxus-secrets: <stdin>:1: pod/p is not as Kubernetes wants it: Expected `array | null`"
    )


def test_manifests_are_audited_without_the_client_of_the_api_server() -> None:
    code = (
        "import sys\nfrom webhook.__main__ import main\n"
        f"main(['audit', '--policy', {str(POLICY)!r}, '-f', {str(PODS)!r}])\n"
        "print({'aiohttp', 'kubernetes', 'uvloop'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.endswith("\nset()\n")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_it_is_shown_how_far_the_reading_is() -> None:
    terminal = Terminal()

    with progress(terminal) as report:
        report("pods", 500, 10_000)

    assert "reading pods" in terminal.getvalue()
    assert "500/10000" in terminal.getvalue()


def test_elsewhere_nothing_is_shown() -> None:
    stream = io.StringIO()

    with progress(stream) as report:
        report("pods", 500, 10_000)

    assert stream.getvalue() == ""
