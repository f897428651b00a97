"""The page of `audit --rotation`: a calendar of weeks, a row for each Secret."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from webhook.report.pages.cards import Card, cards
from webhook.report.pages.markup import Content, Markup, el, name, names
from webhook.report.pages.words import chip, count
from webhook.rotation.changed import Basis
from webhook.rotation.report import RotationReport, SecretAge, StaleContainer, State
from webhook.rotation.written import instant

# A quarter back and a quarter ahead: what is of low risk is due within one.
_BACK: Final = 13
_AHEAD: Final = 13
_WEEK: Final = timedelta(days=7)
_CHIPS: Final = {
    State.OVERDUE: "refused",
    State.SOON: "stale",
    State.MISSING: "outside",
    State.UNKNOWN: "quiet",
    State.FINE: "gains",
}
_BASES: Final = {
    Basis.DATA: "at the latest",
    Basis.STATED: "by its annotation",
    Basis.CREATED: "its creation",
    Basis.UNKNOWN: "not noted",
}


def rotation_body(report: RotationReport) -> Content:
    """Return all of the page between its head and its foot."""
    return (_verdict(report), _cards(report), _calendar(report), _stale(report.stale))


def _verdict(report: RotationReport) -> Markup:
    number = sum(it.state is State.OVERDUE for it in report.secrets)
    if number:
        verb = "is" if number == 1 else "are"
        return el("p", f"{count(number, 'Secret')} {verb} overdue.", class_="verdict alarming")
    return el("p", "No Secret is overdue.", class_="verdict fine")


def _cards(report: RotationReport) -> Markup:
    sums = {state: sum(it.state is state for it in report.secrets) for state in State}
    namespaces = len({it.namespace for it in report.secrets})
    stale = len({(it.namespace, it.pod) for it in report.stale})
    return cards(
        Card(len(report.secrets), "Secrets", f"in {count(namespaces, 'namespace')}", "calendar"),
        Card(sums[State.OVERDUE], "overdue", "to rotate now", "calendar", alarming=True),
        Card(sums[State.SOON], "due soon", "within a week", "calendar"),
        Card(sums[State.MISSING], "missing", "handed out, not there", "calendar", alarming=True),
        Card(stale, "pods behind", "with an older version", "stale", alarming=True),
    )


def _calendar(report: RotationReport) -> Markup:
    today = instant(report.at)
    head = el("h2", "Calendar ", el("span", len(report.secrets), class_="total"))
    if today is None or not report.secrets:
        none = el("p", "The policies hand out no Secret here.", class_="none")
        return el("section", head, none, id="calendar")
    first = today - timedelta(days=today.weekday()) - _BACK * _WEEK
    weeks = [first + number * _WEEK for number in range(_BACK + _AHEAD + 1)]
    about = (
        "A square is a week, from Monday. ● changed, ◆ due, ▮ this week; filled squares are the "
        "time that the policy allows. Each row says the same in words."
    )
    rows = (
        (_heading(namespace, weeks), [_row(it, weeks, today) for it in group])
        for namespace, group in groupby(report.secrets, key=lambda it: it.namespace)
    )
    table = el("table", el("tbody", rows), aria_label="Calendar")
    box = el("div", table, class_="box", tabindex="0", role="region", aria_label="Calendar")
    return el(
        "section",
        head,
        el("p", about, class_="about"),
        el("div", box, class_="calendar"),
        id="calendar",
    )


def _heading(namespace: str, weeks: list[datetime]) -> Markup:
    return el(
        "tr",
        el("th", name(namespace), scope="rowgroup", class_="namespace"),
        el("th", "State", scope="col"),
        (
            el("th", _month(week, number), scope="col", class_="week")
            for number, week in enumerate(weeks)
        ),
        class_="months",
    )


def _month(week: datetime, number: int) -> str:
    """Name a month above its first week."""
    return week.strftime("%b") if week.day <= 7 or number == 0 else ""  # noqa: PLR2004


def _row(secret: SecretAge, weeks: list[datetime], today: datetime) -> Markup:
    said: list[Content] = [f"{secret.risk.lower()} risk, {secret.limit} days"]
    if secret.changed:
        said.append(f"changed {_day(secret.changed)} ({_BASES[secret.basis]})")
        said.append(f"due {_day(secret.due)}")
    if secret.refreshed:
        said.append(f"store asked {_day(secret.refreshed)}")
    if secret.stale:
        said.append(f"{count(secret.stale, 'container')} with an older version")
    who = el(
        "th",
        el("b", name(secret.name)),
        el("small", names(secret.scopes)),
        scope="row",
    )
    state = el(
        "td", chip(str(secret.state), _CHIPS[secret.state]), (el("small", it) for it in said)
    )
    return el("tr", who, state, _weeks(secret, weeks, today))


def _weeks(secret: SecretAge, weeks: list[datetime], today: datetime) -> Iterator[Markup]:
    changed, due = instant(secret.changed), instant(secret.due)
    for week in weeks:
        end = week + _WEEK
        marks = ""
        classes = ["week"]
        if changed is not None and due is not None:
            if due <= today and due < end and week <= today:
                classes.append("late")
            elif changed < end and week < due:
                classes.append("allowed")
            marks += "●" if week <= changed < end else ""
            marks += "◆" if week <= due < end else ""
        if week <= today < end:
            classes.append("today")
            marks += "▮"
        yield el("td", marks, class_=" ".join(classes), aria_hidden="true")


def _stale(stale: tuple[StaleContainer, ...]) -> Markup:
    head = el("h2", "Pods with an older version ", el("span", len(stale), class_="total"))
    if not stale:
        none = "No container runs with an older version than its Secrets have."
        return el("section", head, el("p", none, class_="none"), id="stale")
    about = "Variables are read when a container starts: restart the workload."
    listed = [
        el(
            "li",
            el("b", name(it.workload)),
            " ",
            el("small", "in ", name(it.namespace), ", pod ", name(it.pod)),
            el("ul", el("li", _why(it))),
        )
        for it in stale
    ]
    return el(
        "section",
        head,
        el("p", about, class_="about"),
        el("ul", listed, class_="found"),
        id="stale",
    )


def _why(it: StaleContainer) -> Content:
    return (
        *("container ", name(it.container), f" runs since {_moment(it.started)}; "),
        *(name(it.secret), f" changed {_moment(it.changed)}"),
    )


def _day(moment: str) -> str:
    return moment.partition("T")[0]


def _moment(moment: str) -> str:
    return moment.replace("T", " ").removesuffix("Z")
