"""What the report says of start-up and memory."""

from benchmarks.startup import CLUSTER, FEW, FILES, MANY, ONE, Start, section


def test_each_goal_is_judged_by_its_own_figures() -> None:
    made = section(
        [
            Start(FILES, seconds=0.5, cpu=0.25, memory=60.0),
            Start(CLUSTER, seconds=3.0, cpu=0.5, memory=80.0),
            Start(ONE, seconds=0.2, cpu=0.1, memory=30.0),
            Start(FEW, seconds=2.0, cpu=1.0, memory=40.0),
            Start(MANY, seconds=20.0, cpu=10.0, memory=44.0),
        ]
    )

    assert made.title == "Start-up and memory"
    assert {goal.promise: goal.reached for goal in made.goals} == {
        "File mode: ready": True,
        "File mode: resident": True,
        "Cluster mode: ready": False,
        "Cluster mode: resident": True,
        "`inject` on one pod": True,
        "`inject` on 10,000 documents: memory, to 1,000": False,
    }
    assert "| inject, one pod | 0.20 [0.20-0.20] | 0.10 [0.10-0.10] | 30.0 " in made.markdown
    assert made.rows[0] == {
        "what": "serve, policy and certificate in files",
        "seconds": 0.5,
        "cpuSeconds": 0.25,
        "megabytes": 60.0,
    }
