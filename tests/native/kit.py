"""Policies for these tests."""

from pathlib import Path
from typing import Any

import yaml

from webhook.core.tables import CompiledPolicy
from webhook.loading.load import load_text

Json = Any

ROOT = Path(__file__).parents[2]
EXAMPLE: Json = yaml.safe_load((ROOT / "examples" / "policy.yaml").read_text())


def policies(*specs: Json) -> tuple[CompiledPolicy, ...]:
    """Return the example policy, once for each set of changes to its spec."""
    documents = [
        EXAMPLE
        | {"metadata": {"name": f"noxus-{i}" if i else "noxus"}, "spec": EXAMPLE["spec"] | spec}
        for i, spec in enumerate(specs)
    ]
    return load_text(yaml.safe_dump_all(documents)).policies.policies


def policy(**spec: Any) -> CompiledPolicy:  # noqa: ANN401
    return policies(spec)[0]


def pools(count: int) -> Json:
    """Return pools, each with a Secret and a namespace of its own."""
    return {
        "pools": {
            f"tenant-{i:05}": {"envSecretRef": f"tenant-{i:05}-llm", "namespaces": ["noxus"]}
            for i in range(count)
        }
    }
