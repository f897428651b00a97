"""What these tests have in common: a policy, objects under it, and documents of cases."""

from pathlib import Path
from typing import Any

from webhook.core.policyset import PolicySet
from webhook.loading.load import load_policies, load_text
from webhook.loading.yamltree import Document, read_documents
from webhook.policytests.kinds import kind_of
from webhook.policytests.outcome import Outcome, Sent, outcome

Json = Any

ROOT = Path(__file__).parents[2]
EXAMPLE = load_policies(ROOT / "examples" / "policy.yaml").policies
ENTRUSTED = """
apiVersion: secrets.noxus.ai/v1alpha1
kind: SecretInjectionPolicy
metadata: {name: entrusted}
spec:
  scopes:
    - {name: shared, roles: [worker], envFrom: [{secretRef: {name: app-env}}]}
  worker:
    pools:
      tenant-a:
        envSecretRef: tenant-a-llm
        deployers: {groups: [noxus-deployers, "system:serviceaccounts:argocd"]}
  workloads:
    - group: training.example
      kind: TrainingJob
      resource: trainingjobs
      templates: [spec.replicas.*.template]
"""
HEAD = """\
apiVersion: secrets.noxus.ai/v1alpha1
kind: PolicyTest
"""


def entrusted() -> PolicySet:
    return load_text(ENTRUSTED).policies


def document(text: str) -> Document:
    (found,) = read_documents(text, "cases.yaml")
    return found


def pod(role: str | None = None, pool: str | None = None, **container: Any) -> Json:  # noqa: ANN401
    labels = {"noxus.ai/role": role, "noxus.ai/worker-pool": pool}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "labels": {k: v for k, v in labels.items() if v}},
        "spec": {"containers": [{"name": "app", "image": "example/app:1", **container}]},
    }


def template(made: Json) -> Json:
    """Return what of a pod stands in a template."""
    return {"metadata": {"labels": made["metadata"]["labels"]}, "spec": made["spec"]}


def deployment(made: Json) -> Json:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d"},
        "spec": {"selector": {}, "template": template(made)},
    }


def secrets(*names: str) -> list[Json]:
    return [{"secretRef": {"name": name}} for name in names]


def become(value: Json, policies: PolicySet = EXAMPLE, **given: Any) -> Outcome:  # noqa: ANN401
    """Send an object to namespace `noxus`, unless another one is given."""
    kind = kind_of(value, load_text(ENTRUSTED).sources[0].policy.spec.workloads)
    assert kind is not None
    return outcome(Sent(value, kind, **{"namespace": "noxus", **given}), policies)
