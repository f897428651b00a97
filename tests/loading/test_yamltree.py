"""YAML is read with the line of every field, and what would be read silently wrong is refused."""

import sys
from typing import Any

import pytest

from webhook.loading.problems import PolicyError
from webhook.loading.yamltree import Document, field_name, read_documents

UNKNOWN_TAG = "the value begins with a tag, !, that is not known: if it is text, put it in quotes"


def values(text: str) -> list[Any]:
    return [document.value for document in read_documents(text, "f")]


def complaint(text: str) -> str:
    with pytest.raises(PolicyError) as raised:
        values(text)
    return str(raised.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: text", {"a": "text"}),
        (
            "a: 1\nb: 1.5\nc: true\nd: null\ne: ~\nf:",
            {"a": 1, "b": 1.5, "c": True} | dict.fromkeys("def"),
        ),
        ("[1, [a], {b: c}]", [1, ["a"], {"b": "c"}]),
        ('{"a": ["b"]}', {"a": ["b"]}),
        ("on: off\n1: 2\nnull: x\n1.5: y", {"on": False, "1": 2, "null": "x", "1.5": "y"}),
        (
            "a: 2026-01-01\nb: 2026-01-01T00:00:00Z",
            {"a": "2026-01-01", "b": "2026-01-01T00:00:00Z"},
        ),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("a: &x {k: 1, l: 2}\nb: {<<: *x, l: 3}", {"a": {"k": 1, "l": 2}, "b": {"k": 1, "l": 3}}),
        ("a: |\n  x\n  y\n", {"a": "x\ny\n"}),
        ("a: '5'", {"a": "5"}),
    ],
)
def test_values_are_those_of_json_and_keys_are_text(text: str, value: object) -> None:
    assert values(text) == [value]


def test_mappings_with_merged_keys_may_be_used_again() -> None:
    text = "base: &b {k: 0, l: 0}\na: &x {<<: *b, k: 1}\nb: *x\nc: {<<: [*x, *b], m: 2}\n"
    assert values(text) == [
        {
            "base": {"k": 0, "l": 0},
            "a": {"k": 1, "l": 0},
            "b": {"k": 1, "l": 0},
            "c": {"k": 1, "l": 0, "m": 2},
        }
    ]


def test_documents_that_are_empty_are_left_out() -> None:
    assert values("") == []
    assert values("---\n---\na: 1\n---\n# only a comment\n--- null\n--- 5\n") == [{"a": 1}, 5]


def test_every_field_has_its_line_and_what_is_not_there_that_of_its_surroundings() -> None:
    (document,) = read_documents("# c\na:\n  - x\n  -\n    b: 1\n    c:\n      d: 2\n", "f")
    lines = {path: document.line(path) for path in (("a",), ("a", 0), ("a", 1, "c", "d"))}
    assert lines == {("a",): 2, ("a", 0): 3, ("a", 1, "c", "d"): 7}
    assert document.line(("a", 1, "zzz", "y")) == 5
    assert document.line(("zzz",)) == 2
    assert document.line(()) == 2


def test_a_document_without_lines_has_line_zero() -> None:
    assert Document("f", None, {}).line(("a",)) == 0


def test_lines_may_be_counted_from_where_the_text_begins() -> None:
    (document,) = read_documents("a:\n  b: 1\n", "f", first_line=10)
    assert document.line(("a", "b")) == 11
    with pytest.raises(PolicyError, match="f:11: not YAML"):
        list(read_documents("a:\n\tb: 1\n", "f", first_line=10))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "f:3: a: 'a' is written twice: remove one"),
        ("stringData: {a: {b: 1, b: 1}}", "f:1: a key is written twice: remove one"),
        ("kind: Secret\nb: {c: !foo x}", f"f:2: {UNKNOWN_TAG}"),
        ("a: {b: 1, b: 1}", "f:1: a.b: 'b' is written twice: remove one"),
        ("a: 1\n'a': 2", "f:2: a: 'a' is written twice: remove one"),
        ("x: &x {k: 0}\na: {<<: *x, k: 1, k: 2}", "f:2: a.k: 'k' is written twice: remove one"),
        ("[a]: 1", "f:1: a key must be text"),
        ("a: {? {b: c} : d}", "f:1: a: a key must be text"),
        (
            "a: !!binary aGk=",
            "f:1: a: tag tag:yaml.org,2002:binary is not part of JSON: write plain text",
        ),
        ("a: !!int x", "f:1: a: the value is not what its tag tag:yaml.org,2002:int says"),
        ("a: !foo x", f"f:1: a: {UNKNOWN_TAG}"),
        ("a: !hunter2", f"f:1: a: {UNKNOWN_TAG}"),
        ("a: !!python/name:os.system x", f"f:1: a: {UNKNOWN_TAG}"),
        ("a:\n  b: *nope", "f:2: not YAML: found undefined alias"),
        ("a: &x [1, *x]", "f:1: a[1]: an alias refers to what contains it"),
        ("a: &x {b: {c: *x}}", "f:1: a.b.c: an alias refers to what contains it"),
        (
            "a: {<<: 5}",
            "f:1: not YAML: expected a mapping or list of mappings for merging, but found scalar",
        ),
        ('a: "x', "f:1: not YAML: found unexpected end of stream"),
        ("a: [", "f:2: not YAML: did not find expected node content"),
        (
            "a: \x01",
            "f: not YAML: unacceptable character #x0001: control characters are not allowed",
        ),
    ],
)
def test_what_would_be_read_silently_wrong_is_refused(text: str, message: str) -> None:
    assert complaint(text) == message


def test_a_number_too_long_to_read_is_refused() -> None:
    digits = "9" * (sys.get_int_max_str_digits() + 1)
    assert complaint(f"a: {digits}") == (
        "f:1: a: the value is not what its tag tag:yaml.org,2002:int says"
    )


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}"), ("- ", "x")])
@pytest.mark.parametrize("depth", [101, 1_000, 200_000])
def test_nesting_that_would_overflow_the_stack_is_refused(
    opening: str, closing: str, depth: int
) -> None:
    assert complaint(opening * depth + closing * depth) == "f:1: the document is nested too deeply"


def test_nesting_by_aliases_is_refused() -> None:
    links = [f"k{n}: &k{n} [*k{n - 1}]" for n in range(1, 300)]
    message = complaint("\n".join(["k0: &k0 [x]", *links]))
    assert message == "f:1: the document is nested too deeply"


def test_aliases_that_multiply_are_refused() -> None:
    lines = ["k0: &k0 [x, x, x, x]"]
    lines += [f"k{n}: &k{n} [{', '.join([f'*k{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(PolicyError, match="the document grows without end: its aliases multiply"):
        list(read_documents("\n".join(lines), "f", max_nodes=1_000))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ((), ""),
        (("spec", "scopes", 0, "name"), "spec.scopes[0].name"),
        (("metadata", "labels", "a.b/c"), "metadata.labels[a.b/c]"),
        ((0, "a"), "[0].a"),
    ],
)
def test_a_field_is_named_as_kubernetes_does(path: tuple[str | int, ...], name: str) -> None:
    assert field_name(path) == name


def test_no_node_is_left_of_a_document_that_was_read() -> None:
    """They are freed one by one, since in one go they would hold up a server."""
    documents = read_documents("a: &a {b: [1, 2]}\nc: {<<: *a}\nd: *a\n---\ne: 1\n", "f")

    assert next(documents).value == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}, "d": {"b": [1, 2]}}
    assert documents.gi_frame.f_locals["builder"]._nodes == []  # type: ignore[attr-defined]
    assert next(documents).value == {"e": 1}
