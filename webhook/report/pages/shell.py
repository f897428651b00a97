"""The frame of a page: one file that needs nothing and may load nothing from outside."""

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from string import Template
from typing import Final

from webhook.report.pages.markup import Content, Markup, el, join, name

_ASSETS: Final = files("webhook.report") / "assets"


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a page that is passed around must say of itself."""

    subject: str  # "context kind-noxus", "manifests in deploy/"
    made: str  # RFC 3339 in UTC
    program: str  # noxus-secrets 0.1.0


def page(title: str, body: Content) -> str:
    """Return a whole HTML document.

    The policy in its head lets the browser use this style and this script, known by their hashes,
    and nothing else: no request leaves the page, and a script that somebody got into a name, in
    spite of the escaping, would not run.
    """
    style, script = _style(), _asset("page.js")
    allowed = "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return Template(_asset("page.html")).substitute(
        csp=allowed, title=join(title), style=style, script=script, body=join(body)
    )


def heading(title: str, about: Content, occasion: Occasion) -> Markup:
    """Say what the page shows, of what, and when."""
    made = el("time", occasion.made, datetime=occasion.made)
    return el(
        "header",
        el("h1", title),
        el("p", name(occasion.subject), " · ", made, " · ", about, class_="about"),
    )


def footing(occasion: Occasion) -> Markup:
    """Say what made the page."""
    return el(
        "footer",
        el("p", "Made by ", name(occasion.program), ". It holds names only, never a value."),
    )


def _style() -> str:
    # A row of the matrix becomes a card where there is no room for columns: on a phone, and on
    # paper where there are more columns than fit.
    cards = _asset("cards.css")
    parts = ("base", "parts", "filters", "matrix", "details", "calendar")
    return (
        f"{''.join(_asset(f'{part}.css') for part in parts)}"
        f"@media screen and (width > 40rem) {{\n{_asset('wide.css')}}}\n"
        f"@media screen and (width <= 40rem) {{ .matrix {{\n{cards}}} }}\n"
        f"@media print {{ .matrix.wide {{\n{cards}}} }}\n"
        f"@media print {{\n{_asset('print.css')}}}\n"
    )


def _asset(file: str) -> str:
    return (_ASSETS / file).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
