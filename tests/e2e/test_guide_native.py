"""docs/guide-native.md, typed line by line against a running installation.

`pytest --update-golden` writes what is printed into the page, and fails so that it is read.
"""

from pathlib import Path

import pytest

from tests.e2e.harness import ROOT
from tests.e2e.terminal import installation, terminal, typed

PAGE = ROOT / "docs" / "guide-native.md"


@pytest.mark.cluster
@pytest.mark.timeout(600)  # three replicas start
def test_every_command_prints_what_the_guide_says(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    update = request.config.getoption("--update-golden")
    with installation() as cluster:
        typed(terminal(cluster, tmp_path, PAGE.read_text()), PAGE, update=update)
