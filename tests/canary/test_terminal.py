"""Nothing that a command is given can steer the terminal that it prints on.

Documents have control characters and marks of direction at random places, in names, annotations and
everywhere else. YAML that a command makes is data and is left alone; standard error never is.
"""

import json
import random
import unicodedata
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.canary.canaries import Canaries
from tests.canary.documents import documents
from tests.canary.kit import SEED, Place, inside
from tests.canary.test_canary import POLICY
from tests.canary.ways import MEANT, USUAL, WAYS, Way
from tests.commands.kit import run

Json = Any

STEERING: Final = "\x1b[2J\x07\x9b1A\x7f\u202e\u2066\u200f\u2028"
VARIANTS: Final = 4
# Whose standard output is YAML in this form, unless it says `-o` something else.
YAML: Final = ("inject", "export", "import helm-values", "import env-file")


def steering(value: Json, draw: random.Random, *, chance: float) -> Json:
    """Return a document with steering characters behind some of its texts and keys."""
    if isinstance(value, dict):
        return {
            key + STEERING if draw.random() < chance / 4 else key: steering(it, draw, chance=chance)
            for key, it in value.items()
        }
    if isinstance(value, list):
        return [steering(it, draw, chance=chance) for it in value]
    return value + STEERING if isinstance(value, str) and draw.random() < chance else value


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A folder with the usual documents, and of each some variants that would steer."""
    made = Place.below(tmp_path_factory.mktemp("terminal"))
    found = {**documents(Canaries(SEED)), "policy.yaml": POLICY}
    draw = random.Random(SEED)  # noqa: S311 - no secret
    for name in USUAL.values():
        (made.inputs / name).write_text(found[name])
        for n in range(VARIANTS):
            text = _variant(found[name], draw, chance=(0.02, 0.1, 0.3, 0.9)[n])
            (made.inputs / f"steering-{n}-{name}").write_text(text)
    return made


def _variant(text: str, draw: random.Random, *, chance: float) -> str:
    try:
        read = [it for it in yaml.safe_load_all(text) if isinstance(it, dict)]
    except yaml.YAMLError:
        read = []
    if not read:  # a file of variables
        return "".join(
            line + (STEERING if draw.random() < chance or n == 0 else "") + "\n"
            for n, line in enumerate(text.splitlines())
        )
    return "\n---\n".join(json.dumps(steering(it, draw, chance=chance)) for it in read)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.line)
def test_no_control_character_reaches_a_stream(way: Way, hostile: Place) -> None:
    steered = {}
    for slot in way.slots:
        for n in range(VARIANTS):
            given = {**USUAL, slot: f"steering-{n}-{USUAL[slot]}"}
            words = [str(hostile.inputs / given[it]) if it in given else it for it in way.words]
            with inside(hostile):
                ran = run(*words, stdin=(hostile.inputs / given["{stdin}"]).read_text())
            assert ran.code in {0, 1, 2}, ran
            for text in (ran.err, "" if prints_yaml(way) else ran.out):
                if found := steers(text):
                    steered[slot, n] = found

    assert steered == {}


def steers(text: str) -> set[str]:
    """Return the characters that are not to be printed, by Unicode's own account of them."""
    bidirectional = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    marks = {"\u200e", "\u200f", "\u061c"}
    return {
        it
        for it in set(text) - {"\n", "\t"}
        if unicodedata.category(it) in {"Cc", "Zl", "Zp", "Cs"}
        or unicodedata.bidirectional(it) in bidirectional
        or it in marks
    }


def prints_yaml(way: Way) -> bool:
    if "policyreport" in way.words:
        return True
    output = way.words[way.words.index("-o") + 1] if "-o" in way.words else "yaml"
    return way.line.startswith(YAML) and output in {"yaml", "same", "table"}


def test_what_steers_is_there_to_be_printed(hostile: Place) -> None:
    for name in USUAL.values():
        for n in range(1, VARIANTS):
            text = (hostile.inputs / f"steering-{n}-{name}").read_text()
            assert "\\u001b" in text or "\x1b" in text, name


def test_each_document_may_be_given_in_its_place() -> None:
    assert MEANT.keys() == USUAL.keys()


def test_a_name_is_shown_and_does_not_steer(tmp_path: Path) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a\x1b[2Jb", "namespace": "noxus", "labels": {"noxus.ai/role": "x"}},
        "spec": {"containers": [{"name": "main"}]},
    }
    (tmp_path / "pod.json").write_text(json.dumps(pod))
    (tmp_path / "policy.yaml").write_text(POLICY)

    ran = run("explain", "--policy", tmp_path / "policy.yaml", "-f", tmp_path / "pod.json")

    assert "pod/a\\u001b[2Jb in namespace noxus" in ran.out
