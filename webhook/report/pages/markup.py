"""HTML from values: whatever is a `str` is escaped, and only what was built here is markup.

The pages show names that whoever may create an object has chosen, so there is one way to put a text
into a page, and it is safe. A call per element instead of a template: mypy then checks each field
that a page shows, and no template engine has to be shipped.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from html import escape
from typing import Final, TypeAlias

# What an element holds: texts, which are escaped; markup; nothing; and lists of them.
Content: TypeAlias = "str | int | Iterable[Content] | None"
Attribute: TypeAlias = str | int | bool | None

_VOID: Final = frozenset({"input", "meta"})  # the elements in use that have no end tag
# Controls, formats (among them those that turn the reading direction around), halves of surrogate
# pairs, private use: none has a place in a name, and each could make one look like another.
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
# A label's key, the longest of Kubernetes' names: a domain of 253, a slash, and 63.
_LONGEST: Final = 317
_PLAIN_SPACE: Final = frozenset("\t\n\r")


class Markup(str):
    """HTML that is built already, and not escaped again."""

    __slots__ = ()


def el(tag: str, /, *content: Content, **attributes: Attribute) -> Markup:
    """Build an element: `el("td", name, class_="has", data_label=secret)`.

    An attribute that is True stands alone, one that is False or None is left out.
    """
    opening = f"<{tag}{''.join(_attributes(attributes))}>"
    if tag in _VOID:
        return Markup(opening)
    return Markup(f"{opening}{''.join(_texts(content))}</{tag}>")


def join(*content: Content) -> Markup:
    """Put pieces one after another, without an element around them."""
    return Markup("".join(_texts(content)))


def name(text: str) -> Markup:
    """Show a name that somebody else chose: its own reading direction ends where it ends.

    Manifests on a disk may hold names that no API server would take; of those the middle is left
    out, so that nobody can fill a page with one.
    """
    if len(text) > _LONGEST:
        half = _LONGEST // 2
        text = f"{text[:half]} … {text[-half:]} ({len(text):,} characters)"
    return el("bdi", text)


def names(texts: Iterable[str], between: str = ", ") -> Markup:
    """Show a list of names."""
    return Markup(between.join(name(text) for text in texts))


def visible(text: str) -> str:
    """Write what cannot be seen as an escape, as Python would write it."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    if character not in _PLAIN_SPACE and unicodedata.category(character) in _INVISIBLE:
        return character.encode("unicode_escape", "surrogatepass").decode("ascii")
    return character


def _attributes(attributes: dict[str, Attribute]) -> Iterator[str]:
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        written = key.rstrip("_").replace("_", "-")
        if value is True:
            yield f" {written}"
        else:
            yield f' {written}="{escape(visible(str(value)))}"'


def _texts(content: Iterable[Content]) -> Iterator[str]:
    for piece in content:
        match piece:
            case None:
                continue
            case Markup():
                yield piece
            case str():
                yield escape(visible(piece), quote=False)
            case int():
                yield f"{piece:,}"
            case _:
                yield from _texts(piece)
