"""No value of a variable, and no part of one, is in anything that any command writes.

Every command runs in every output form over everything that can hold a value, given rightly and
given by mistake. A command or form that is new and not in `ways.py` fails here.
"""

import argparse
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.canary.canaries import Canaries
from tests.canary.documents import documents
from tests.canary.kit import SEED, Place, written
from tests.canary.ways import ELSEWHERE, MEANT, USUAL, WAYS, WITHOUT, Leaf, Way, leaves
from tests.commands.kit import ROOT

HERE = Path(__file__).parent
# `make test-fast` takes a minute for everything.
EVERY = 7 if os.environ.get("HYPOTHESIS_PROFILE") == "fast" else 1
POLICY = (ROOT / "examples" / "policy.yaml").read_text()


@pytest.fixture(scope="module")
def canaries() -> Canaries:
    return Canaries(SEED)


@pytest.fixture(scope="module")
def place(canaries: Canaries, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A folder with all documents, and a good policy."""
    made = Place.below(tmp_path_factory.mktemp("canary"))
    for name, text in documents(canaries).items():
        (made.inputs / name).write_bytes(text.encode("utf-8", "surrogatepass"))
    (made.inputs / "policy.yaml").write_text(POLICY)
    return made


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.line)
def test_nothing_that_a_command_writes_has_a_part_of_a_value(
    way: Way, place: Place, canaries: Canaries
) -> None:
    leaks = defaultdict(list)
    there = sorted(path.name for path in place.inputs.iterdir())
    for slot, name in [("", ""), *given(way, there)]:
        for it in written(way, slot, name, place, canaries):
            if found := it.leaks(canaries):
                leaks[slot, name].append((it.place, sorted(found)[:3]))

    assert leaks == {}
    assert not list(place.temporary.iterdir())


def given(way: Way, there: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield a place and a document for it: all that belong there, and by mistake all others.

    Mistakes are told before a form matters, so that the first form of a command is enough for them.
    """
    for slot in way.slots:
        meant = [name for name in there if name.endswith(MEANT[slot])]
        mistaken = [name for name in there if name not in meant]
        if way.is_first(slot):
            yield from ((slot, name) for name in [*meant, *mistaken[::EVERY]])
        else:
            yield from ((slot, name) for name in meant[::EVERY])


def test_every_command_and_every_form_has_its_way() -> None:
    for leaf in leaves():
        if leaf.path in ELSEWHERE:
            assert (HERE / ELSEWHERE[leaf.path]).is_file()
            continue
        missing = [it for action in leaf.options for it in _missing(leaf, action)]

        assert missing == [], f"{' '.join(leaf.path)}: add a way to tests/canary/ways.py"


def _missing(leaf: Leaf, action: argparse.Action) -> list[str]:
    """Return what no way of a command gives: choices of an option, or the option itself."""
    if (leaf.path[-1], action.dest) in WITHOUT:
        return []
    ways = [way for way in WAYS if tuple(way.words[: len(leaf.path)]) == leaf.path]
    chosen = [getattr(way.parsed(), action.dest) for way in ways]
    name = "/".join(action.option_strings) or action.dest
    if action.choices is not None:
        return [f"{name} {choice}" for choice in action.choices if choice not in chosen]
    return [] if any(value != action.default for value in chosen) else [name]


def test_a_form_that_no_way_has_would_be_noticed() -> None:
    (explain,) = [leaf for leaf in leaves() if leaf.path == ("explain",)]
    grown = argparse.ArgumentParser()
    form = grown.add_argument("-o", "--output", dest="output", choices=["text", "json", "yaml"])

    assert _missing(explain, form) == ["-o/--output yaml"]
    assert _missing(Leaf(("explode",), grown), form) == [
        "-o/--output text",
        "-o/--output json",
        "-o/--output yaml",
    ]


def test_what_is_kept_elsewhere_or_left_out_exists() -> None:
    there = {leaf.path: leaf for leaf in leaves()}

    assert ELSEWHERE.keys() <= there.keys()
    for name, dest in WITHOUT:
        assert dest in [action.dest for action in there[name,].options]


def test_every_document_that_a_way_takes_for_granted_is_there(place: Place) -> None:
    names = [path.name for path in place.inputs.iterdir()]

    assert [it for it in USUAL.values() if it not in names] == []
    assert [it for it in MEANT.values() if not any(name.endswith(it) for name in names)] == []
