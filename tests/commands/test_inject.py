"""`noxus-secrets inject`."""

import json
import resource
import subprocess
import sys

import pytest
import yaml

from tests.commands.kit import PODS, POLICY, ROOT, pod, run

COMMENTED = """\
# first line
apiVersion: apps/v1
kind: Deployment # a workload
metadata:
    name: w   # aligned by hand
    namespace: noxus
spec:
    template:
        metadata:
            labels: {noxus.ai/role: 'worker', noxus.ai/worker-pool: "tenant-a"}
        spec:
            containers:
                # the one that matters
                - name: worker
                  image: example/app:1
                  envFrom:
                      # the tenant's own
                      - secretRef: {name: tenant-a-llm} # last, please
                      - configMapRef:
                            name: custom
# last line
"""


def injected(text: str, *words: str) -> str:
    ran = run("inject", "--policy", POLICY, "-f", "-", *words, stdin=text)
    assert (ran.code, ran.err) == (0, ""), ran.err
    return ran.out


def test_comments_quotes_and_indentation_stay_as_they_were() -> None:
    ran = run("inject", "--policy", POLICY, "-f", "-", stdin=COMMENTED)
    lines = ran.out.splitlines()
    added = {"annotations:", "secrets.noxus.ai/injected: shared,worker,pool/tenant-a"}
    added |= {"- secretRef: {name: app-env}", "- secretRef: {name: worker-env}"}

    assert ran.code == 0
    assert [line for line in lines if line.strip() not in added] == COMMENTED.splitlines()
    template = yaml.safe_load(ran.out)["spec"]["template"]
    names = [
        next(iter(element.values()))["name"]
        for element in template["spec"]["containers"][0]["envFrom"]
    ]
    assert names == ["app-env", "worker-env", "tenant-a-llm", "custom"]
    assert template["metadata"]["annotations"] == {
        "secrets.noxus.ai/injected": "shared,worker,pool/tenant-a"
    }


def test_what_needs_no_change_is_printed_to_the_byte() -> None:
    text = "kind:   ConfigMap\nmetadata: {name:  x}\n---\n# nothing but a comment\n---\n"

    assert injected(text) == text


def test_injecting_twice_is_injecting_once() -> None:
    once = run("inject", "--policy", POLICY, "-f", "-", stdin=COMMENTED).out

    assert run("inject", "--policy", POLICY, "-f", "-", stdin=once).out == once


def test_a_refused_object_is_not_printed_and_the_others_are() -> None:
    ran = run("inject", "--policy", POLICY, "-f", PODS)

    printed = [document["metadata"]["name"] for document in yaml.safe_load_all(ran.out)]
    assert printed == ["noxus-frontend", "noxus-worker-tenant-a"]
    assert ran.code == 1
    assert ran.err == (
        f"{PODS}/greedy-frontend.yaml:2: pod/greedy-frontend: refused: container 'web' may not "
        "read Secret 'worker-env' (spec.containers[0].envFrom[1].secretRef): it belongs to scope "
        "'worker', and role frontend is not entitled to it (only worker); remove it, or have the "
        "policy's owner add role frontend to it\n"
    )


def test_in_dry_run_nothing_is_changed_or_refused() -> None:
    text = (PODS / "greedy-frontend.yaml").read_text()

    ran = run("inject", "--policy", POLICY, "--mode", "dry-run", "-f", "-", stdin=text)

    assert (ran.code, ran.out) == (0, text)
    assert "warning: dry run: would refuse: container 'web' reads Secret 'worker-env'" in ran.err


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("Pod", ()),
        ("PodTemplate", ("template",)),
        ("Deployment", ("spec", "template")),
        ("StatefulSet", ("spec", "template")),
        ("DaemonSet", ("spec", "template")),
        ("ReplicaSet", ("spec", "template")),
        ("ReplicationController", ("spec", "template")),
        ("Job", ("spec", "template")),
        ("CronJob", ("spec", "jobTemplate", "spec", "template")),
    ],
)
def test_the_template_of_every_kind_of_workload_is_injected(
    kind: str, path: tuple[str, ...]
) -> None:
    template = {
        "metadata": {"labels": {"noxus.ai/role": "frontend"}},
        "spec": {"containers": [{"name": "c"}]},
    }
    inner: object = template
    for member in reversed(path):
        inner = {member: inner}
    assert isinstance(inner, dict)
    whole = {"kind": kind, "metadata": {"name": "x"}} | inner
    listed = {"kind": "List", "items": [{"kind": "PodList", "items": [whole]}, {"kind": "Secret"}]}

    for value in (whole, listed):
        done = json.loads(injected(json.dumps(value), "-n", "noxus"))
        found = done["items"][0]["items"][0] if value is listed else done
        for member in path:
            found = found[member]
        assert found["spec"]["containers"] == [
            {"name": "c", "envFrom": [{"secretRef": {"name": "app-env"}}]}
        ]


def test_json_that_steers_a_terminal_is_written_with_escapes_and_is_the_same_value() -> None:
    value = json.loads(json.dumps(yaml.safe_load(pod())))
    value["metadata"]["annotations"] = {"note": "\x9b2J\u202e"}

    for words in ((), ("-o", "json")):
        text = injected(json.dumps(value), *words)

        assert "\\u009b2J\\u202e" in text
        assert json.loads(text)["metadata"]["annotations"]["note"] == "\x9b2J\u202e"


def test_json_output_is_the_object_or_a_list_of_them() -> None:
    one = json.loads(injected(pod(), "-o", "json"))
    two = json.loads(injected(f"{pod()}---\n{pod()}", "-o", "json"))

    assert one["kind"] == "Pod"
    assert (two["apiVersion"], two["kind"], len(two["items"])) == ("v1", "List", 2)


def test_carriage_returns_and_a_byte_order_mark_do_no_harm() -> None:
    out = injected("\ufeff" + pod().replace("\n", "\r\n"))

    assert yaml.safe_load(out)["spec"]["containers"][0]["envFrom"] == [
        {"secretRef": {"name": "app-env"}}
    ]


def test_a_long_file_is_a_stream_and_memory_stays_flat() -> None:
    many = "---\n".join([pod(role="none")] * 4000)
    script = (
        "import resource, sys\nfrom webhook.__main__ import main\n"
        f"main(['inject', '--policy', {str(POLICY)!r}, '-f', '-'])\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    peaks = []
    for text in (pod(role="none"), many):
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            input=text,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == text
        peaks.append(int(done.stderr.splitlines()[-1]))

    assert peaks[1] - peaks[0] < 16_384, peaks  # KiB; the file alone is 700, its objects many times
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0
