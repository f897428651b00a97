"""How the pages look: on a phone, on paper, in light and dark, to eyes that see little."""

import pytest

from tests.report import clusters, pages
from tests.report.conftest import Open

pytestmark = pytest.mark.slow

WIDTHS = [360, 800, 1400]
PAGES = {
    "trial": pages.trial(),
    "example": pages.example(),
    "plan": pages.plan(),
    "flows": pages.flows(),
    "nothing": pages.audit(clusters.report(pools=0)),
    "many-columns": pages.audit(clusters.cluster(30, pods_each=2, pools=15)),
}
EVERY_PAGE = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
# WCAG 2.2, 1.4.3 (AA): text of ordinary size against what is behind it.
ENOUGH = 4.5
CONTRASTS = """
() => {
  const channel = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) =>
    0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
      if (colour[3] !== 0) throw new Error("half transparent: " + one.className);
    }
    return matchMedia("(prefers-color-scheme: dark)").matches ? [0, 0, 0] : [255, 255, 255];
  };
  const found = new Map();
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((it) => it.nodeType === 3 && it.data.trim());
    if (!own || !element.checkVisibility()) continue;
    const front = luminance(parse(getComputedStyle(element).color));
    const back = luminance(behind(element));
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    const what = `${element.localName}.${element.className}`;
    found.set(what, Math.min(ratio, found.get(what) ?? 99));
  }
  return [...found];
}
"""


@EVERY_PAGE
@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_is_wider_than_its_window(opened: Open, page: str, width: int) -> None:
    one = opened(page, width=width)
    assert one.sideways <= 0

    for details in one.page.get_by_label("All details").all():
        details.check()
    assert one.sideways <= 0


@EVERY_PAGE
@pytest.mark.parametrize("width", [360, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(
    opened: Open, page: str, width: int, scheme: str
) -> None:
    one = opened(page, width=width, color_scheme=scheme)
    for details in one.page.get_by_label("All details").all():
        details.check()

    contrasts = one.page.evaluate(CONTRASTS)

    assert len(contrasts) > 5
    assert [(what, ratio) for what, ratio in contrasts if ratio < ENOUGH] == []


@EVERY_PAGE
def test_paper_is_white_whatever_the_screen_is(opened: Open, page: str) -> None:
    one = opened(page, color_scheme="dark")
    one.page.emulate_media(media="print")

    contrasts = one.page.evaluate(CONTRASTS)

    assert one.page.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(255, 255, 255)"
    )
    assert [(what, ratio) for what, ratio in contrasts if ratio < ENOUGH] == []


@pytest.mark.parametrize("name", ["trial", "many-columns"])
def test_paper_shows_every_row_with_its_details_and_no_controls(opened: Open, name: str) -> None:
    one = opened(PAGES[name])
    rows = one.page.locator("tr.workload").count()
    one.page.get_by_label("Groups only").check()

    one.page.emulate_media(media="print")

    assert one.shown("tr.workload") == one.shown("tr.detail") == rows
    assert one.shown("form") == one.shown(".more") == one.shown(".fold") == 0
    assert one.page.pdf().startswith(b"%PDF")


def test_paper_shows_what_is_left_of_a_filtered_page(opened: Open) -> None:
    one = opened(PAGES["trial"])

    one.page.get_by_label("Pool").select_option("tenant-1")
    one.page.emulate_media(media="print")

    assert one.shown("tr.workload") == one.shown("tr.detail") == 2


def test_paper_shows_long_lists_whole(opened: Open) -> None:
    many = [clusters.workload(f"w{i}", "worker", "tenant-1", "noxus") for i in range(11)]
    one = opened(pages.audit(clusters.report(*(clusters.refused(w, "tenant-0-llm") for w in many))))

    one.page.emulate_media(media="print")

    assert one.shown("#refusals .found > li") == 11


@pytest.mark.parametrize(("name", "wide"), [("trial", False), ("many-columns", True)])
def test_a_matrix_too_wide_for_paper_is_printed_as_cards(
    opened: Open, name: str, wide: bool
) -> None:
    one = opened(PAGES[name])
    one.page.emulate_media(media="print")
    display = one.page.evaluate("getComputedStyle(document.querySelector('tr.workload')).display")

    assert display == ("block" if wide else "table-row")


def test_a_phone_shows_cards_that_name_each_secret(opened: Open) -> None:
    one = opened(PAGES["trial"], width=360)
    cell = one.page.locator("tr.workload td:not(:empty)").first

    assert one.shown("thead") == 0
    assert one.shown("tr.workload td:empty") == 0
    assert cell.evaluate("(it) => getComputedStyle(it, '::before').content") == '"app-env"'


@pytest.mark.parametrize("width", WIDTHS)
def test_the_table_is_one_to_a_screen_reader_at_each_width(opened: Open, width: int) -> None:
    one = opened(PAGES["trial"], width=width)
    table = one.page.get_by_role("table", name="Exposure matrix")

    assert table.get_by_role("rowheader").count() == 12 + 8  # workloads and groups
    assert table.get_by_role("row", name="deployment/noxus-relay-8").get_by_role("cell").count() > 0


def test_head_and_names_stay_in_sight_while_the_matrix_scrolls(opened: Open) -> None:
    one = opened(PAGES["many-columns"], width=800)
    box = one.page.locator(".box")
    corner = one.page.locator("th.corner")
    corner.scroll_into_view_if_needed()
    before = corner.bounding_box()

    box.evaluate("(it) => it.scrollTo(600, 900)")

    assert box.evaluate("(it) => [it.scrollLeft, it.scrollTop]") == [600, 900]
    assert corner.bounding_box() == before
    beneath = (
        "(it) => document.elementFromPoint(it.left + 60, it.bottom + 20).closest('tr').className"
    )
    assert corner.evaluate(f"(it) => ({beneath})(it.getBoundingClientRect())") == "group"


def test_the_box_is_left_by_the_page_alone(opened: Open) -> None:
    one = opened(PAGES["many-columns"], width=800)

    assert one.page.evaluate("document.querySelector('.box').scrollWidth") > 2000
    assert one.sideways <= 0


def test_states_are_told_by_a_word_and_a_shape_too(opened: Open) -> None:
    one = opened(PAGES["example"])
    shapes = {
        state: one.page.evaluate(
            f"getComputedStyle(document.querySelector('.way.{state} b'), '::before').content"
        )
        for state in ("has", "gains", "refused", "wins")
    }

    assert len(set(shapes.values())) == 4
    for state in shapes:
        assert one.page.locator(f".way.{state} b").first.inner_text() == state
