"""A random search that everybody repeats; `make search` has the one of 50,000."""

from collections import Counter

from tests.properties.conftest import PROFILE
from tests.properties.search import search

COUNT = {"fast": 600, "ci": 4_000, "nightly": 50_000}[PROFILE]
WORKLOADS = 11  # kinds, the three that only a policy knows included


def test_no_answer_disagrees_with_the_oracle() -> None:
    report = search(range(COUNT))

    assert report.disagreements == []
    # ... and it has asked for everything, with both answers.
    answers = Counter(kind.split(",")[0] for kind in report.asked)
    assert {"CREATE pods", "UPDATE pods", "UPDATE ephemeralcontainers"} < set(answers)
    assert len(answers) == 3 + 2 * WORKLOADS
    assert {said.split(", ", 1)[1] for said in report.asked} >= {"allowed", "refused"}
