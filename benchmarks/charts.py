"""Plots as SVG: described here, drawn by matplotlib in the environment of the benchmark."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.servers import Files
from benchmarks.spread import Spread

_DRAW = Path(__file__).with_name("draw.py")


@dataclass(frozen=True)
class Lines:
    """Curves over one axis, each point with its spread."""

    title: str
    x: str  # what the axis is, with its unit
    y: str
    curves: Mapping[str, Mapping[float, Spread]]
    log_x: bool = False
    log_y: bool = False


@dataclass(frozen=True)
class Bars:
    """One bar for each name, with its spread."""

    title: str
    x: str
    bars: Mapping[str, Spread]
    log: bool = False


def draw(charts: Mapping[str, Lines | Bars], files: Files) -> dict[str, str]:
    """Return file name -> SVG; a chart without a single figure is left out."""
    described = {name: _described(chart) for name, chart in charts.items() if _has_data(chart)}
    done = subprocess.run(
        [str(files.python), str(_DRAW)],
        input=json.dumps(described),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    images: dict[str, str] = json.loads(done.stdout)
    return images


def shown(drawn: Mapping[str, str], described: Mapping[str, str]) -> str:
    """Return the Markdown that shows those that were drawn: file name -> what it says."""
    return "\n".join(f"![{text}](img/{name})" for name, text in described.items() if name in drawn)


def _has_data(chart: Lines | Bars) -> bool:
    return any(chart.curves.values()) if isinstance(chart, Lines) else bool(chart.bars)


def _described(chart: Lines | Bars) -> dict[str, object]:
    """Write it as draw.py reads it: each point as [x, middle, low, high]."""
    if isinstance(chart, Bars):
        bars = [[name, it.middle, it.low, it.high] for name, it in chart.bars.items()]
        return {"kind": "bars", **asdict(chart), "bars": bars}
    curves = {
        name: [[x, it.middle, it.low, it.high] for x, it in sorted(points.items())]
        for name, points in chart.curves.items()
    }
    return {"kind": "lines", **asdict(chart), "curves": curves}
