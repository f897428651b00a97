"""A policy and pods small enough to work out by hand, for the tests of the oracle itself."""

from typing import Any

from tests.properties.oracle_policy import Json
from tests.properties.oracle_verdict import expected

POLICY: Json = {
    "spec": {
        "mode": "Enforce",
        "scopes": [
            {
                "name": "shared",
                "roles": ["frontend", "backend", "worker"],
                "envFrom": [{"secretRef": {"name": "app-env"}}],
            },
            {
                "name": "worker",
                "roles": ["worker"],
                "envFrom": [{"secretRef": {"name": "worker-env"}}],
            },
            {
                "name": "plugin-keys",
                "roles": ["backend"],
                "containers": ["api", "plugin-*"],
                "env": [
                    {
                        "name": "PLUGIN_KEY",
                        "valueFrom": {"secretKeyRef": {"name": "plugin-secrets", "key": "KEY"}},
                    }
                ],
            },
        ],
        "worker": {
            "role": "worker",
            "pools": {
                "tenant-a": {"envSecretRef": "tenant-a-llm"},
                "tenant-b": {"envSecretRef": "tenant-b-llm"},
                "off": {"envSecretRef": "off-llm", "enabled": False},
                "default": {"envSecretRef": ""},
            },
        },
    }
}


def secret(name: str, **extra: Any) -> Json:  # noqa: ANN401 — any JSON
    return {"secretRef": {"name": name}, **extra}


def config_map(name: str) -> Json:
    return {"configMapRef": {"name": name}}


def elements(names: str) -> list[Json]:
    """`*cm*` is a ConfigMap, a bare name is a Secret."""
    return [
        config_map(name.strip("*")) if name.startswith("*") else secret(name)
        for name in names.split()
    ]


def creation(pod: Json, **extra: Any) -> Json:  # noqa: ANN401 — any JSON
    return {"namespace": "noxus", "operation": "CREATE", "object": pod, **extra}


def pod_of(role: str | None, pool: str | None, containers: list[Json], **spec: Any) -> Json:  # noqa: ANN401
    labels = {"noxus.ai/role": role, "noxus.ai/worker-pool": pool}
    return {
        "metadata": {"labels": {key: value for key, value in labels.items() if value is not None}},
        "spec": {"containers": containers, **spec},
    }


def verdict(pod: Json, policy: Json = POLICY, *, validating: bool = False, **extra: Any) -> bool:  # noqa: ANN401
    request = creation(pod, **extra)
    answer = expected(request, [policy], validating=validating, namespace_dry_run=False)
    assert not answer.doubts
    return not answer.is_refused


def one(**fields: Any) -> list[Json]:  # noqa: ANN401 — any JSON
    return [{"name": "api", **fields}]
