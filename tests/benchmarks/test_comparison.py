from benchmarks.comparison_goals import goals
from benchmarks.comparison_tables import charts, markdown
from benchmarks.rows import CPU, P99, PER_SECOND, Rows
from benchmarks.section import Row
from benchmarks.servers import CONTROLLER_RUNTIME, KOPF, NULL, OURS
from benchmarks.spread import Spread
from benchmarks.variation import Variant
from benchmarks.workloads import name_of

EIGHT = name_of("worker", Variant.DIFFERENT, 8)


def row(server: str, number: int, cpu: float, workload: str = EIGHT) -> Row:
    """A server that is `cpu` slow in every respect."""
    return {
        "round": number,
        "server": server,
        "workload": workload,
        CPU: cpu,
        PER_SECOND: 1e6 / cpu,
        "p50Microseconds": cpu,
        P99: cpu * 10,
        "p999Microseconds": cpu * 20,
        "rss": 50.0,
        "startSeconds": 1.0,
        "coreBusy": 1.0,
        "clientBusy": 0.5,
    }


def all_rows() -> list[Row]:
    """Two rounds, the second on a machine that is twice as slow."""
    costs = {OURS: 60, NULL: 30, CONTROLLER_RUNTIME: 600, KOPF: 2000}
    return [
        row(server, number, cost * (1 + number), name_of("worker", variant, connections))
        for number in (0, 1)
        for server, cost in costs.items()
        for variant in Variant
        for connections in (8, 100)
    ]


def test_a_ratio_is_formed_within_a_round() -> None:
    rows = Rows([row(OURS, 0, 10), row(NULL, 0, 5), row(OURS, 1, 1000), row(NULL, 1, 250)])

    assert rows.ratio(OURS, NULL, EIGHT, CPU) == Spread(3, 2, 4)


def test_a_round_that_only_one_of_them_has_is_in_no_ratio() -> None:
    rows = Rows([row(OURS, 0, 10), row(NULL, 0, 5), row(OURS, 1, 1000)])

    assert rows.ratio(OURS, NULL, EIGHT, CPU) == Spread(2, 2, 2)


def test_a_server_that_never_answered_has_no_latency_and_no_ratio() -> None:
    broken = row(OURS, 0, 10)
    del broken[P99]
    rows = Rows([broken, row(NULL, 0, 5)])

    assert rows.ratio(OURS, NULL, EIGHT, P99) is None
    assert rows.spread(OURS, EIGHT, P99) is None


def test_a_peer_that_used_nothing_is_no_divisor() -> None:
    idle = {**row(NULL, 0, 5), CPU: 0}

    assert Rows([row(OURS, 0, 10), idle]).ratio(OURS, NULL, EIGHT, CPU) is None


def test_the_goals_are_those_that_were_promised_for_both_variants() -> None:
    told = {goal.promise: (goal.limit, goal.measured) for goal in goals(all_rows())}

    for variant in ("pods of one Deployment", "pods each different"):
        cpu = f"CPU per mutate, {variant}, to "
        assert told[cpu + CONTROLLER_RUNTIME] == (0.2, Spread(0.1, 0.1, 0.1))
        assert told[cpu + KOPF] == (0.06, Spread(0.03, 0.03, 0.03))
        assert told[cpu + NULL] == (3, Spread(2, 2, 2))
        speed = f"throughput on one core, {variant}, to {CONTROLLER_RUNTIME}"
        assert told[speed] == (5, Spread(10, 10, 10))
        for connections in (8, 100):
            p99 = f"p99 at {connections} connections, {variant}, to {CONTROLLER_RUNTIME}"
            assert told[p99] == (0.3, Spread(0.1, 0.1, 0.1))
    assert len(told) == 12


def test_a_peer_that_is_missing_leaves_its_goals_unreached() -> None:
    rows = [each for each in all_rows() if each["server"] != KOPF]

    missing = [goal for goal in goals(rows) if goal.measured is None]

    assert {goal.promise.rpartition(" to ")[2] for goal in missing} == {KOPF}
    assert not any(goal.reached for goal in missing)


def test_ours_comes_first_whoever_was_measured_first() -> None:
    rows = [row(NULL, 0, 5), row(KOPF, 0, 50), row(OURS, 0, 10)]

    assert Rows(rows, OURS).servers == [OURS, NULL, KOPF]


def test_the_tables_show_each_server_and_only_plots_that_were_drawn() -> None:
    text = markdown(all_rows(), {"cpu.svg": "<svg/>"})

    head = "### worker, each different, 8 connections\n\n| server | CPU µs | req/s | p50 ms |"
    assert head in text
    assert "| noxus-secrets | 90 [60-120] | 12,500 [8,333-16,667] | 0.09 [0.06-0.12] |" in text
    assert f"| {EIGHT}: CPU | 2.00 [2.00-2.00] | 0.10 [0.10-0.10] | 0.03 [0.03-0.03] |" in text
    assert "![CPU of a request, server by server](img/cpu.svg)" in text
    assert "p99.svg" not in text


def test_the_curves_are_drawn_over_the_connections_that_were_measured() -> None:
    drawn = charts(all_rows())["p99.svg"]

    assert getattr(drawn, "curves")[KOPF] == {  # noqa: B009  a chart of either kind
        8: Spread(30, 20, 40),
        100: Spread(30, 20, 40),
    }
