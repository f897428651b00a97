"""The CustomResourceDefinition, written from the models.

`python -m tools.crd > manifests/base/10-customresourcedefinition.yaml`
"""

from typing import Any, Final

import yaml

from tools.crd_schema import object_schema
from webhook.cluster.status import READY, PolicyStatus
from webhook.core.policy import API_VERSION, KIND, PLURAL, Policy, PolicySpec

Json = dict[str, Any]

HEAD: Final = """\
# The policy as a resource of the cluster: `kubectl explain sip.spec` shows its fields.
#
# Generated from the models: change webhook/core/policy.py or tools/crd_rules.py, then run
# `python -m tools.crd > manifests/base/10-customresourcedefinition.yaml`.
#
# Unknown fields are kept, so that the webhook can refuse them by name in the policy's status.
"""

_READY: Final = f'.status.conditions[?(@.type=="{READY}")]'


def _column(name: str, kind: str, path: str, about: str, *, wide: bool = False) -> Json:
    column: Json = {"name": name, "type": kind, "jsonPath": path, "description": about}
    return column | ({"priority": 1} if wide else {})


COLUMNS: Final = (
    _column("Mode", "string", ".spec.mode", "Enforce, or DryRun: nothing is changed or refused."),
    _column("Ready", "string", f"{_READY}.status", "Whether it is in force as it is written."),
    _column("Reason", "string", f"{_READY}.reason", "InForce, Invalid or Conflict.", wide=True),
    _column("Namespaces", "string", ".status.namespaces", "Namespaces that it covers, in force."),
    _column("Pools", "integer", ".status.pools", "Number of its pools, in force."),
    _column("Age", "date", ".metadata.creationTimestamp", "Of two, the older policy governs."),
)


def definition() -> Json:
    """Return the CustomResourceDefinition."""
    group, version = API_VERSION.split("/")
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{PLURAL}.{group}",
            "labels": {
                "app.kubernetes.io/name": "noxus-secret-webhook",
                "app.kubernetes.io/part-of": "noxus",
            },
        },
        "spec": {
            "group": group,
            "scope": "Cluster",
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": KIND.lower(),
                "shortNames": ["sip"],
            },
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": list(COLUMNS),
                    "schema": {"openAPIV3Schema": _schema()},
                }
            ],
        },
    }


def _schema() -> Json:
    # The API server has its own schema of metadata, and takes no other here.
    about = {name: field.description for name, field in Policy.model_fields.items()}
    spec = object_schema(PolicySpec) | {"description": about["spec"]}
    status = object_schema(PolicyStatus, closed=True)
    return {
        "type": "object",
        "description": (Policy.__doc__ or "").strip(),
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": about["api_version"]},
            "kind": {"type": "string", "description": about["kind"]},
            "metadata": {"type": "object"},
            "spec": spec,
            "status": status,
        },
    }


def page() -> str:
    """Return the file."""
    return HEAD + yaml.dump(definition(), Dumper=_Dumper, sort_keys=False, width=100)


class _Dumper(yaml.SafeDumper):
    """Writes every part out, also one that the same object stands for in two places."""

    def ignore_aliases(self, data: object) -> bool:
        del data
        return True


if __name__ == "__main__":
    print(page(), end="")
