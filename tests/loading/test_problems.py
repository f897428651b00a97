"""A problem reads like a compiler's message."""

import pytest

from webhook.loading.problems import PolicyError, Problem


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("p.yaml", 3, "spec.mode", "is wrong"), "p.yaml:3: spec.mode: is wrong"),
        (Problem("p.yaml", 3, "", "is wrong"), "p.yaml:3: is wrong"),
        (Problem("p.yaml", 0, "spec.mode", "is wrong"), "p.yaml: spec.mode: is wrong"),
        (Problem("p.yaml", 0, "", "is wrong"), "p.yaml: is wrong"),
    ],
)
def test_a_problem_names_file_line_and_field_where_they_are_known(
    problem: Problem, text: str
) -> None:
    assert str(problem) == text


def test_an_error_lists_its_problems_one_a_line() -> None:
    problems = [Problem("a", 1, "x", "m"), Problem("b", 0, "", "n")]
    error = PolicyError(problems)
    assert str(error) == "a:1: x: m\nb: n"
    assert error.problems == problems
