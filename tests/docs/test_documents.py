"""What the documents say is true: links, examples, tables and generated pages."""

import json
import re
import sys
from pathlib import Path

import pytest
import yaml

from tools import commands_reference
from tools.policy_reference import reference
from webhook.__main__ import COMMANDS
from webhook.loading.load import load_policies, load_text

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("tests/*/*.md")])
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)[^)]*\)")
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(document: Path) -> None:
    missing = [
        link for link in LINK.findall(document.read_text()) if not (document.parent / link).exists()
    ]

    assert missing == []


def test_the_policy_reference_is_what_the_models_say() -> None:
    written = (ROOT / "docs" / "policy.md").read_text()

    assert written == reference(), "run: python -m tools.policy_reference > docs/policy.md"


@pytest.mark.skipif(
    sys.version_info[:2] != (3, 11), reason="argparse words its help differently in each version"
)
def test_the_page_of_the_commands_is_what_their_help_says() -> None:
    written = (ROOT / "docs" / "commands.md").read_text()

    assert written == commands_reference.reference(), (
        "run: python -m tools.commands_reference > docs/commands.md"
    )


def test_the_helm_values_of_the_examples_can_be_pasted_into_a_policy() -> None:
    values = yaml.safe_load((ROOT / "examples" / "values.yaml").read_text())
    policy = yaml.safe_load((ROOT / "examples" / "policy.yaml").read_text())
    policy["spec"]["worker"] = values["worker"]

    loaded = load_text(yaml.safe_dump(policy))

    assert set(loaded.policies.policies[0].pools) == {"tenant-a", "default"}


def test_the_policy_in_the_readme_loads() -> None:
    blocks = BLOCK.findall((ROOT / "README.md").read_text())
    (spec,) = [yaml.safe_load(text) for language, text in blocks if language == "yaml"]
    policy = {
        "apiVersion": "secrets.noxus.ai/v1alpha1",
        "kind": "SecretInjectionPolicy",
        "metadata": {"name": "readme"},
        "spec": spec,
    }

    loaded = load_text(yaml.safe_dump(policy))

    assert list(loaded.policies.policies[0].scopes) == ["shared", "worker"]
    assert list(loaded.policies.policies[0].pools) == ["tenant-a"]


def test_the_readme_names_every_command_and_no_other() -> None:
    text = (ROOT / "README.md").read_text().split("## The command line")[1]
    named = re.findall(r"^\| `noxus-secrets ([a-z]+)", text, re.MULTILINE)

    assert sorted(set(named)) == sorted(COMMANDS)


def test_contributing_tells_of_every_package_what_is_in_it() -> None:
    told = re.findall(r"`webhook/([a-z]+)/`", (ROOT / "CONTRIBUTING.md").read_text())
    packages = [file.parent.name for file in ROOT.glob("webhook/*/__init__.py")]

    assert sorted(told) == sorted(packages)


def test_each_decision_record_has_a_number_of_its_own() -> None:
    records = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
    titles = [record.read_text().split(".", 1)[0] for record in records]

    assert titles == [f"# {number}" for number in range(1, len(records) + 1)]
    assert [int(record.name[:4]) for record in records] == [*range(1, len(records) + 1)]


def test_the_page_of_the_performance_has_the_instructions_that_are_recorded() -> None:
    page = (ROOT / "docs" / "performance.md").read_text().split("\n## Instruction counts\n")[1]
    now = [int(it.replace(",", "")) for it in re.findall(r"\| ([\d,]+) \|$", page, re.MULTILINE)]
    record = json.loads((ROOT / "tools" / "instructions.json").read_text())

    assert now in [[it["instructions"] for it in build.values()] for build in record.values()]


def test_the_example_policy_loads_without_a_warning() -> None:
    loaded = load_policies(ROOT / "examples" / "policy.yaml")

    assert loaded.warnings() == []


def test_the_policy_of_the_manifests_loads() -> None:
    manifest = ROOT / "manifests" / "base" / "20-initial-policy.yaml"
    config_map = yaml.safe_load(manifest.read_text())

    loaded = load_text(config_map["data"]["policy.yaml"])

    assert loaded.warnings() == []
    # A namespace opts in by its label, so that nothing is left to hold back.
    assert [policy.dry_run for policy in loaded.policies.policies] == [False]


def test_make_help_names_every_target_that_people_call() -> None:
    makefile = (ROOT / "Makefile").read_text()
    explained = set(re.findall(r"^([a-z-]+):.*##", makefile, re.MULTILINE))

    assert {"run", "cluster", "test", "test-fast", "lint", "bench", "clean"} <= explained


def test_ci_runs_the_test_command_of_the_readme_and_nothing_else() -> None:
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    does = [line for line in lines if line and not line.startswith("#")]

    assert does == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "exec make test"]
