"""Pods that run with something else than the policy now says, those alike told of together."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from webhook.audit.report import PodEntry
from webhook.report.pages.markup import Markup, el, names
from webhook.report.pages.words import POD_STATES, chip


def behind(pods: Iterable[PodEntry]) -> Iterator[Markup]:
    """Return a list item for each thing that is said of pods."""
    told = sorted((pod for pod in pods if pod.state in POD_STATES), key=_said)
    return (_item(list(alike)) for _, alike in groupby(told, key=_said))


def _said(pod: PodEntry) -> tuple[str, str]:
    return pod.state, pod.message


def _item(alike: Sequence[PodEntry]) -> Markup:
    oldest = min(pod.created for pod in alike)
    later = " or later" if len(alike) > 1 else None
    since = (" · created ", el("time", oldest, datetime=oldest), later) if oldest else None
    called = names(pod.name for pod in alike)
    mark = chip(POD_STATES[alike[0].state], "stale")
    return el("li", mark, " ", called, el("p", alike[0].message, since))
