"""`noxus-secrets explain`, by transcripts that can be read."""

import contextlib
import json
import os
from pathlib import Path

import pytest

from tests.commands.kit import PODS, POLICY, ROOT, pod, run

TRANSCRIPTS = Path(__file__).parent / "transcripts"
RULES = POLICY.read_text().replace(
    "  scopes:",
    """  identity:
    aliases: {noxus-worker: worker}
    rules:
      - selector: {matchLabels: {app: relay}}
        role: relay
      - selector: {matchLabels: {app: pooled}}
        role: worker
        pool: tenant-a
  scopes:""",
    1,
)
API = "      env: [{name: PLUGIN_SERVER_API_KEY, value: x}]\n"
SIDECAR = "    - {name: istio-proxy, image: example/proxy:1}\n"
MIXED = """\
      envFrom:
        - secretRef: {name: tenant-a-llm}
        - configMapRef: {name: custom}
        - secretRef: {name: app-env}
"""
CASES: dict[str, tuple[str, tuple[str, ...]]] = {
    "frontend": ((PODS / "frontend.yaml").read_text(), ()),
    "worker-tenant-a": ((PODS / "worker-tenant-a.yaml").read_text(), ()),
    "greedy-frontend": ((PODS / "greedy-frontend.yaml").read_text(), ()),
    "greedy-frontend-in-dry-run": (
        (PODS / "greedy-frontend.yaml").read_text(),
        ("--mode", "dry-run"),
    ),
    "deployments": ((ROOT / "examples" / "deployments" / "noxus.yaml").read_text(), ()),
    "no-policy-for-the-namespace": (pod(), ("-n", "elsewhere")),
    "no-role": (pod().replace("noxus.ai/role: frontend", "app: x"), ()),
    "unknown-role-names-a-secret": (
        pod(role="frontendd", spec="      envFrom: [{secretRef: {name: app-env}}]\n"),
        (),
    ),
    "rule": (pod().replace("noxus.ai/role: frontend", "app: relay"), ()),
    "rule-with-pool": (pod().replace("noxus.ai/role: frontend", "app: pooled"), ()),
    "alias": (pod(role="noxus-worker"), ()),
    "pool-on-a-frontend": (pod(labels=", noxus.ai/worker-pool: tenant-a"), ()),
    "unlisted-pool": (pod(role="worker", labels=", noxus.ai/worker-pool: tenant-z"), ()),
    "sorted-sources": (
        pod(role="worker", labels=", noxus.ai/worker-pool: tenant-a", spec=MIXED),
        (),
    ),
    "repeated-and-corrected-sources": (
        pod(
            role="worker",
            spec="""\
      envFrom:
        - secretRef: {name: app-env, optional: true}
        - secretRef: {name: a-secret-of-the-pod-whose-name-is-longer-than-the-column-is-wide}
        - secretRef: {name: app-env, optional: true}
  ephemeralContainers:
    - name: debugger
""",
        ),
        (),
    ),
    "mirror-pod": (
        pod(spec="      envFrom: [{secretRef: {name: app-env}}]\n").replace(
            "  labels:", "  annotations: {kubernetes.io/config.mirror: x}\n  labels:"
        ),
        ("--as", "system:node:a", "--as-group", "system:nodes"),
    ),
    "shadowed-variable": (pod(role="backend", spec=API).replace("name: app", "name: api"), ()),
    "variable-there-before": (
        pod(
            role="backend",
            spec="      env: [{name: PLUGIN_SERVER_API_KEY, valueFrom: {secretKeyRef: "
            "{name: plugin-secrets, key: PLUGIN_SERVER_API_KEY}}}]\n",
        ).replace("name: app", "name: api"),
        (),
    ),
    "sidecar-and-request": (
        pod(role="worker", spec=SIDECAR + "  serviceAccountName: noxus-worker\n").replace(
            "  labels:", "  annotations: {secrets.noxus.ai/scopes: ai-providers}\n  labels:"
        ),
        (),
    ),
    "requested-scope-refused": (
        pod().replace(
            "  labels:", "  annotations: {secrets.noxus.ai/scopes: ai-providers}\n  labels:"
        ),
        (),
    ),
}


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(RULES)
    return path


@pytest.mark.parametrize("name", CASES)
def test_the_explanation_reads_as_its_transcript(name: str, policy: Path) -> None:
    text, words = CASES[name]
    with contextlib.chdir(policy.parent):  # so that the name of the folder wraps no line
        ran = run("explain", "--policy", policy.name, "-f", "-", *words, stdin=text)
    told = ran.out
    transcript = TRANSCRIPTS / f"{name}.txt"
    if os.environ.get("NOXUS_UPDATE"):
        transcript.parent.mkdir(exist_ok=True)
        changed = not transcript.exists() or transcript.read_text() != told
        transcript.write_text(told)
        assert not changed, "written anew: read the difference, and run again"

    assert told == transcript.read_text(), "NOXUS_UPDATE=1 writes it anew"
    assert ran.err == ""
    refused = "\nverdict   refused\n" in told or "\nverdict  refused\n" in told
    assert ran.code == (1 if refused else 0)


def test_what_a_policy_only_reports_is_told_as_such(policy: Path) -> None:
    policy.write_text(
        POLICY.read_text().replace("spec:\n", "spec:\n  mode: DryRun\n", 1)
        + "  guard: {unknownPool: Warn}\n  containers:\n    exclude: [sidecar]\n"
    )
    text = pod(role="worker", labels=", noxus.ai/worker-pool: tenant-z")
    text = text.replace("name: app\n", "name: sidecar\n")

    with contextlib.chdir(policy.parent):
        ran = run("explain", "--policy", policy.name, "-f", "-", stdin=text)
    told = " ".join(ran.out.split())

    assert ran.code == 0
    assert (
        "verdict dry run (mode DryRun, policy.yaml:8); enforced, it would be: allowed, only its "
        "annotation is changed policy noxus (policy.yaml:3)"
    ) in told
    assert (
        "pool tenant-z (label noxus.ai/worker-pool; the policy does not list it) account default "
        "asks for pool tenant-z, ignored: the policy does not list it "
        "(metadata.labels[noxus.ai/worker-pool])"
    ) in told
    assert "container sidecar (is given nothing: excluded by policy.yaml:46)" in told


def test_no_transcript_is_left_over() -> None:
    assert {path.stem for path in TRANSCRIPTS.iterdir()} == set(CASES)


def test_an_input_without_pods_says_so() -> None:
    ran = run("explain", "--policy", POLICY, "-f", "-", stdin="kind: ConfigMap\n")

    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "no pod and no workload in the input: 1 ConfigMap\n"


def test_json_tells_the_same() -> None:
    ran = run("explain", "--policy", POLICY, "-o", "json", "-f", PODS)
    items = {item["object"]["name"]: item for item in json.loads(ran.out)["items"]}

    worker = items["noxus-worker-tenant-a"]
    assert ran.code == 1
    assert worker["verdict"] == "injected"
    assert [grant["scope"] for grant in worker["granted"]] == ["shared", "worker", "pool/tenant-a"]
    assert worker["containers"][1]["envFrom"][-1] == {
        "kind": "Secret",
        "name": "tenant-a-llm",
        "prefix": "",
        "optional": False,
        "scope": "pool/tenant-a",
        "origin": "injected",
        "corrected": False,
        "wins": True,
    }
    assert items["greedy-frontend"]["refusals"][0]["field"] == (
        "spec.containers[0].envFrom[1].secretRef"
    )


def test_a_group_makes_a_mirror_pod_of_an_annotated_one() -> None:
    text = pod().replace("  labels:", "  annotations: {kubernetes.io/config.mirror: x}\n  labels:")
    words = ("explain", "--policy", POLICY, "-o", "json", "-f", "-")

    forged = json.loads(run(*words, stdin=text).out)["items"][0]
    real = json.loads(run(*words, "--as-group", "system:nodes", stdin=text).out)["items"][0]

    assert forged["verdict"] == "injected"
    assert real["verdict"] == "allowed, nothing to do"


DEPLOYERS = """\
apiVersion: secrets.noxus.ai/v1alpha1
kind: SecretInjectionPolicy
metadata: {name: noxus}
spec:
  scopes:
    - name: vault
      roles: [frontend]
      deployers: {groups: [noxus-deployers]}
      envFrom: [{secretRef: {name: vault-env}}]
"""


@pytest.mark.parametrize(
    ("who", "code", "said"),
    [
        ((), 0, "vault: only its deployers may deploy this; say who does with --as"),
        (("--as", "joe", "--as-group", "noxus-deployers"), 0, "vault (role frontend): vault-env"),
        (("--as", "jane"), 1, "user 'jane' is not among the deployers of what role frontend"),
    ],
)
def test_deployers_are_decided_where_it_is_said_who_deploys(
    tmp_path: Path, who: tuple[str, ...], code: int, said: str
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(DEPLOYERS)

    ran = run("explain", "--policy", policy, "-f", PODS / "frontend.yaml", *who)

    assert ran.code == code
    assert said in " ".join(ran.out.split())
