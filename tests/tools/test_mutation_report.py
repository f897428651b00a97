"""What survives must be explained, and what is explained must survive."""

import json
from pathlib import Path

from tools.mutation_report import Mutant, Report, read_explanations, read_results

TEXT = """\
# A comment.

webhook.core.decide.decide
- return a
+ return None
why: nobody reads it
  and nobody will

webhook.core.decide.other
- x
"""
ONE = Mutant(
    "webhook.core.decide.x_decide__mutmut_1",
    "webhook.core.decide.decide",
    "- return a\n+ return None",
    0,
)


def killed(count: int) -> list[Mutant]:
    return [Mutant(f"webhook.core.decide.x_f__mutmut_{i}", "f", "", 1) for i in range(count)]


def test_explanations_are_read_by_function_and_change() -> None:
    assert read_explanations(TEXT) == {
        ONE.key: "why: nobody reads it and nobody will",
        "webhook.core.decide.other\n- x": "",
    }


def test_a_survivor_with_an_explanation_is_fine() -> None:
    report = Report([ONE, *killed(99)], {ONE.key: "nobody reads it"})

    assert report.is_good
    assert [*report.lines] == [
        "decide               100 mutants    1 survive   99.0 % killed",
        "all                  100 mutants    1 survive   99.0 % killed",
    ]


def test_a_survivor_without_one_is_not() -> None:
    for explanations in ({}, {ONE.key: ""}):
        report = Report([ONE, *killed(99)], explanations)
        assert not report.is_good
        assert report.unexplained == [ONE]
    assert "(not explained; webhook.core.decide.x_decide__mutmut_1)" in "\n".join(report.lines)


def test_an_explanation_of_what_no_longer_survives_is_outdated() -> None:
    report = Report(killed(100), {ONE.key: "nobody reads it"})

    assert not report.is_good
    assert report.outdated == [ONE.key]
    assert "take it out of survivors.txt" in "\n".join(report.lines)


def test_too_many_survivors_are_too_many_however_well_explained() -> None:
    report = Report([ONE, *killed(15)], {ONE.key: "nobody reads it"})

    assert not report.is_good
    assert [*report.lines][-1] == "\nless than 95 % are killed"


def test_nothing_tried_is_nothing_shown() -> None:
    assert not Report([], {}).is_good


def test_what_was_not_run_or_ended_in_another_way_counts_as_a_survivor() -> None:
    codes = {None: True, 0: True, 1: False, 3: False, 33: True, 36: False, -11: True}

    assert {code: Mutant("", "", "", code).survived for code in codes} == codes


GENERATED = """\
def f(x):
    return trampoline(x)


def x_f__mutmut_orig(x):
    one = x
    return one


def x_f__mutmut_1(x):
    one = None
    return one
"""


def test_results_are_read_from_what_mutmut_leaves(tmp_path: Path) -> None:
    folder = tmp_path / "mutants" / "webhook" / "core"
    folder.mkdir(parents=True)
    names = ["webhook.core.decide.x_f__mutmut_1", "webhook.core.decide.x_f__mutmut_2"]
    (folder / "decide.py").write_text(GENERATED)
    (folder / "decide.py.meta").write_text(
        json.dumps({"exit_code_by_key": dict.fromkeys(names, 1) | {names[0]: 0}})
    )
    spans = {"x_f__mutmut_orig": [5, 7], "x_f__mutmut_1": [10, 12]}
    (folder / "decide.py.spans").write_text(json.dumps({"spans": spans}))

    survivor, dead = read_results(tmp_path)

    assert survivor == Mutant(names[0], "webhook.core.decide.f", "- one = x\n+ one = None", 0)
    assert (dead.survived, dead.change) == (False, "")
