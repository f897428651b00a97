"""Warnings and refusals fit into what the API server lets through."""

import pytest

from webhook.core.decision import Finding, Reason
from webhook.core.messages import MAX_WARNING, clip, refusal, warnings


@pytest.mark.parametrize(
    ("text", "size", "clipped"),
    [
        ("short", 10, "short"),
        ("exactly10!", 10, "exactly10!"),
        ("one two three", 10, "one two…"),
        ("one, two; three", 10, "one, two…"),
        ("onetwothreefour", 10, "onetwothr…"),
        ("a bcdefghijklm", 10, "a bcdefgh…"),
        ("abcde fghijklm", 10, "abcde fgh…"),  # a word that ends in the first half is too short
        ("abcdef ghijklm", 10, "abcdef…"),
        ("abcdeX ghijklm", 10, "abcdeX…"),
    ],
)
def test_a_text_is_clipped_at_a_word_where_there_is_one(text: str, size: int, clipped: str) -> None:
    assert clip(text, size) == clipped
    assert len(clipped) <= size


def test_no_warning_is_longer_than_the_api_asks_for_prefix_included() -> None:
    (line,) = warnings(["word " * 100], "dry run: ")
    assert line.startswith("dry run: word word")
    assert line.endswith("word…")
    assert len(line) <= MAX_WARNING == 120


def test_a_warning_is_given_once() -> None:
    assert warnings(["a", "b", "a"]) == ("a", "b")


def test_no_findings_are_no_warnings() -> None:
    assert warnings([]) == ()


def test_eight_warnings_are_all_shown() -> None:
    texts = [f"text {n}" for n in range(8)]
    assert warnings(texts) == tuple(texts)


def test_of_more_warnings_the_last_counts_the_rest() -> None:
    lines = warnings((f"text {n}" for n in range(20)), "dry run: ")
    assert lines[:7] == tuple(f"dry run: text {n}" for n in range(7))
    assert lines[7:] == ("dry run: and 13 more; see noxus-secrets explain",)


def findings(count: int) -> list[Finding]:
    return [Finding(Reason.SHADOWING, f"sentence {n}") for n in range(1, count + 1)]


def test_one_refusal_is_the_message() -> None:
    assert refusal(findings(1)) == "sentence 1"


def test_several_refusals_are_numbered() -> None:
    assert refusal(findings(3)) == "3 reasons: (1) sentence 1; (2) sentence 2; (3) sentence 3"


def test_of_many_refusals_eight_are_spelt_out() -> None:
    message = refusal(findings(11))
    assert message.startswith("11 reasons: (1) sentence 1; ")
    assert message.endswith("; (8) sentence 8; and 3 more")
