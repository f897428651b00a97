"""Values that would not work are refused by helm, before anything is installed."""

import json
from pathlib import Path

import pytest
import yaml

from tests.manifests.rendering import CHART, Json, helm, settings
from tools import values_schema

pytestmark = pytest.mark.cluster  # helm is built with it

POOL = {"envSecretRef": "tenant-a-llm"}
BAD: dict[str, tuple[Json, str]] = {
    "a misspelt option": (
        {"replica": 2},
        "at '': additional properties 'replica' not allowed",
    ),
    "no replica": ({"replicas": 0}, "at '/replicas': minimum: got 0, want 1"),
    "a number as text": ({"replicas": "3"}, "at '/replicas': got string, want integer"),
    "an unknown way to certificates": (
        {"certificates": {"from": "vault"}},
        "at '/certificates/from': value must be one of 'selfManaged', 'certManager', 'files'",
    ),
    "files without their CA": (
        {"certificates": {"from": "files"}},
        "at '/certificates/caBundle': '' does not match pattern '-----BEGIN CERTIFICATE-----'",
    ),
    "a CA where it would be overwritten": (
        {"certificates": {"caBundle": "x"}},
        "at '/certificates/caBundle': maxLength: got 1, want 0",
    ),
    "a log level that is none": (
        {"logLevel": "loud"},
        "at '/logLevel': value must be one of 'debug', 'info', 'warning', 'error'",
    ),
    "no port of the API server": (
        {"networkPolicy": {"apiServerPorts": []}},
        "at '/networkPolicy/apiServerPorts': minItems: got 0, want 1",
    ),
    "a mode of policies that is none": (
        {"policy": {"mode": "Audit"}},
        "at '/policy/mode': value must be one of 'Enforce', 'DryRun'",
    ),
    "a policy's name that is none": (
        {"policy": {"name": "Noxus"}},
        f"at '/policy/name': 'Noxus' does not match pattern '{values_schema.NAME}'",
    ),
    "a misspelt field of a policy": (
        {"policy": {"scope": []}},
        "at '/policy': additional properties 'scope' not allowed",
    ),
    "pools inside the policy": (
        {"policy": {"worker": {"pools": {}}}},
        "at '/policy': additional properties 'worker' not allowed",
    ),
    "a scope whose roles are no list": (
        {"policy": {"scopes": [{"name": "shared", "roles": "worker"}]}},
        "at '/policy/scopes/0/roles': got string, want array",
    ),
    "a misspelt field of a pool": (
        {"worker": {"pools": {"tenant-a": {"envSecretRf": "tenant-a-llm"}}}},
        "at '/worker/pools/tenant-a': additional properties 'envSecretRf' not allowed",
    ),
    "pools as a list": (
        {"worker": {"pools": [POOL]}},
        "at '/worker/pools': got array, want object",
    ),
}


def test_the_schema_is_what_the_models_of_the_policy_say() -> None:
    written = (CHART / "values.schema.json").read_text()

    assert written == json.dumps(values_schema.schema(), indent=2) + "\n", (
        "run: python -m tools.values_schema > manifests/chart/values.schema.json"
    )


def test_every_default_is_known_to_the_schema_and_every_option_has_a_default() -> None:
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    options = values_schema.schema()["properties"]

    assert defaults.keys() == options.keys() - {"global"}


@pytest.mark.parametrize(("values", "complaint"), BAD.values(), ids=BAD)
def test_it_is_refused_with_a_word_on_where(values: Json, complaint: str, tmp_path: Path) -> None:
    done = helm("template", "any", CHART, *settings(values, tmp_path), check=False)

    assert (done.returncode, done.stdout) == (1, "")
    assert complaint in [line.strip(" -") for line in done.stderr.splitlines()]
