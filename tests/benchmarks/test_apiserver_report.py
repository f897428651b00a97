from benchmarks.apiserver import flat
from benchmarks.apiserver_report import section
from benchmarks.section import Row


def row(variant: str, *, number: int = 0, clients: int = 1, p50: float, cpu: float = 0) -> Row:
    """A plain creation takes 1 ms and 500 µs of CPU; the hook makes it this much more."""
    return {
        "round": number,
        "variant": variant,
        "clients": clients,
        "plainRequests": 100,
        "plainErrors": 0,
        "plainP50": 1000.0,
        "plainP99": 2000.0,
        "plainCpu_apiserver": 500.0,
        "plainCpu_etcd": 10.0,
        "plainCpu_webhook": 0.0,
        "hookedRequests": 100,
        "hookedErrors": 0,
        "hookedP50": 1000.0 + p50,
        "hookedP99": 2000.0 + 2 * p50,
        "hookedCpu_apiserver": 500.0 + cpu,
        "hookedCpu_etcd": 10.0,
        "hookedCpu_webhook": cpu / 2,
    }


def goals(rows: list[Row]) -> dict[str, tuple[str, bool]]:
    made = section(rows, cores=2, seconds=1.5, notes=[])
    return {
        goal.promise: ("-" if goal.measured is None else goal.measured.text(2), goal.reached)
        for goal in made.goals
    }


def test_added_figures_are_differences_within_a_run() -> None:
    rows = [
        row("no webhook", p50=-10),
        row("no webhook", number=1, p50=30),
        row("noxus-secrets, mutate", p50=800, cpu=600),
        row("noxus-secrets, mutate", number=1, p50=1000, cpu=640),
    ]

    made = section(rows, cores=2, seconds=1.5, notes=["Kyverno is left out."])

    assert made.title == "At the API server"
    assert list(made.rows) == rows
    assert "2 interleaved\nrounds of 1.5 s" in made.markdown
    assert made.markdown.endswith("\n\nKyverno is left out.")
    table = made.markdown.partition("### 1 client\n\n")[2].partition("\n\n")[0]
    assert table.splitlines()[2:] == [
        (
            "| no webhook | 1.00 [1.00-1.00] | 1.01 [0.99-1.03] | 0.01 [-0.01-0.03] "
            "| 0.02 [-0.02-0.06] | 0 [0-0] | 0 [0-0] | 0 [0-0] | 0 |"
        ),
        (
            "| noxus-secrets, mutate | 1.00 [1.00-1.00] | 1.90 [1.80-2.00] | 0.90 [0.80-1.00] "
            "| 1.80 [1.60-2.00] | 620 [600-640] | 310 [300-320] | 930 [900-960] | 0 |"
        ),
    ]


def test_goals_compare_what_was_added_in_the_same_round() -> None:
    rows = [
        row("noxus-secrets, mutate", p50=800),
        row("noxus-secrets, mutate + validate", p50=1200),
        row("MutatingAdmissionPolicy", p50=1000),
        row("noxus-secrets, mutate", clients=16, p50=3000),
        row("noxus-secrets, mutate + validate", clients=16, p50=6000),
        row("MutatingAdmissionPolicy", clients=16, p50=2000),
    ]

    assert goals(rows) == {
        "added p50 at the API server to MutatingAdmissionPolicy, 1 client": (
            "0.80 [0.80-0.80]",
            True,
        ),
        "added p50 of mutate + validate to mutate alone, 1 client": ("1.50 [1.50-1.50]", True),
        "added p50 at the API server to MutatingAdmissionPolicy, 16 clients": (
            "1.50 [1.50-1.50]",
            False,
        ),
        "added p50 of mutate + validate to mutate alone, 16 clients": ("2.00 [2.00-2.00]", False),
    }


def test_there_is_no_ratio_to_something_that_seems_to_add_nothing() -> None:
    rows = [row("noxus-secrets, mutate", p50=800), row("MutatingAdmissionPolicy", p50=-1)]

    promise = "added p50 at the API server to MutatingAdmissionPolicy, 1 client"
    assert goals(rows)[promise] == ("-", False)


def test_a_goal_says_what_no_webhook_could_be_below() -> None:
    rows = [
        row("null webhook with our patch (Go)", p50=1100),
        row("noxus-secrets, mutate", p50=1300),
        row("MutatingAdmissionPolicy", p50=1000),
    ]

    goal = section(rows, cores=2, seconds=1, notes=[]).goals[0]

    assert not goal.reached
    assert goal.tried.startswith(
        "A Go server that decides nothing and always answers with our patch is at 1.10 [1.10-1.10]:"
    )


def test_what_the_load_client_tells_becomes_one_row() -> None:
    figures = {
        "requests": 300,
        "errors": 1,
        "firstError": "HTTP/2.0 500",
        "seconds": 1.5,
        "latency": {"p50": 1000.5, "p99": 3000.0},
        "cpu": {"apiserver": 500.0},
    }

    assert flat({"plain": figures}, processes=("apiserver", "webhook")) == {
        "plainRequests": 300,
        "plainErrors": 1,
        "plainFirstError": "HTTP/2.0 500",
        "plainPerSecond": 200.0,
        "plainP50": 1000.5,
        "plainP99": 3000.0,
        "plainCpu_apiserver": 500.0,
        "plainCpu_webhook": 0.0,  # nobody serves where there is no webhook
    }
