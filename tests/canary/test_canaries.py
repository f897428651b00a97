"""The search finds a value in every form in which it could come out."""

import base64
import html
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.canary.canaries import PART, Canaries
from tests.canary.kit import SEED, Place, Written, written
from tests.canary.objects import secret
from tests.canary.ways import WAYS, Way


@pytest.fixture
def canaries() -> Canaries:
    return Canaries(SEED)


def inside(value: str) -> list[str]:
    """Return texts that have a value in them, or a part of it."""
    alone = base64.b64encode(value.encode()).decode()
    among = [base64.b64encode(f"{'x' * n}{value}\n".encode()).decode() for n in range(3)]
    return [
        value,
        f"before {value} behind",
        f"{value[5 : 5 + PART]}\nis the end",
        json.dumps({"a": [f"\u00e9\n{value}"]}),
        "".join(f"\\u{ord(it):04x}" for it in value),
        "".join(f"&#x{ord(it):x};" for it in value),
        html.escape(f"<{value}>"),
        quote(f"/ {value}"),
        "".join(f"%{ord(it):02X}" for it in value),
        alone,
        alone[4:-4],
        *among,
        *(text[7:-7] for text in among),
        base64.urlsafe_b64encode(f"~~~{value}???".encode()).decode().rstrip("="),
    ]


def test_a_value_is_found_whole_in_part_encoded_and_escaped(canaries: Canaries) -> None:
    value = canaries()

    assert [text for text in inside(value) if not canaries.leaks(text)] == []


def test_what_was_clean_is_searched_again_when_there_are_new_values(canaries: Canaries) -> None:
    twin = Canaries(SEED)
    value = twin()

    assert canaries.leaks(value) == set()
    assert canaries() == value
    assert canaries.leaks(value) != set()


def test_less_than_a_part_is_no_leak(canaries: Canaries) -> None:
    assert canaries.leaks(canaries()[: PART - 1]) == set()


def test_what_a_command_may_show_is_the_document_that_it_is_given(canaries: Canaries) -> None:
    own, other = canaries(), canaries()
    allowed = frozenset(canaries.leaks(own))

    assert Written("stdout", own, allowed).leaks(canaries) == set()
    assert Written("stdout", other, allowed).leaks(canaries) == canaries.leaks(other)
    assert Written("stderr", own).leaks(canaries) == allowed


def test_of_all_ways_one_writes_values_and_two_commands_show_what_they_are_given() -> None:
    assert [way.words[:2] for way in WAYS if way.writes] == [["import", "env-file"]]
    assert {way.words[0] for way in WAYS if way.shows} == {"inject", "import"}


def test_a_file_that_a_command_leaves_is_searched(canaries: Canaries, tmp_path: Path) -> None:
    place = Place.below(tmp_path)
    (place.inputs / "secret.yaml").write_text(json.dumps(secret(canaries)))
    (place.work / "left.txt").write_text(canaries())
    (place.temporary / canaries()).write_text("a name")

    found = list(written(Way("lint {secrets}"), "{secrets}", "secret.yaml", place, canaries))

    leaking = [it.place for it in found if it.leaks(canaries)]
    assert leaking == ["left.txt", "name of a file"]
