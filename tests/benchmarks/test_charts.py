import subprocess
from pathlib import Path

import pytest

from benchmarks.charts import Bars, Lines, draw, shown
from benchmarks.servers import Files
from benchmarks.spread import Spread


def drawn_by(folder: Path, program: str) -> Files:
    """Return files whose environment has this program for a Python."""
    files = Files(folder)
    files.python.parent.mkdir(parents=True)
    files.python.write_text(program)
    files.python.chmod(0o755)
    return files


def test_a_chart_is_described_with_each_point_and_its_spread(tmp_path: Path) -> None:
    files = drawn_by(tmp_path, f"#!/bin/sh\ncat > {tmp_path}/asked.json\necho '{{}}'\n")
    lines = Lines("p99", "connections", "ms", {"ours": {8: Spread(2, 1, 3), 1: Spread(5, 4, 6)}})

    draw({"p99.svg": lines, "cpu.svg": Bars("CPU", "µs", {"ours": Spread(7, 6, 8)})}, files)

    asked = (tmp_path / "asked.json").read_text()
    assert '"curves": {"ours": [[1, 5, 4, 6], [8, 2, 1, 3]]}' in asked
    assert '"bars": [["ours", 7, 6, 8]]' in asked


def test_a_chart_without_a_single_figure_is_not_drawn(tmp_path: Path) -> None:
    files = drawn_by(tmp_path, f"#!/bin/sh\ncat > {tmp_path}/asked.json\necho '{{}}'\n")
    empty = {"a.svg": Lines("", "", "", {"ours": {}}), "b.svg": Bars("", "", {})}

    assert draw(empty, files) == {}
    assert (tmp_path / "asked.json").read_text() == "{}"


def test_a_chart_that_cannot_be_drawn_is_an_error(tmp_path: Path) -> None:
    files = drawn_by(tmp_path, "#!/bin/sh\nexit 3\n")

    with pytest.raises(subprocess.CalledProcessError, match="exit status 3"):
        draw({}, files)


def test_only_what_was_drawn_is_shown() -> None:
    text = shown({"a.svg": "<svg/>"}, {"a.svg": "one", "b.svg": "another"})

    assert text == "![one](img/a.svg)"
