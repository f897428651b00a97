"""docs/policy-tests.md says what the models say, and its example passes."""

import re
import shutil
from pathlib import Path

import yaml

from tests.commands.kit import ROOT, run
from tools.policy_tests_reference import reference
from webhook.policytests.model import Case, Expectation

PAGE = ROOT / "docs" / "policy-tests.md"
YAML = re.compile(r"```yaml\n(.*?)```", re.DOTALL)


def test_the_page_is_what_the_models_say() -> None:
    assert PAGE.read_text() == reference(), (
        "run: python -m tools.policy_tests_reference > docs/policy-tests.md"
    )


def test_its_example_passes_beside_the_examples(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    folder = tmp_path / "examples" / "of-the-page"
    folder.mkdir()
    (example,) = YAML.findall(PAGE.read_text())
    (folder / "cases.yaml").write_text(example)

    ran = run("test", folder)

    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[-1].startswith("2 cases: 2 passed, 0 failed (")


def test_every_field_of_a_case_is_used_in_the_examples() -> None:
    used: set[str] = set()
    for file in (ROOT / "examples" / "policy-tests").glob("*.yaml"):
        for document in yaml.safe_load_all(file.read_text()):
            used |= document.keys()
            for case in document["cases"]:
                used |= {*case, *case["expect"]}

    fields = {*Case.model_fields.values(), *Expectation.model_fields.values()}
    assert {field.alias for field in fields} - used == set()
