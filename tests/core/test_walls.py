"""The pure part loads nobody who talks to the outside, so that the command line starts fast."""

import json
import pkgutil
import subprocess
import sys
from types import ModuleType

import pytest

import webhook.core
import webhook.wire

# What the standard library brings in with pydantic is not ours to choose; import-linter watches
# over what our own modules import.
OUTSIDE = {
    "aiohttp",
    "cryptography",
    "jsonpatch",
    "kubernetes",
    "prometheus_client",
    "rich",
    "ruamel",
    "uvloop",
    "yaml",
}
REPORT = """
import importlib, json, sys
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
print(json.dumps(list(sys.modules)))
"""


def loaded_by(package: ModuleType) -> set[str]:
    found = pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
    modules = json.dumps([module.name for module in found])
    command = [sys.executable, "-c", REPORT, modules]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("package", [webhook.core, webhook.wire])
def test_importing_the_pure_part_loads_nobody_who_talks_to_the_outside(package: ModuleType) -> None:
    loaded = {name.partition(".")[0] for name in loaded_by(package)}
    assert "webhook" in loaded
    assert loaded.isdisjoint(OUTSIDE)


def test_the_core_loads_nothing_else_of_ours() -> None:
    ours = {name.split(".")[1] for name in loaded_by(webhook.core) if name.startswith("webhook.")}
    assert ours == {"core"}
