"""The dashboard as a file: what Grafana needs of it, and what a reader needs."""

import itertools

import pytest

from tests.observability import kit

UNITS = {"short", "none", "s", "bytes", "reqps", "cps"}
PROMETHEUS = {"type": "prometheus", "uid": "${datasource}"}


def test_no_two_panels_share_an_id_or_a_place() -> None:
    everything = kit.dashboard()["panels"]
    ids = [panel["id"] for panel in everything]
    squares = [
        square
        for panel in everything
        for square in itertools.product(
            range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"]),
            range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"]),
        )
    ]

    assert len(set(ids)) == len(ids)
    assert len(set(squares)) == len(squares)
    assert max(x for x, _y in squares) == 23  # Grafana's grid has 24 columns


@pytest.mark.parametrize("panel", kit.panels(), ids=lambda panel: str(panel["title"]))
def test_every_panel_says_what_it_shows_and_in_which_unit(panel: kit.Json) -> None:
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    assert panel["datasource"] == PROMETHEUS
    assert panel["targets"]
    for target in panel["targets"]:
        assert target["datasource"] == PROMETHEUS
        # A stat and a table show one moment; asked for all of them, Prometheus works in vain.
        assert target.get("instant", False) is (panel["type"] in {"stat", "table"})


def test_the_titles_of_the_rows_tell_the_order_of_looking() -> None:
    rows = [panel["title"] for panel in kit.dashboard()["panels"] if panel["type"] == "row"]

    assert rows == [
        "Is it well?",
        "Decisions",
        "Latency",
        "As the API server sees it",
        "Policies",
        "Certificates",
        "Process",
        "Events",
    ]


def test_it_can_be_imported_anywhere() -> None:
    board = kit.dashboard()

    assert "id" not in board  # the database key of the Grafana that it was made in
    assert board["uid"] == "noxus-secret-webhook"
    assert [it["name"] for it in board["templating"]["list"]] == ["datasource", "pod"]
    used = {name for query in kit.queries() for name in kit.VARIABLES if name in query.expression}
    assert used == set(kit.VARIABLES)
