"""What holds for every page, as text."""

import re
from base64 import b64encode
from hashlib import sha256

import pytest

from tests.audit.example import PLAN, REPORT
from tests.report import clusters, pages
from tests.report.document import Document
from tests.report.hostile import NAMES, with_every_text
from webhook.report.html import Occasion, audit_page, plan_page

PAGES = {
    "example": pages.example(),
    "trial": pages.trial(),
    "plan": pages.plan(),
    "flows": pages.flows(),
    "nothing": pages.audit(clusters.report(pools=0)),
    "folded": pages.audit(clusters.cluster(40, pods_each=3, pools=30)),
}
EVERY_PAGE = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
HARMFUL = re.compile("[<>&\"']")
EVERY_NAME = pytest.mark.parametrize("text", NAMES.values(), ids=NAMES)


@EVERY_PAGE
def test_each_element_is_closed_where_it_was_opened(page: str) -> None:
    assert Document(page).faults == []


@EVERY_PAGE
def test_each_id_is_there_once_and_every_link_leads_to_one(page: str) -> None:
    document = Document(page)
    ids = document.values("id")
    links = [link.removeprefix("#") for link in document.values("href")]

    assert len(ids) == len(set(ids))
    assert {*links, *document.values("aria-controls")} <= set(ids)
    assert all(link.startswith("#") for link in document.values("href"))


@EVERY_PAGE
def test_each_finding_belongs_to_a_row(page: str) -> None:
    document = Document(page)

    assert set(document.values("data-of")) <= set(document.values("data-key"))


@EVERY_PAGE
def test_the_browser_may_run_this_script_and_this_style_and_nothing_else(page: str) -> None:
    (allowed,) = [
        meta["content"] or ""
        for meta in Document(page).all("meta")
        if meta.get("http-equiv") == "Content-Security-Policy"
    ]
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)

    assert allowed.split("; ") == [
        "default-src 'none'",
        f"style-src '{hashed(style)}'",
        f"script-src '{hashed(script)}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]


def hashed(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


@EVERY_PAGE
def test_nothing_is_fetched_and_nothing_is_styled_in_place(page: str) -> None:
    document = Document(page)

    assert {tag for tag, _ in document.tags} & {"img", "link", "iframe", "object", "base"} == set()
    assert document.values("style") == document.values("src") == []
    assert not any(key.startswith("on") for _, attributes in document.tags for key in attributes)
    assert "http://" not in page
    assert "https://" not in page


@EVERY_NAME
def test_a_hostile_name_in_every_field_of_an_audit_adds_no_element(text: str) -> None:
    poisoned = audit_page(with_every_text(REPORT, text), Occasion(text, text, text))
    harmless = HARMFUL.sub("x", text)
    plain = audit_page(with_every_text(REPORT, harmless), Occasion("a", "a", "a"))

    assert outline(poisoned) == outline(plain)


@EVERY_NAME
def test_a_hostile_name_in_every_field_of_a_plan_adds_no_element(text: str) -> None:
    poisoned = plan_page(with_every_text(PLAN, text), Occasion(text, text, text))
    harmless = HARMFUL.sub("x", text)
    plain = plan_page(with_every_text(PLAN, harmless), Occasion("a", "a", "a"))

    assert outline(poisoned) == outline(plain)


def test_names_that_are_empty_leave_a_page_that_can_be_read() -> None:
    nameless = Occasion("", "", "")

    assert Document(audit_page(with_every_text(REPORT, ""), nameless)).faults == []
    assert Document(plan_page(with_every_text(PLAN, ""), nameless)).faults == []


def outline(page: str) -> list[tuple[str, list[str]]]:
    """Return the elements in order, with the names of their attributes."""
    document = Document(page)
    assert document.faults == []
    assert page.encode()  # also half a surrogate pair
    return [(tag, list(attributes)) for tag, attributes in document.tags]
