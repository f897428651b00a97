"""An audit as PolicyReports (wgpolicyk8s.io/v1alpha2), which dashboards for policies read.

One document for each namespace, as `kubectl apply -f -` takes them. What is fine is counted by a
result of its own for each workload; of pods only those are listed that are not.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, TextIO

import yaml

from webhook.audit.report import Judged, PodState, Report, Verdict, Workload
from webhook.audit.stored import API_VERSIONS
from webhook.terminal import raw

Json = dict[str, Any]

_NAME: Final = "noxus-secrets-audit"
_SOURCE: Final = "noxus-secrets"
# A result is 1 kB at most but for rare messages, and an object of etcd 1.5 MB.
_MOST_RESULTS: Final = 500
_RESULTS: Final = ("pass", "fail", "warn", "error", "skip")
_POD_RESULTS: Final = {
    PodState.LACKS: ("NotInjected", "warn"),
    PodState.OUTDATED: ("Outdated", "warn"),
    PodState.REFUSED: ("PodRefused", "fail"),
}


def write_policy_reports(report: Report, stream: TextIO) -> None:
    """Write all documents; a namespace with nothing to tell has an empty one."""
    by_namespace: dict[str, list[Workload]] = {it.name: [] for it in report.namespaces}
    for workload in report.workloads:
        by_namespace.setdefault(workload.namespace, []).append(workload)
    stream = raw(stream)
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    for document in _documents(by_namespace):
        stream.write("---\n")
        yaml.dump(document, stream, Dumper=dumper, sort_keys=False, width=100, allow_unicode=True)


def _documents(by_namespace: dict[str, list[Workload]]) -> Iterator[Json]:
    for namespace, workloads in by_namespace.items():
        results = [result for workload in workloads for result in _results(workload)]
        for n, start in enumerate(range(0, max(len(results), 1), _MOST_RESULTS), 1):
            yield _document(namespace, n, results[start : start + _MOST_RESULTS])


def _document(namespace: str, number: int, results: list[Json]) -> Json:
    counts = Counter(result["result"] for result in results)
    return {
        "apiVersion": "wgpolicyk8s.io/v1alpha2",
        "kind": "PolicyReport",
        "metadata": {
            "name": _NAME if number == 1 else f"{_NAME}-{number}",
            "namespace": namespace,
            "labels": {"app.kubernetes.io/managed-by": _SOURCE},
        },
        "summary": {result: counts[result] for result in _RESULTS},
        "results": results,
    }


def _results(workload: Workload) -> Iterator[Json]:
    for refusal in workload.refusals:
        result = "warn" if workload.dry_run else "fail"
        message = f"dry run: would be refused: {refusal.message}" if workload.dry_run else None
        yield _result(workload, refusal.reason, result, message or refusal.message, "high")
    if workload.verdict is Verdict.OUTSIDE:
        yield _result(workload, "OutsideOptIn", "skip", workload.outside, "info")
    elif not workload.refusals:
        told = f"granted: {', '.join(workload.granted) or 'nothing'}"
        yield _result(workload, "Entitled", "pass", told, "info")
    for warning in workload.warnings:
        yield _result(workload, "Warning", "warn", warning, "low")
    if workload.judged is not Judged.YES:
        yield _result(workload, "DeployerNotJudged", "warn", workload.judged_why, "medium")
    for pod in workload.pods:
        if pod.state in _POD_RESULTS and not (workload.kind == "Pod" and workload.refusals):
            rule, result = _POD_RESULTS[pod.state]
            refused = pod.state is PodState.REFUSED
            result = "warn" if workload.dry_run else result
            found = _result(workload, rule, result, pod.message, "high" if refused else "medium")
            yield {**found, "resources": [_resource("Pod", pod.name, workload.namespace)]}


def _result(workload: Workload, rule: str, result: str, message: str, severity: str) -> Json:
    properties = {
        "role": workload.role or "unknown",
        "mode": workload.mode or "not opted in",
        "scopes": ",".join(workload.granted),
    }
    if workload.pool is not None:
        properties["pool"] = workload.pool
    return {
        "source": _SOURCE,
        "policy": workload.policy or "(none)",
        "rule": rule,
        "category": "Secrets",
        "severity": severity,
        "result": result,
        "scored": result in {"pass", "fail"},
        "message": message,
        "properties": properties,
        "resources": [_resource(workload.kind, workload.name, workload.namespace)],
    }


def _resource(kind: str, name: str, namespace: str) -> Json:
    version = API_VERSIONS.get(kind)  # of a kind that a policy adds the version is anybody's guess
    named = {"kind": kind, "name": name, "namespace": namespace}
    return {"apiVersion": version, **named} if version else named
