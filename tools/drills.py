"""`make drills`: faults under load, with their figures; see docs/operations.md, "Drills"."""

import argparse
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.controlplane import build
from tests.controlplane.processes import ControlPlaneError
from tests.drills import report
from tests.drills.cluster import Cluster, why_not
from tests.drills.drills import DRILLS, Drill
from tests.drills.memory import day
from tests.drills.stage import Stage

REPORT = Path(".cache/drills/report.json")
DAY = "a day of load"
# Of each drill, to see whether it was the same twice.
ROUNDS = 2

Row = dict[str, Any]


def main() -> int:
    """Run the drills; returns 1 where a promise was not kept."""
    args = _parser().parse_args()
    for stop in (signal.SIGINT, signal.SIGTERM):  # so that everything ends with us
        signal.signal(stop, signal.default_int_handler)
    if why_not():
        print(why_not(), file=sys.stderr)
        return 2
    build.programs()
    chosen = [drill for drill in DRILLS if not args.only or drill.name in args.only]
    with_day = not args.only or DAY in args.only
    rounds, complaints = [], []
    try:
        for number in range(args.rounds):
            print(f"round {number + 1} of {args.rounds}", flush=True)
            rows: list[Row] = []
            for row, problems in _round(chosen, quick=args.quick, with_day=with_day):
                rows.append(row)
                complaints += problems
            rounds.append(rows)
            report.save(rounds, REPORT)
    except KeyboardInterrupt:
        return 130
    print(f"\n{report.markdown(rounds)}\n\nall figures: {REPORT}")
    if args.write:
        report.write(rounds, {drill.name: drill.why for drill in DRILLS}, args.write)
    return 1 if complaints else 0


def _round(
    drills: Sequence[Drill], *, quick: bool, with_day: bool
) -> Iterator[tuple[Row, list[str]]]:
    """Run each drill once, in one cluster; yields its figures and the promises not kept."""
    with Cluster() as cluster:
        stage = Stage(cluster, quick=quick)
        stage.prepare()
        for drill in drills:
            try:
                result = drill.run(stage)
            except ControlPlaneError as problem:
                print(f"  {drill.name}: {problem}", flush=True)
                yield {"drill": drill.name}, [str(problem)]
                stage.settle()
                continue
            complaints = drill.complaints(result)
            _tell(result.row(), complaints)
            yield {**result.row(), "failures": result.problems()}, complaints
            stage.settle()
        if with_day:
            today = day(stage)
            _tell(today.row(), today.wrong)
            yield today.row(), list(today.wrong)


def _tell(row: Row, complaints: Sequence[str]) -> None:
    figures = ", ".join(f"{key} {value}" for key, value in row.items() if key != "drill")
    print(f"  {row['drill']}: {figures}", flush=True)
    for complaint in complaints[:10]:
        print(f"    ! {complaint}", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.drills", description=__doc__)
    names = ", ".join([*(drill.name for drill in DRILLS), DAY])
    parser.add_argument("--only", action="append", metavar="DRILL", help=f"one of: {names}")
    parser.add_argument(
        "--quick", action="store_true", help="seconds instead of half a minute each"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"default: {ROUNDS}")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the table into this page")
    return parser


if __name__ == "__main__":
    sys.exit(main())
