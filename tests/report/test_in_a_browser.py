"""The pages in a real browser: filters, search, folding, keyboard, and what must not happen."""

import pytest

from tests.audit.example import PLAN, REPORT
from tests.report import clusters, pages
from tests.report.conftest import Open, Opened
from tests.report.hostile import NAMES, with_every_text
from webhook.report.html import plan_page

pytestmark = pytest.mark.slow

ROWS = 12  # of the trial cluster


def names(one: Opened, selector: str = "tr.workload") -> list[str]:
    rows = [row for row in one.page.locator(selector).all() if row.is_visible()]
    return [row.locator(".title bdi").inner_text() for row in rows]


def test_every_workload_has_a_row_and_what_it_reads_is_in_its_cells(opened: Open) -> None:
    trial = opened(pages.trial())
    table = trial.page.get_by_role("table", name="Exposure matrix")
    row = table.get_by_role("row", name="deployment/noxus-worker-tenant-1-6")

    assert trial.shown("tr.workload") == ROWS
    assert table.get_by_role("columnheader").nth(1).inner_text().split() == [
        *("1", "app-env", "scope", "shared", "9", "workloads", "read", "it")
    ]
    assert row.get_by_role("cell").nth(1).inner_text().split() == [
        *("gains", "yields", "to", "tenant-1-llm")
    ]
    assert row.get_by_role("cell").nth(5).inner_text().split() == ["gains", "wins"]


@pytest.mark.parametrize(
    ("field", "value", "number"),
    [
        ("namespace", "noxus-trial", 3),
        ("role", "frontend", 2),
        ("pool", "tenant-1", 2),
        ("pool", "no pool", 6),
        ("status", "refused", 2),
        ("status", "stale", 1),
        ("status", "outside", 1),
        ("status", "unjudged", 1),
        ("status", "warned", 1),
    ],
)
def test_a_filter_leaves_what_it_says(opened: Open, field: str, value: str, number: int) -> None:
    trial = opened(pages.trial())

    trial.page.locator(f"select[data-field={field}]").select_option(value)

    assert trial.shown("tr.workload") == number
    assert trial.page.locator("#shown").inner_text() == f"{number} of {ROWS} workloads"


def test_filters_hold_together_and_are_cleared_together(opened: Open) -> None:
    trial = opened(pages.trial())

    trial.page.get_by_label("Namespace").select_option("noxus")
    trial.page.get_by_label("Pool").select_option("tenant-1")
    trial.page.get_by_label("Status").select_option("refused")
    assert names(trial) == ["noxus-worker-tenant-1-7"]
    assert trial.shown(".matrix tbody") == 1

    trial.page.get_by_role("button", name="Clear filters").click()
    assert trial.shown("tr.workload") == ROWS
    assert not trial.page.get_by_role("button", name="Clear filters").is_visible()


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("tenant-1-7", 1),
        ("TENANT-1-7", 1),
        ("plugin_server_api_key", 2),  # in capitals on the page
        ("another pool", 2),  # in the sentence of a refusal
        ("lacks worker-env", 1),  # two words, in what is said of pods
        ("legacy", 1),
        ("nothing has this", 0),
    ],
)
def test_the_search_finds_any_text_that_is_said_of_a_workload(
    opened: Open, typed: str, number: int
) -> None:
    trial = opened(pages.trial())

    trial.search(typed)

    assert trial.shown("tr.workload") == number
    assert trial.page.locator("#nothing").is_visible() == (number == 0)


def test_the_lists_follow_the_filters_and_say_how_many_are_left(opened: Open) -> None:
    trial = opened(pages.trial())
    refusals = trial.page.locator("#refusals")

    trial.page.get_by_label("Namespace").select_option("noxus-trial")
    assert refusals.locator(".total").inner_text() == "1 of 2"
    assert trial.shown("#refusals .found > li") == 1

    trial.page.get_by_label("Namespace").select_option("legacy")
    assert refusals.get_by_text("Nothing here matches the filters.").is_visible()


def test_details_open_by_keyboard_and_say_so(opened: Open) -> None:
    trial = opened(pages.trial())
    button = trial.page.get_by_role("button", name="deployment/noxus-worker-tenant-1-7")

    assert trial.shown("tr.detail") == 0
    button.focus()
    trial.page.keyboard.press("Enter")

    assert trial.shown("tr.detail") == 1
    assert button.get_attribute("aria-expanded") == "true"
    assert clusters.other_pool("tenant-0-llm") in trial.page.locator("tr.open + tr").inner_text()

    trial.page.keyboard.press("Space")
    assert trial.shown("tr.detail") == 0


def test_a_link_in_a_list_opens_its_row_also_behind_a_filter(opened: Open) -> None:
    trial = opened(pages.trial())
    trial.page.get_by_role("link", name="deployment/noxus-worker-tenant-1-6").click()

    assert trial.shown("tr.detail") == 1
    assert trial.page.evaluate("document.activeElement.innerText.trim()") == (
        "deployment/noxus-worker-tenant-1-6"
    )

    trial.page.get_by_label("Namespace").select_option("legacy")
    trial.page.evaluate("location.hash = document.querySelector('#refusals a').hash")
    trial.page.locator("tr.open").nth(1).wait_for()
    assert trial.shown("tr.workload") == ROWS


def test_groups_can_be_folded_alone_and_together(opened: Open) -> None:
    trial = opened(pages.trial())
    fold = trial.page.get_by_role("button", name="Workloads of noxus / frontend")

    fold.press("Enter")
    assert trial.shown("tr.workload") == ROWS - 2
    assert fold.get_attribute("aria-expanded") == "false"

    fold.press("Enter")
    trial.page.get_by_label("Groups only").check()
    assert trial.shown("tr.workload") == 0
    assert trial.shown("tr.group") == 8


def test_all_details_open_at_once_except_of_what_is_filtered_out(opened: Open) -> None:
    trial = opened(pages.trial())

    trial.page.get_by_label("All details").check()
    assert trial.shown("tr.detail") == ROWS

    trial.page.get_by_label("Pool").select_option("tenant-1")
    assert trial.shown("tr.detail") == 2


def test_a_slash_goes_to_the_search_and_escape_clears_it(opened: Open) -> None:
    trial = opened(pages.trial())

    trial.page.keyboard.press("/")
    trial.page.keyboard.type("tenant-1/6")
    assert trial.page.get_by_role("searchbox").input_value() == "tenant-1/6"

    trial.page.keyboard.press("Escape")
    assert trial.page.get_by_role("searchbox").input_value() == ""
    assert trial.shown("tr.workload") == ROWS


def test_everything_that_can_be_pressed_is_reached_by_tab(opened: Open) -> None:
    trial = opened(pages.trial())
    pressable = "a[href], button, input, select, [tabindex]"
    total = sum(one.is_visible() for one in trial.page.locator(pressable).all())
    reached = set()

    for _ in range(total):
        trial.page.keyboard.press("Tab")
        reached.add(
            trial.page.evaluate(
                f"[...document.querySelectorAll('{pressable}')].indexOf(document.activeElement)"
            )
        )

    assert len(reached) == total
    assert -1 not in reached


def test_a_long_list_shows_its_first_entries_and_then_all(opened: Open) -> None:
    many = [clusters.workload(f"w{i}", "worker", "tenant-1", "noxus") for i in range(11)]
    page = pages.audit(clusters.report(*(clusters.refused(one, "tenant-0-llm") for one in many)))
    long = opened(page)

    assert long.shown("#refusals .found > li") == 8
    long.page.get_by_role("button", name="Show 3 more").click()
    assert long.shown("#refusals .found > li") == 11


def test_a_filter_shows_all_that_is_left_of_a_long_list(opened: Open) -> None:
    many = [clusters.workload(f"w{i}", "worker", "tenant-1", "noxus") for i in range(11)]
    page = pages.audit(clusters.report(*(clusters.refused(one, "tenant-0-llm") for one in many)))
    long = opened(page)

    long.page.get_by_label("Namespace").select_option("noxus")

    assert long.shown("#refusals .found > li") == 11
    assert long.shown(".more") == 0


def test_the_changes_of_a_plan_are_filtered_and_searched(opened: Open) -> None:
    plan = opened(pages.plan())
    assert plan.shown("article") == 2

    plan.page.get_by_label("Change").select_option("refused")
    assert names(plan, "article") == ["greedy-frontend"]

    plan.page.get_by_label("Change").select_option("")
    plan.search("llm-keys")
    assert names(plan, "article") == ["noxus-worker-tenant-a"]


def test_without_script_everything_is_there_and_nothing_to_press(opened: Open) -> None:
    plain = opened(pages.trial(), java_script_enabled=False)

    assert plain.shown("tr.workload") == ROWS
    assert plain.shown("tr.detail") == ROWS
    assert plain.shown("form") == 0
    assert plain.shown(".more") == 0


@pytest.mark.parametrize("text", NAMES.values(), ids=NAMES)
def test_a_hostile_name_in_every_field_does_nothing(opened: Open, text: str) -> None:
    poisoned = (
        pages.audit(with_every_text(REPORT, text)),
        plan_page(with_every_text(PLAN, text), pages.OCCASION),
    )
    for page in poisoned:
        one = opened(page)
        title = one.page.title()
        for switch in one.page.get_by_role("checkbox").all()[:1]:
            switch.check()
        one.search(text[:5])

        for width in (1400, 360):
            one.page.set_viewport_size({"width": width, "height": 900})
            assert one.sideways <= 0
        assert one.page.title() == title
        assert one.page.evaluate("[document.scripts.length, document.images.length]") == [1, 0]


BLOCKED = {
    "a script of its own": "const it = document.createElement('script'); it.textContent = 'x=1'",
    "a script from outside": (
        "const it = document.createElement('script'); it.src = 'http://127.0.0.1:9/x.js'"
    ),
    "a picture": "const it = document.createElement('img'); it.src = 'http://127.0.0.1:9/x.png'",
    "a style of its own": "const it = document.createElement('style'); it.textContent = 'p{}'",
    "a frame": (
        "const it = document.createElement('iframe'); it.src = 'http://127.0.0.1:9/x.html'"
    ),
    "a call home": "const it = ''; fetch('http://127.0.0.1:9/').catch(() => 0)",
}


@pytest.mark.parametrize("attempt", BLOCKED.values(), ids=BLOCKED)
def test_what_a_page_may_not_do_the_browser_stops(opened: Open, attempt: str) -> None:
    page = opened(pages.trial())

    broken = page.page.evaluate(
        f"""() => new Promise((resolve) => {{
          addEventListener("securitypolicyviolation", (event) => resolve(event.disposition));
          setTimeout(() => resolve("nothing stopped it"), 2000);
          {attempt};
          document.body.append(it);
        }})"""
    )

    assert broken == "enforce"
    assert any("Content Security Policy" in complaint for complaint in page.complaints)
    page.complaints.clear()  # they were asked for
    del page.requests[1:]  # what was stopped is told of as a request, too
