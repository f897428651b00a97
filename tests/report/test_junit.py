"""The JUnit XML says what the readers of CI servers show."""

from xml.etree import ElementTree as ET

from webhook.policytests.compare import Difference
from webhook.policytests.result import Result
from webhook.report.junit import junit

ORDER = Difference("envFrom of container 'a'", ("x", "y"), ("y", "x"))
RESULTS = [
    Result("a.yaml", 3, 'one <&> "two"', 0.0015, (), undecided=False),
    Result("a.yaml", 9, "bell \x07", 0.25, (ORDER,), undecided=False),
    Result("b.yaml", 1, "three", 0.0, (), undecided=True),
]


def test_a_suite_is_a_file_and_a_case_is_a_case() -> None:
    root = ET.fromstring(junit(RESULTS))  # noqa: S314 - our own

    assert root.tag == "testsuites"
    assert {k: root.get(k) for k in ("tests", "failures", "errors", "skipped", "time")} == {
        "tests": "3",
        "failures": "1",
        "errors": "0",
        "skipped": "0",
        "time": "0.251500",
    }
    suites = [(it.get("name"), it.get("tests"), it.get("failures")) for it in root]
    assert suites == [("a.yaml", "2", "1"), ("b.yaml", "1", "0")]
    assert root[0][0].attrib == {
        "name": 'one <&> "two"',
        "classname": "a.yaml",
        "file": "a.yaml",
        "line": "3",
        "time": "0.001500",
    }
    assert len(root[0][0]) == 0


def test_a_failure_says_what_differs_in_short_and_in_full() -> None:
    root = ET.fromstring(junit(RESULTS))  # noqa: S314 - our own

    (failure,) = root[0][1]
    assert failure.tag == "failure"
    assert failure.get("message") == "not as expected: envFrom of container 'a'"
    assert failure.text == (
        "\na.yaml:9\n"
        "envFrom of container 'a'\n"
        "  expected   got\n"
        "+            y\n"
        "  x          x\n"
        "- y"
    )


def test_characters_that_xml_may_not_hold_are_replaced() -> None:
    assert 'name="bell \N{REPLACEMENT CHARACTER}"' in junit(RESULTS)


def test_without_results_there_are_no_suites() -> None:
    assert len(ET.fromstring(junit([]))) == 0  # noqa: S314 - our own
