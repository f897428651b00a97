"""The controls of a page; without its script, or on paper, they are not there."""

from collections.abc import Mapping, Sequence

from webhook.report.pages.markup import Markup, el

Choices = Sequence[tuple[str, str]]  # each a value, and how it is shown


def filters(fields: Mapping[str, Choices], what: str, total: int, *, matrix: bool) -> Markup:
    """Return the form; a field's name is that of the data attribute which it compares."""
    search = el(
        "input",
        type="search",
        id="search",
        autocomplete="off",
        spellcheck="false",
        placeholder="names, Secrets, messages",
        aria_keyshortcuts="/",
    )
    switches = (_switch("details", "All details"), _switch("groups", "Groups only"))
    return el(
        "form",
        el("label", el("span", "Search"), search, class_="search"),
        [_select(field, choices) for field, choices in fields.items()],
        el("span", switches, class_="switches") if matrix else None,
        el(
            "p",
            el("output", f"{total:,} of {total:,} {what}", id="shown", data_what=what),
            " ",
            el("button", "Clear filters", type="button", id="clear", hidden=True),
        ),
        id="filters",
        role="search",
        aria_label=f"Filter the {what}",
        hidden=True,
    )


def no_match(what: str) -> Markup:
    """Say that the filters leave nothing; the script shows it."""
    return el(
        "p", f"None of the {what} match the filters.", class_="none", id="nothing", hidden=True
    )


def same(values: set[str]) -> Choices:
    """Return choices that are shown as they are, by name."""
    return [(value, value) for value in sorted(values)]


def _select(field: str, choices: Choices) -> Markup:
    options = [el("option", shown, value=value) for value, shown in choices]
    called = f"by-{field}"
    select = el("select", el("option", "all", value=""), options, id=called, data_field=field)
    # Beside the list, not around it, so that its choices are no part of the label.
    return el("span", el("label", field.capitalize(), for_=called), select, class_="field")


def _switch(what: str, shown: str) -> Markup:
    return el("label", el("input", type="checkbox", data_switch=what), el("span", shown))
