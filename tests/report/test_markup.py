"""How texts get into a page."""

from tests.report.hostile import NAMES
from webhook.report.pages.markup import Markup, el, join, name, names, visible


def test_a_text_is_escaped_and_markup_is_not() -> None:
    inner = el("b", "a < b & c")

    assert el("p", inner, ' "d"') == '<p><b>a &lt; b &amp; c</b> "d"</p>'


def test_the_quotes_of_an_attribute_are_escaped() -> None:
    assert el("a", href="\"'<") == '<a href="&quot;&#x27;&lt;"></a>'


def test_an_attribute_is_written_as_html_names_it() -> None:
    element = el("li", class_="a", data_of=0, hidden=True, title=None, open=False)

    assert element == '<li class="a" data-of="0" hidden></li>'


def test_an_element_without_content_has_no_end_tag() -> None:
    assert el("input", type="search") == '<input type="search">'


def test_numbers_are_grouped_and_what_is_nothing_leaves_nothing() -> None:
    assert el("p", 12345, None, [el("i", "a"), ("b", ["c"])]) == "<p>12,345<i>a</i>bc</p>"


def test_what_is_joined_is_escaped_too() -> None:
    assert join("<", Markup("<br>")) == "&lt;<br>"


def test_a_name_keeps_its_reading_direction_to_itself() -> None:
    assert name("a<b") == "<bdi>a&lt;b</bdi>"
    assert names(("a", "b")) == "<bdi>a</bdi>, <bdi>b</bdi>"


def test_a_name_longer_than_kubernetes_allows_lacks_its_middle() -> None:
    assert name("a" * 317) == f"<bdi>{'a' * 317}</bdi>"
    assert name("a" * 200 + "b" * 200) == (f"<bdi>{'a' * 158} … {'b' * 158} (400 characters)</bdi>")


def test_what_cannot_be_seen_is_written_out() -> None:
    assert visible(NAMES["turns-the-direction-around"]) == r"a\u202egnp.exe\u2066b"
    assert visible(NAMES["holds-controls"]) == r"a\x00b\x1b[31mc\x7f"
    assert visible(NAMES["holds-half-a-surrogate-pair"]) == r"a\ud800b"


def test_letters_of_any_language_and_plain_space_stay() -> None:
    text = "مرحبا grüße\n\t日本"

    assert visible(text) == text
