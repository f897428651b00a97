"""The sums at the top of a page; each leads to what it counts."""

from dataclasses import dataclass

from webhook.report.pages.markup import Markup, el


@dataclass(frozen=True, slots=True)
class Card:
    """A number with what it counts; `alarming` only where it is not 0."""

    number: int
    what: str
    more: str = ""
    anchor: str = ""
    alarming: bool = False


def cards(*listed: Card) -> Markup:
    """Return the cards side by side."""
    return el("ul", [el("li", _card(card)) for card in listed], class_="cards")


def _card(card: Card) -> Markup:
    inside = (
        el("b", card.number),
        " ",
        el("span", card.what),
        (" ", el("small", card.more)) if card.more else None,
    )
    look = "alarming" if card.alarming and card.number else None
    if card.anchor:
        return el("a", inside, href=f"#{card.anchor}", class_=look)
    return el("div", inside, class_=look)
