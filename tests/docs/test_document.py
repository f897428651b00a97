"""Each thing that the Noxus documentation asks has a page, a file and tests, and they exist."""

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from webhook.commands.store_flags import FLAGS
from webhook.secretref.keys import KEYS
from webhook.secretref.model import Category

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "document.md"
SOURCE = "deployment/configuration/secrets"
HEAD = ["what is asked", "how to have it", "done by", "shown by"]
LINK = re.compile(r"\[([^]]+)\]\(([^)#]*)(?:#([^)]*))?\)")


@dataclass(frozen=True)
class Row:
    """A line of a table: cells as they are written."""

    asked: str
    told: str
    done: str
    shown: str


def rows() -> list[Row]:
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.read_text().splitlines()
        if line.startswith("|")
    ]
    return [Row(*line) for line in cells if line != HEAD and not line[0].startswith("---")]


ROWS = rows()
TESTS = [(name, path) for row in ROWS for name, path, _ in LINK.findall(row.shown)]


@cache
def functions(path: Path) -> frozenset[str]:
    """Return the tests that pytest collects of a file, by its syntax alone."""
    tree = ast.parse(path.read_text())
    return frozenset(
        it.name for it in tree.body if isinstance(it, ast.FunctionDef | ast.AsyncFunctionDef)
    )


@cache
def headings(path: Path) -> frozenset[str]:
    """Return the anchors of a page, as they are made of its headings where it is read."""
    titles = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", re.sub(r"&\w+;", "", it)) for it in titles)
    return frozenset(it.strip().lower().replace(" ", "-") for it in kept)


def test_a_row_has_a_page_a_file_and_a_test() -> None:
    assert len(ROWS) > len(KEYS)
    for row in ROWS:
        assert [link for link in LINK.findall(row.told) if link[1].endswith(".md")], row.asked
        assert LINK.findall(row.done), row.asked
        assert LINK.findall(row.shown), row.asked


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.asked)
def test_every_link_leads_to_a_file_and_every_anchor_to_a_heading(row: Row) -> None:
    for name, path, anchor in LINK.findall(f"{row.told} {row.done} {row.shown}"):
        target = (PAGE.parent / path).resolve()

        assert target.is_file(), name
        assert not anchor or anchor in headings(target), f"{name}: {path}#{anchor}"


@pytest.mark.parametrize(("name", "path"), sorted(set(TESTS)))
def test_every_test_that_is_named_exists(name: str, path: str) -> None:
    target = (PAGE.parent / path).resolve()

    assert target.is_relative_to(ROOT / "tests")
    assert target.name.startswith("test_")
    assert name.startswith("test_")
    assert name in functions(target)


def test_a_name_that_is_no_test_would_be_noticed() -> None:
    assert "test_a_name_that_is_no_test_would_be_noticed" in functions(Path(__file__))
    assert "rows_of_another_page" not in functions(Path(__file__))
    assert "who-is-given-what" in headings(PAGE)
    assert "who-is-given-nothing" not in headings(PAGE)


def test_every_key_that_the_documentation_names_has_its_row() -> None:
    named = [key for row in ROWS for key in re.findall(r"^`([A-Z0-9_]+)`", row.asked)]

    assert named == [key.name for key in KEYS if key.source == SOURCE]


def test_every_category_has_its_row() -> None:
    asked = [row.asked.partition(":")[0] for row in ROWS]

    assert [category for category in Category if category not in asked] == []


def test_every_store_that_can_be_exported_for_has_its_row() -> None:
    asked = " ".join(row.asked for row in ROWS)

    assert re.findall(r"--provider (\w+)", asked) == list(FLAGS)


def test_the_readme_leads_to_the_page() -> None:
    assert "](docs/document.md)" in (ROOT / "README.md").read_text()
