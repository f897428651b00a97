"""The policies that a page rests on: their scopes in injection order, and who is given them."""

from collections.abc import Iterable, Iterator

from webhook.audit.report import PolicyView, ScopeView
from webhook.report.pages.markup import Content, Markup, el, name, names
from webhook.report.pages.words import chip, count

# Pools that no workload belongs to are named up to this many: enough for a line or two.
_NAMED = 20


def policies(views: Iterable[PolicyView], pools_in_use: frozenset[str]) -> Markup:
    """Return a table of scopes for each policy."""
    tables = [_policy(view, pools_in_use) for view in views]
    none = el("p", "There is no policy, so nothing is injected or refused.", class_="none")
    return el("section", el("h2", "Policy"), tables or none, id="policy")


def _policy(view: PolicyView, pools_in_use: frozenset[str]) -> Markup:
    shown = [it for it in view.scopes if it.pool is None or it.pool in pools_in_use]
    unused = [it.pool for it in view.scopes if it.pool is not None and it.pool not in pools_in_use]
    words = ("", "Scope", "Given to", "Gives, in order")
    head = el("tr", [el("th", word, scope="col") for word in words])
    rows = [_scope(number, scope) for number, scope in enumerate(shown, 1)]
    covers = names(view.namespaces) if view.namespaces else "every namespace that is opted in"
    return el(
        "div",
        el("h3", name(view.name), " ", chip(view.mode, "mode"), el("small", " for ", covers)),
        el(
            "div",
            el("table", el("thead", head), el("tbody", rows)),
            class_="scroll",
            tabindex="0",
            role="region",
            aria_label=f"Scopes of {view.name}",
        ),
        el("p", _unused(unused), class_="about") if unused else None,
        class_="policy",
    )


def _scope(number: int, scope: ScopeView) -> Markup:
    conditions = [chip("on request", "mode")] if scope.on_request else []
    if not scope.enabled:
        conditions.append(chip("switched off", "quiet"))
    to = (
        (name(scope.roles[0]), " of the pool") if scope.pool and scope.roles else names(scope.roles)
    )
    return el(
        "tr",
        el("td", number, class_="nr"),
        el("th", name(scope.name), " ", conditions, scope="row"),
        el("td", to, data_label="to"),
        el("td", names(scope.sources, " · ") if scope.sources else "nothing", data_label="gives"),
    )


def _unused(pools: list[str]) -> Iterator[Content]:
    yield f"{count(len(pools), 'more pool')} without a workload: "
    yield names(pools[:_NAMED])
    if len(pools) > _NAMED:
        yield f" and {len(pools) - _NAMED:,} more"
