"""The threat model names every way round, and only tests that there are."""

import re
from pathlib import Path

import pytest
import yaml

from tests.e2e.doctor.kit import EVERYTHING

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "threat-model.md").read_text()
TESTS = re.findall(r"\[(test_\w+)\]\(\.\./(tests/[\w/]+\.py)\)", TEXT)


@pytest.mark.parametrize(("name", "file"), TESTS)
def test_every_test_that_it_names_exists(name: str, file: str) -> None:
    assert re.search(rf"^(async )?def {name}\(", (ROOT / file).read_text(), re.MULTILINE)


def test_every_known_way_round_has_its_line_with_a_test() -> None:
    lines = re.findall(r"^\| (B\d+) \|.*$", TEXT, re.MULTILINE)
    without = [line for line in TEXT.splitlines() if re.match(r"\| B\d+ ", line)]

    assert lines == [f"B{number}" for number in range(1, 28)]
    assert [line for line in without if "](../tests/" not in line] == []


def test_every_test_of_a_numbered_way_round_is_of_one_in_the_list() -> None:
    numbers = {
        number
        for path in (ROOT / "tests").rglob("test_*.py")
        for number in re.findall(r"^def test_(b\d+)_", path.read_text(), re.MULTILINE)
    }

    assert numbers <= {f"b{number}" for number in range(1, 28)}


def test_every_actor_of_the_model_has_its_line() -> None:
    actors = re.findall(r"^\| \*\*([a-z ]+)\*\* \|", TEXT, re.MULTILINE)

    assert actors == [
        "flow author",
        "pod author",
        "namespace administrator",
        "deployer pipeline",
        "cluster administrator",
        "compromised pod",
        "compromised webhook",
    ]


def test_the_rights_of_a_doctor_are_those_that_are_tried() -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)

    assert yaml.safe_load(block)["rules"] == EVERYTHING
