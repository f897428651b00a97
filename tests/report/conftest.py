"""A real browser: Debian's Chromium, without a window, driven by Playwright.

Where either is missing, the tests that need it are left out, in one line of pytest's summary.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.report.pages import written

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium")


def missing() -> str:
    """Say what the tests lack; empty where they lack nothing."""
    if find_spec("playwright") is None:
        return "no Playwright"
    return "" if CHROMIUM else "no `chromium` on PATH (Debian's package of that name)"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without a browser, keep one of the tests that need it, to say so in one line."""
    why = missing()
    here = [item for item in items if item.path.parent == Path(__file__).parent]
    need = [item for item in here if "opened" in getattr(item, "fixturenames", ())]
    if why and need:
        told = f"{why}: {len(need)} tests that open the HTML pages in a browser are left out"
        need[0].add_marker(pytest.mark.skip(reason=told))
        out = set(need[1:])
        config.hook.pytest_deselected(items=need[1:])
        items[:] = [item for item in items if item not in out]


@pytest.fixture(scope="module")  # no longer: Playwright's loop must end before other tests' begin
def browser() -> Iterator["Browser"]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - may be missing

    with (
        sync_playwright() as playwright,
        closing(playwright.chromium.launch(executable_path=CHROMIUM)) as launched,
    ):
        yield launched


@dataclass
class Opened:
    """A page in the browser, with all that it complained of and asked for."""

    page: "Page"
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def shown(self, selector: str) -> int:
        """Count what is in sight, or would be after scrolling."""
        seen = "(all) => all.filter((it) => it.checkVisibility()).length"
        return int(self.page.locator(selector).evaluate_all(seen))

    def search(self, text: str) -> None:
        """Type into the search, and wait until it is done."""
        self.page.locator("#search").fill(text)
        self.page.locator("html.filtering").wait_for()

    @property
    def sideways(self) -> int:
        """Tell by how many px the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))


Open = Callable[..., Opened]


@pytest.fixture
def opened(browser: "Browser", tmp_path: Path) -> Iterator[Open]:
    """Open a page; after the test, nobody may have complained and nothing been asked for."""
    pages: list[Opened] = []

    def open_page(html: str, *, width: int = 1400, **how: Any) -> Opened:  # noqa: ANN401
        context = browser.new_context(viewport={"width": width, "height": 900}, **how)
        one = Opened(context.new_page())
        one.page.on("console", lambda message: one.complaints.append(message.text))
        one.page.on("pageerror", lambda error: one.complaints.append(str(error)))
        one.page.on("dialog", lambda dialog: one.complaints.append(f"dialog {dialog.message}"))
        one.page.on("request", lambda request: one.requests.append(request.url))
        pages.append(one)
        one.page.goto(written(html, tmp_path))
        return one

    yield open_page
    for one in pages:
        one.page.context.close()
        assert one.complaints == []
        assert len(one.requests) == 1, one.requests
