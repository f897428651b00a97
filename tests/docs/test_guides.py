"""What the guides that need no cluster show is what their commands print."""

from pathlib import Path

import pytest

from tests.docs.console import ROOT, commands, ran, workplace

# Those whose commands talk to a cluster have a test of their own.
OFFLINE = ("guide-flows.md", "guide-migration.md", "guide-rotation.md")


@pytest.mark.parametrize("name", OFFLINE)
def test_each_command_of_a_guide_prints_what_the_guide_shows(name: str, tmp_path: Path) -> None:
    folder = workplace(tmp_path)
    shown = list(commands((ROOT / "docs" / name).read_text()))

    assert shown, "the guide shows no command"
    for command in shown:
        assert ran(command, folder) == command.printed, command.line
